// SPDX-License-Identifier: Apache-2.0
// Compiles the rules of SelectRules.h for the rest of the grammar.
#include "parser/grammar/SelectRules.h"

namespace auspex::parser {

bool matchSelect(TokenInput& in, ParseTree& tree) {
  const Nesting nesting(tree, positionOf(in));
  return matchTokens<rules::union_of_queries>(in, tree);
}

}  // namespace auspex::parser
