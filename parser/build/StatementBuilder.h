// SPDX-License-Identifier: Apache-2.0
// Builds statements from the parse tree.
#pragma once

#include <optional>

#include "parser/ast/Statement.h"
#include "parser/build/NodeReader.h"

namespace auspex::parser {

/// Builds the statement of any statement's node. Throws SyntaxError for what the grammar accepts
/// but no statement means, and as buildExpression does.
Statement buildStatement(const NodeReader& node);

/// The parts of buildStatement: each builds the kinds it knows, and nothing for others.
std::optional<Statement::Node> buildCreateOrInsert(const NodeReader& node);
std::optional<Statement::Node> buildModelStatement(const NodeReader& node);
std::optional<Statement::Node> buildAdminStatement(const NodeReader& node);

}  // namespace auspex::parser
