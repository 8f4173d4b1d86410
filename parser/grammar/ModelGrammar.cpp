// SPDX-License-Identifier: Apache-2.0
// Compiles the rules of ModelRules.h for the rest of the grammar.
#include "parser/grammar/ModelRules.h"

namespace auspex::parser {

bool matchCreateModel(TokenInput& in, ParseTree& tree) {
  return matchTokens<rules::create_model>(in, tree);
}

bool matchModelStatement(TokenInput& in, ParseTree& tree) {
  return matchTokens<rules::model_statement>(in, tree);
}

}  // namespace auspex::parser
