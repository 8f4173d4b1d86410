// SPDX-License-Identifier: Apache-2.0
// Compiles the rules of ExpressionRules.h for the rest of the grammar.
#include "parser/grammar/ExpressionRules.h"

namespace auspex::parser {
bool matchExpression(TokenInput& in, ParseTree& tree) {
  const Nesting nesting(tree, positionOf(in));
  return matchTokens<rules::disjunction>(in, tree);
}

bool matchValueExpression(TokenInput& in, ParseTree& tree) {
  const Nesting nesting(tree, positionOf(in));
  return matchTokens<rules::concatenation>(in, tree);
}

}  // namespace auspex::parser
