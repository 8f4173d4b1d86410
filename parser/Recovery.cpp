// SPDX-License-Identifier: Apache-2.0
#include "parser/Recovery.h"

#include <algorithm>
#include <array>
#include <optional>

#include "parser/AsciiCase.h"
#include "parser/NearestName.h"
#include "parser/build/NodeReader.h"
#include "parser/grammar/Token.h"

namespace auspex::parser {
namespace {

constexpr std::array kStatementWords = {"CREATE",    "INSERT", "DROP", "DESCRIBE",
                                        "TERMINATE", "PRINT",  "LIST"};

bool isLetter(char byte) {
  return asciiUpper(byte) >= 'A' && asciiUpper(byte) <= 'Z';
}

/// The letters at a place, in upper case.
std::string wordAt(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && isLetter(text[end])) {
    ++end;
  }
  return asciiUpper(text.substr(at, end - at));
}

/// Nothing but blanks stands before the place in its line.
bool beginsLine(std::string_view text, std::size_t at) {
  const std::size_t before = text.find_last_not_of(" \t", at == 0 ? 0 : at - 1);
  return at == 0 || before == std::string_view::npos || text[before] == '\n';
}

/// Behind the first `;` of a text that ends its line, if there is one.
std::optional<std::size_t> behindLineEnd(std::string_view text) {
  for (std::size_t at = text.find(';'); at != std::string_view::npos; at = text.find(';', at + 1)) {
    const std::size_t next = text.find_first_not_of(" \t\r", at + 1);
    if (next != std::string_view::npos && text[next] == '\n') {
      return at + 1;
    }
  }
  return std::nullopt;
}

/// The end of the comment or quote that begins at a place; the place itself if none does.
std::size_t skipQuoted(std::string_view text, std::size_t at) {
  const auto behind = [&](std::string_view closing, std::size_t from) {
    const std::size_t found = text.find(closing, from);
    return found == std::string_view::npos ? text.size() : found + closing.size();
  };
  if (text.substr(at, 2) == "--") {
    return behind("\n", at);
  }
  if (text.substr(at, 2) == "/*") {
    return behind("*/", at + 2);
  }
  const char quote = text[at];
  return quote == '\'' || quote == '`' || quote == '"' ? behind({&quote, 1}, at + 1) : at;
}

/// Where a quote, or an open comment, holds the end of a statement.
std::optional<std::size_t> findSwallowedEnd(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = skipQuoted(text, at);
    const bool isComment = end > at && (text[at] == '-' || text[at] == '/');
    const bool isOpen = end == text.size();
    if (end > at && (!isComment || (isOpen && text[at] == '/'))) {
      if (const auto behind = behindLineEnd(text.substr(at, end - at))) {
        return at + *behind;
      }
    }
    at = std::max(end, at + 1);
  }
  return std::nullopt;
}

/// A word for what is made, changed or dropped; at the beginning also a misspelt one.
bool beginsDefinition(const Token& token, bool first) {
  const std::array<std::string, 3> words = {"CREATE", "ALTER", "DROP"};
  const std::string word = asciiUpper(token.text);
  return std::find(words.begin(), words.end(), word) != words.end() ||
         (first && nearestName(word, words).has_value());
}

/// The name behind `CREATE OR REPLACE SOURCE STREAM IF NOT EXISTS` and the like.
std::optional<std::string> statedName(const std::vector<Token>& tokens, std::size_t at) {
  const auto skip = [&](std::string_view word) {
    if (at < tokens.size() && asciiUpper(tokens[at].text) == word) {
      ++at;
      return true;
    }
    return false;
  };
  ++at;
  if (skip("OR")) {
    ++at;  // REPLACE
  }
  if (!skip("SOURCE")) {
    skip("SINK");
  }
  ++at;  // STREAM, TABLE, MODEL and so on
  if (skip("IF")) {
    skip("NOT");
    ++at;  // EXISTS
  }
  if (at >= tokens.size() || !isName(tokens[at].kind)) {
    return std::nullopt;
  }
  return buildIdentifier(tokens[at]).name;
}

/// The tokens of a statement, or those before what is none.
std::vector<Token> readableTokens(const FailedPiece& piece, const SyntaxError& error,
                                  const Variables& variables) {
  for (const std::size_t end : {piece.end, std::size_t{error.span().begin}}) {
    try {
      if (end >= piece.start.begin && end - piece.start.begin <= kMaxStatementBytes) {
        return readTokens(piece.text, piece.start, end, variables).tokens;
      }
    } catch (const SyntaxError&) {
      // Read up to the error, then.
    }
  }
  return {};
}

}  // namespace

std::size_t findRestart(const FailedPiece& piece, const SyntaxError& error) {
  const std::size_t begin = piece.start.begin;
  const std::size_t place = error.span().begin;
  const std::string_view statement = piece.text.substr(begin, piece.end - begin);
  if (place > begin && place < piece.end && beginsLine(piece.text, place)) {
    const std::string word = wordAt(piece.text, place);
    const bool hasBefore =
        statement.substr(0, place - begin).find_first_not_of(" \t\r\n") != std::string_view::npos;
    if (hasBefore &&
        std::find(kStatementWords.begin(), kStatementWords.end(), word) != kStatementWords.end()) {
      return place;
    }
  }
  const auto swallowed = findSwallowedEnd(statement);
  return swallowed ? begin + *swallowed : piece.end;
}

std::vector<std::string> findStatedNames(const FailedPiece& piece, const SyntaxError& error,
                                         const Variables& variables) {
  const std::vector<Token> tokens = readableTokens(piece, error, variables);
  std::vector<std::string> names;
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    if ((at == 0 || isWord(tokens[at].kind)) && beginsDefinition(tokens[at], at == 0)) {
      if (auto name = statedName(tokens, at)) {
        names.push_back(std::move(*name));
      }
    }
  }
  return names;
}

}  // namespace auspex::parser
