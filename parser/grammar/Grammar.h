// SPDX-License-Identifier: Apache-2.0
// The grammar's parts, each in a .cpp of its own so that none takes long to compile. A part matches
// at the input's place and leaves nodes, or takes nothing and returns false, or throws SyntaxError.
#pragma once

#include "parser/grammar/TokenRules.h"

namespace auspex::parser {

bool matchExpression(TokenInput& in, ParseTree& tree);
/// Without AND, OR, NOT and predicates: what BETWEEN, GROUP BY and VALUES take.
bool matchValueExpression(TokenInput& in, ParseTree& tree);
bool matchType(TokenInput& in, ParseTree& tree);
bool matchInterval(TokenInput& in, ParseTree& tree);
bool matchSelect(TokenInput& in, ParseTree& tree);
/// `WITH (...)` and its inside.
bool matchWith(TokenInput& in, ParseTree& tree);
bool matchProperties(TokenInput& in, ParseTree& tree);
/// `(name type [KEY], ...)`.
bool matchElements(TokenInput& in, ParseTree& tree);
bool matchCreateOrInsert(TokenInput& in, ParseTree& tree);
bool matchCreateModel(TokenInput& in, ParseTree& tree);
bool matchModelStatement(TokenInput& in, ParseTree& tree);
bool matchAdminStatement(TokenInput& in, ParseTree& tree);
bool matchStatement(TokenInput& in, ParseTree& tree);

namespace rules {

struct expression : opaque<matchExpression> {
  static constexpr std::string_view message = "Expecting an expression";
};
struct value_expression : opaque<matchValueExpression> {
  static constexpr std::string_view message = "Expecting an expression";
};
struct type_name : opaque<matchType> {
  static constexpr std::string_view message = "Expecting a type";
  static constexpr bool isName = true;
};
struct interval : opaque<matchInterval> {};
struct select : opaque<matchSelect> {};
struct with_clause : opaque<matchWith> {};
struct properties : opaque<matchProperties> {};
struct elements : opaque<matchElements> {};

}  // namespace rules
}  // namespace auspex::parser
