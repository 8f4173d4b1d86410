// SPDX-License-Identifier: Apache-2.0
// Builds expressions from the parse tree.
#pragma once

#include "parser/ast/Expression.h"
#include "parser/build/NodeReader.h"

namespace auspex::parser {

/// Builds the expression of any node of the expression grammar.
/// Throws SyntaxError for literals that no type holds and for trees higher than
/// kMaxExpressionDepth.
ExpressionPtr buildExpression(const NodeReader& node);

/// Builds the literal of a property, its sign included.
ExpressionPtr buildPropertyValue(const NodeReader& node);

/// Builds the first expression among a node's children; there must be one.
ExpressionPtr expressionOf(const NodeReader& parent);

/// Builds every expression among a node's children, in order.
std::vector<ExpressionPtr> expressionsOf(const NodeReader& parent);

}  // namespace auspex::parser
