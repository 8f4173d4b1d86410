// SPDX-License-Identifier: Apache-2.0
#include "parser/Parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "parser/AsciiCase.h"
#include "parser/NearestName.h"
#include "parser/Recovery.h"
#include "parser/build/CommentWeaver.h"
#include "parser/build/ExpressionBuilder.h"
#include "parser/build/StatementBuilder.h"
#include "parser/grammar/ParseTree.h"
#include "parser/grammar/StatementGrammar.h"
#include "parser/grammar/Token.h"

namespace auspex::parser {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The words that statements begin with.
const std::vector<std::string>& statementWords() {
  static const std::vector<std::string> words = {
      "SELECT",   "CREATE",  "INSERT",   "DROP",      "ALTER", "SHOW",   "LIST",
      "DESCRIBE", "EXPLAIN", "PRINT",    "SET",       "UNSET", "DEFINE", "PAUSE",
      "RESUME",   "ASSERT",  "UNDEFINE", "TERMINATE", "SERVE", "STOP",   "EVALUATE"};
  return words;
}

[[noreturn]] void failUnknown(const TokenList& source) {
  const Token& first = source.tokens.front();
  if (first.kind == TokenKind::EndOfText) {
    throw SyntaxError("Expecting a statement", first.span, source.text);
  }
  std::string message = fmt::format("Unknown statement '{}'", first.text);
  if (const auto nearest = nearestName(first.text, statementWords())) {
    message += fmt::format("\nDid you mean '{}'?", *nearest);
  }
  throw SyntaxError(message, first.span, source.text);
}

void checkSize(std::string_view text, const Span& place, std::size_t end) {
  if (end - place.begin > kMaxStatementBytes) {
    Span span = place;
    span.end = span.begin;
    throw SyntaxError(fmt::format("The statement is longer than {} bytes.", kMaxStatementBytes),
                      span, text.substr(span.begin, 0));
  }
}

/// Adds the comment behind the statement's `;`, when there is one.
void addRemark(TokenList& source, std::string_view text, std::size_t end) {
  const std::size_t remarkEnd = findRemarkEnd(text, end);
  if (remarkEnd == end) {
    return;
  }
  const std::size_t begin = text.find_first_not_of(" \t\r", end);
  Comment remark = makeComment(text.substr(begin, remarkEnd - begin), source.tokens.size() - 1);
  source.comments.push_back(std::move(remark));
}

ParsedStatement parseOne(std::string_view text, const Span& start, std::size_t end,
                         const Variables& variables) {
  checkSize(text, start, end);
  TokenList source = readTokens(text, start, end, variables);
  ParseTree tree(source);
  if (!matchWholeStatement(source, tree)) {
    failUnknown(source);
  }
  ParsedStatement parsed;
  parsed.statement = buildStatement(NodeReader(tree, 0));
  addRemark(source, text, end);
  parsed.statement.comments = collectComments(source);
  parsed.span = parsed.statement.span;
  parsed.text = std::move(source.text);
  return parsed;
}

/// What DEFINE and UNDEFINE mean for the statements behind them.
void applyDefinition(const Statement& statement, Variables& variables) {
  if (const auto* define = std::get_if<DefineVariable>(&statement.node)) {
    variables.insert_or_assign(define->name, define->value);
  } else if (const auto* undefine = std::get_if<UndefineVariable>(&statement.node)) {
    variables.erase(undefine->name);
  }
}

}  // namespace

bool IgnoreCaseLess::operator()(std::string_view left, std::string_view right) const {
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [](char a, char b) { return asciiUpper(a) < asciiUpper(b); });
}

StatementReader::StatementReader(std::string_view text) : text_(text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw SyntaxError("The script is longer than 4 GiB.", Span{}, "");
  }
  if (text.starts_with(kByteOrderMark)) {
    position_.begin = static_cast<std::uint32_t>(kByteOrderMark.size());
    position_.end = position_.begin;
  }
}

void StatementReader::recover(FailedPiece piece, const SyntaxError& error,
                              const Variables& variables) {
  piece.end = findRestart(piece, error);
  failedNames_ = findStatedNames(piece, error, variables);
  advance(position_, text_, piece.end);
}

std::optional<ParsedStatement> StatementReader::next(const Variables& variables) {
  while (position_.begin < text_.size()) {
    const StatementPiece piece = findStatementEnd(text_, position_.begin);
    const Span start = position_;
    if (piece.blank) {
      advance(position_, text_, piece.end);
      continue;
    }
    try {
      ParsedStatement statement = parseOne(text_, start, piece.end, variables);
      advance(position_, text_, findRemarkEnd(text_, piece.end));
      return statement;
    } catch (const SyntaxError& error) {
      recover({text_, start, piece.end}, error, variables);
      if (position_.begin < piece.end) {
        // What is missing before the restart says more than what stands behind it.
        parseOne(text_, start, position_.begin, variables);
      }
      throw;
    }
  }
  return std::nullopt;
}

std::vector<ParsedStatement> parse(std::string_view text, const Variables& variables) {
  StatementReader reader(text);
  Variables current = variables;
  std::vector<ParsedStatement> statements;
  while (auto statement = reader.next(current)) {
    applyDefinition(statement->statement, current);
    statements.push_back(std::move(*statement));
  }
  return statements;
}

ExpressionPtr parseExpression(std::string_view text) {
  checkSize(text, Span{}, text.size());
  const TokenList source = readTokens(text, Span{}, text.size(), {});
  ParseTree tree(source);
  if (!matchWholeExpression(source, tree)) {
    throw SyntaxError("Expecting an expression", source.tokens.front().span, source.text);
  }
  return buildExpression(NodeReader(tree, 0));
}

std::vector<std::string_view> splitStatements(std::string_view text) {
  std::vector<std::string_view> pieces;
  std::size_t position = 0;
  while (position < text.size()) {
    const StatementPiece piece = findStatementEnd(text, position);
    if (piece.closed && !piece.blank) {
      pieces.push_back(text.substr(position, piece.end - position));
    }
    position = piece.end;
  }
  return pieces;
}

bool isComplete(std::string_view text) {
  bool complete = false;
  std::size_t position = 0;
  while (position < text.size()) {
    const StatementPiece piece = findStatementEnd(text, position);
    if (!piece.blank) {
      complete = piece.closed;
    }
    position = piece.end;
  }
  return complete;
}

}  // namespace auspex::parser
