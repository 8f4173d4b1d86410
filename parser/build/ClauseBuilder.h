// SPDX-License-Identifier: Apache-2.0
// Builds what several kinds of statements share: types, intervals, WITH, and column lists.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "parser/ast/Property.h"
#include "parser/ast/Statement.h"
#include "parser/ast/TypeName.h"
#include "parser/build/NodeReader.h"

namespace auspex::parser {

/// Each takes the node of its name, and throws SyntaxError for a number that no type holds.
TypeName buildType(const NodeReader& node);
Interval buildInterval(const NodeReader& node);
std::vector<Property> buildProperties(const NodeReader& node);
std::vector<TableElement> buildElements(const NodeReader& node);
std::int64_t buildWholeNumber(const Token& token);
double buildNumber(const Token& token);

/// The properties below a node, none when it has no WITH.
std::vector<Property> propertiesOf(const NodeReader& parent);
/// The first name, string or number below a node.
Identifier nameOf(const NodeReader& parent);
std::vector<Identifier> namesOf(const NodeReader& parent);

TimeUnit buildTimeUnit(TokenKind kind);

}  // namespace auspex::parser
