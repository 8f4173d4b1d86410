// SPDX-License-Identifier: Apache-2.0
#include "parser/grammar/StatementGrammar.h"

#include "parser/grammar/StatementRules.h"

namespace auspex::parser {

bool matchStatement(TokenInput& in, ParseTree& tree) {
  const Nesting nesting(tree, positionOf(in));
  return matchTokens<rules::statement>(in, tree);
}

bool matchWholeStatement(const TokenList& source, ParseTree& tree) {
  TokenInput in(source.kinds.data(), source.kinds.data() + source.kinds.size(), "");
  return matchTokens<rules::whole_statement>(in, tree);
}

bool matchWholeExpression(const TokenList& source, ParseTree& tree) {
  TokenInput in(source.kinds.data(), source.kinds.data() + source.kinds.size(), "");
  return matchTokens<rules::whole_expression>(in, tree);
}

}  // namespace auspex::parser
