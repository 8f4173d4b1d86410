// SPDX-License-Identifier: Apache-2.0
#include "parser/grammar/TokenRules.h"

namespace auspex::parser {
namespace {

TokenKind kindAt(const TokenInput& in) {
  return in.current() == in.end() ? TokenKind::EndOfText : static_cast<TokenKind>(*in.current());
}

}  // namespace

bool matchToken(TokenInput& in, ParseTree& tree, TokenKind kind) {
  const std::size_t position = positionOf(in);
  if (in.current() == in.end() || kindAt(in) != kind) {
    tree.missed(position, kind);
    return false;
  }
  tree.forgetFrom(position);
  in.bump(1);
  return true;
}

bool matchName(TokenInput& in, ParseTree& tree) {
  const std::size_t position = positionOf(in);
  if (in.current() == in.end() || !isName(kindAt(in))) {
    tree.missedName(position);
    return false;
  }
  tree.forgetFrom(position);
  in.bump(1);
  return true;
}

}  // namespace auspex::parser
