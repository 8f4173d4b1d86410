// SPDX-License-Identifier: Apache-2.0
// Builds queries from the parse tree.
#pragma once

#include "parser/ast/Select.h"
#include "parser/build/NodeReader.h"

namespace auspex::parser {

/// Builds the query of a Select node. Throws SyntaxError as buildExpression does.
Select buildSelect(const NodeReader& node);

/// Builds the query below a node; there must be one.
Select selectOf(const NodeReader& parent);

}  // namespace auspex::parser
