// SPDX-License-Identifier: Apache-2.0
// Compiles the rules of CreateRules.h for the rest of the grammar.
#include "parser/grammar/CreateRules.h"

namespace auspex::parser {

bool matchCreateOrInsert(TokenInput& in, ParseTree& tree) {
  return matchTokens<rules::create_or_insert>(in, tree);
}

}  // namespace auspex::parser
