// SPDX-License-Identifier: Apache-2.0
#include "parser/grammar/ParseTree.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "parser/NearestName.h"
#include "parser/Parser.h"
#include "parser/SyntaxError.h"

namespace auspex::parser {
namespace {

/// Longer lists of what is possible explain nothing.
constexpr std::size_t kMaxExpectations = 8;

/// Shorter words are no misspelling of anything in particular.
constexpr std::size_t kMinMisspelt = 3;

/// Clauses that a misspelt word may have been meant to begin, where it was taken for an alias.
constexpr TokenKind kClauseWords[] = {
    TokenKind::From,   TokenKind::Where, TokenKind::Group,  TokenKind::Partition,
    TokenKind::Having, TokenKind::Limit, TokenKind::Window, TokenKind::Emit,
    TokenKind::Within, TokenKind::Join,  TokenKind::Left,   TokenKind::Inner,
    TokenKind::With,   TokenKind::As,    TokenKind::On,     TokenKind::Values};

std::string describe(const Token& token) {
  constexpr std::size_t kMaxShown = 40;
  if (token.kind == TokenKind::EndOfText) {
    return "'<EOF>'";
  }
  if (token.text.size() > kMaxShown) {
    return fmt::format("'{}...'", token.text.substr(0, kMaxShown));
  }
  return fmt::format("'{}'", token.text);
}

std::string quotedSpelling(TokenKind kind) {
  const bool isClass = kind <= TokenKind::FloatingNumber || kind == TokenKind::PlainName;
  const std::string_view text = spelling(kind);
  return isClass ? std::string(text) : fmt::format("'{}'", text);
}

}  // namespace

void ParseTree::forgetFrom(std::size_t position) {
  const std::size_t kept = open_.empty() ? 0 : open_.back() + 1U;
  while (nodes_.size() > kept && nodes_.back().begin >= position) {
    nodes_.pop_back();
  }
}

void ParseTree::open(NodeKind kind, std::size_t position) {
  forgetFrom(position);
  open_.push_back(static_cast<std::uint32_t>(nodes_.size()));
  nodes_.push_back({kind, static_cast<std::uint32_t>(position), 0, 1});
}

void ParseTree::close(std::size_t position) {
  forgetFrom(position);
  const std::uint32_t index = open_.back();
  open_.pop_back();
  Node& node = nodes_[index];
  node.end = static_cast<std::uint32_t>(position);
  node.size = static_cast<std::uint32_t>(nodes_.size() - index);
  assert(node.end > node.begin);
}

void ParseTree::abandon() {
  nodes_.resize(open_.back(), Node{NodeKind::Name});
  open_.pop_back();
}

void ParseTree::missed(std::size_t position, TokenKind wanted) {
  if (quiet_ > 0 || position < furthest_) {
    return;
  }
  if (position > furthest_) {
    furthest_ = position;
    wanted_.reset();
  }
  wanted_.set(static_cast<std::size_t>(wanted));
}

void ParseTree::missedName(std::size_t position) {
  missed(position, TokenKind::PlainName);
}

void ParseTree::enter(std::size_t position) {
  if (++nesting_ > kMaxNesting) {
    throw SyntaxError(fmt::format("The statement nests more than {} levels deep.", kMaxNesting),
                      token(position).span, source_.text);
  }
}

std::string ParseTree::suggestion(std::size_t position) const {
  const auto isLikely = [this](std::size_t index) {
    return token(index).kind == TokenKind::PlainName && token(index).text.size() >= kMinMisspelt;
  };
  std::vector<std::string> possible;
  for (std::size_t kind = 0; kind < wanted_.size(); ++kind) {
    const std::string_view text = spelling(static_cast<TokenKind>(kind));
    if (wanted_.test(kind) && isWord(static_cast<TokenKind>(kind)) && text.size() >= kMinMisspelt) {
      possible.emplace_back(text);
    }
  }
  if (isLikely(position)) {
    if (const auto nearest = nearestName(token(position).text, possible)) {
      return fmt::format("\nDid you mean '{}'?", *nearest);
    }
  }
  // A misspelt word may have been taken for a name, such as an alias, before the grammar stopped.
  if (position > 0 && isLikely(position - 1)) {
    for (const TokenKind kind : kClauseWords) {
      possible.emplace_back(spelling(kind));
    }
    if (const auto nearest = nearestName(token(position - 1).text, possible)) {
      return fmt::format("\nDid you mean '{}' instead of '{}'?", *nearest,
                         token(position - 1).text);
    }
  }
  return "";
}

std::string ParseTree::expectation(std::size_t position) const {
  const std::string found = describe(token(position));
  if (wanted_.count() == 1) {
    for (std::size_t kind = 0; kind < wanted_.size(); ++kind) {
      if (wanted_.test(kind)) {
        return fmt::format("missing {} at {}", quotedSpelling(static_cast<TokenKind>(kind)), found);
      }
    }
  }
  if (wanted_.none() || wanted_.count() > kMaxExpectations) {
    return fmt::format("mismatched input {}", found);
  }
  std::string list;
  for (std::size_t kind = 0; kind < wanted_.size(); ++kind) {
    if (wanted_.test(kind)) {
      list += list.empty() ? "" : ", ";
      list += quotedSpelling(static_cast<TokenKind>(kind));
    }
  }
  return fmt::format("Expecting {{{}}}", list);
}

void ParseTree::fail(std::size_t position, std::string_view message, bool isName) const {
  // The attempt that got further knows better what is missing.
  if (furthest_ > position) {
    position = furthest_;
    message = "";
    isName = wanted_.test(static_cast<std::size_t>(TokenKind::PlainName));
  }
  position = std::min(position, numTokens() - 1);
  const Token& found = token(position);
  if (isName && isReserved(found.kind)) {
    throw SyntaxError::reservedWord(found.text, found.span, source_.text);
  }
  const std::string text = message.empty() ? expectation(position) : std::string(message);
  throw SyntaxError(text + suggestion(position), found.span, source_.text);
}

void ParseTree::failMissing(std::size_t position, TokenKind wanted) const {
  position = std::min(position, numTokens() - 1);
  fail(position, fmt::format("missing {} at {}", quotedSpelling(wanted), describe(token(position))),
       false);
}

}  // namespace auspex::parser
