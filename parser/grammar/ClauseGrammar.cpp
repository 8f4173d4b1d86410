// SPDX-License-Identifier: Apache-2.0
// Compiles the rules of ClauseRules.h for the rest of the grammar.
#include "parser/grammar/ClauseRules.h"

namespace auspex::parser {

bool matchType(TokenInput& in, ParseTree& tree) {
  const Nesting nesting(tree, positionOf(in));
  return matchTokens<rules::type>(in, tree);
}

bool matchInterval(TokenInput& in, ParseTree& tree) {
  return matchTokens<rules::interval_value>(in, tree);
}

bool matchWith(TokenInput& in, ParseTree& tree) {
  return matchTokens<rules::with>(in, tree);
}

bool matchProperties(TokenInput& in, ParseTree& tree) {
  return matchTokens<rules::property_list>(in, tree);
}

bool matchElements(TokenInput& in, ParseTree& tree) {
  return matchTokens<rules::element_list>(in, tree);
}

}  // namespace auspex::parser
