// SPDX-License-Identifier: Apache-2.0
// What the grammar leaves behind: nodes over ranges of tokens, in the order in which they begin.
// The builders turn them into the syntax tree; nobody else sees them.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/grammar/NodeKind.h"
#include "parser/grammar/Token.h"

namespace auspex::parser {

/// A rule that matched tokens [begin, end), never none.
struct Node {
  NodeKind kind;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  /// Nodes in this subtree, itself included.
  std::uint32_t size = 1;
};

/// Records nodes while the grammar runs, and what it looked for where it got furthest.
/// A grammar steps back, so nodes of an alternative that failed may linger; they go as soon as the
/// next token is taken or the next node opened at or before their place.
class ParseTree {
 public:
  explicit ParseTree(const TokenList& source) : source_(source) {}

  const std::vector<Node>& nodes() const { return nodes_; }
  const Token& token(std::size_t index) const { return source_.tokens[index]; }
  std::size_t numTokens() const { return source_.tokens.size(); }
  std::string_view statementText() const { return source_.text; }

  /// Called by the grammar: a rule that leaves a node starts, matched, or failed.
  void open(NodeKind kind, std::size_t position);
  void close(std::size_t position);
  void abandon();

  /// Called by the grammar before it takes a token.
  void forgetFrom(std::size_t position);

  /// Called by the grammar when a token is not what a rule looks for.
  void missed(std::size_t position, TokenKind wanted);
  void missedName(std::size_t position);

  /// Between these two, misses do not count: a look ahead, not an attempt.
  void beginQuiet() { ++quiet_; }
  void endQuiet() { --quiet_; }

  /// One more construct inside another; throws SyntaxError beyond kMaxNesting.
  void enter(std::size_t position);
  void leave() { --nesting_; }

  /// Throws SyntaxError for the token at `position`. message: what is expected there, empty for
  /// what the grammar looked for. isName: a name is expected, so that a reserved word gets its own
  /// text.
  [[noreturn]] void fail(std::size_t position, std::string_view message, bool isName) const;

  /// The same, where exactly this token has to stand.
  [[noreturn]] void failMissing(std::size_t position, TokenKind wanted) const;

 private:
  std::string expectation(std::size_t position) const;
  std::string suggestion(std::size_t position) const;

  const TokenList& source_;
  std::vector<Node> nodes_;
  /// Indexes into `nodes_` of the rules being matched.
  std::vector<std::uint32_t> open_;
  std::size_t furthest_ = 0;
  std::bitset<static_cast<std::size_t>(TokenKind::Count)> wanted_;
  int quiet_ = 0;
  int nesting_ = 0;
};

}  // namespace auspex::parser
