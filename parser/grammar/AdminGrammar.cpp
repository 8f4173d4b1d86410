// SPDX-License-Identifier: Apache-2.0
// Compiles the rules of AdminRules.h for the rest of the grammar.
#include "parser/grammar/AdminRules.h"

namespace auspex::parser {

bool matchAdminStatement(TokenInput& in, ParseTree& tree) {
  return matchTokens<rules::admin_statement>(in, tree);
}

}  // namespace auspex::parser
