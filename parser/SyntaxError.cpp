// SPDX-License-Identifier: Apache-2.0
#include "parser/SyntaxError.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace auspex::parser {
namespace {

/// Longer source lines are cut around the place of the error.
constexpr std::size_t kMaxLineBytes = 160;

std::string syntaxErrorText(std::string_view message, Span span, std::string_view statementText) {
  std::string text = fmt::format("line {}:{}: Syntax Error\n{}", span.line, span.column, message);
  if (!statementText.empty()) {
    text += fmt::format("\nStatement: {};", statementText);
  }
  return text;
}

bool continuesCharacter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

}  // namespace

SyntaxError::SyntaxError(std::string message, Span span, std::string_view statementText)
    : std::runtime_error(syntaxErrorText(message, span, statementText)),
      message_(std::move(message)),
      span_(span) {
}

SyntaxError::SyntaxError(Verbatim /*tag*/, const std::string& what, std::string message, Span span)
    : std::runtime_error(what), message_(std::move(message)), span_(span) {
}

SyntaxError SyntaxError::reservedWord(std::string_view word, Span span,
                                      std::string_view statementText) {
  std::string message = fmt::format(
      "\"{0}\" is a reserved keyword and it can't be used as an identifier. You can use it as an "
      "identifier by escaping it as `{0}`",
      word);
  const std::string what =
      syntaxErrorText(fmt::format("Syntax error at or near '{}' at line {}:{}\n{}", word, span.line,
                                  span.column, message),
                      span, statementText);
  return SyntaxError(Verbatim{}, what, std::move(message), span);
}

SyntaxError SyntaxError::invalidLiteral(std::string message, Span span) {
  // ksqlDB counts the column of a literal from two, and its users' tests know that.
  const std::string what = fmt::format("Failed to prepare statement: line {}:{}: {}", span.line,
                                       span.column + 1, message);
  return SyntaxError(Verbatim{}, what, std::move(message), span);
}

SyntaxError SyntaxError::wrongLimit(Span span) {
  std::string message = "Value must be integer for command: LIMIT";
  const std::string what = fmt::format("Failed to prepare statement: {}", message);
  return SyntaxError(Verbatim{}, what, std::move(message), span);
}

std::string renderError(std::string_view message, Span span, std::string_view sourceText,
                        std::string_view fileName) {
  std::string result;
  if (!fileName.empty()) {
    result = fmt::format("{}:", fileName);
  }
  result += fmt::format("{}:{}: {}", span.line, span.column, message);
  if (span.begin > sourceText.size() || span.end < span.begin) {
    return result;
  }
  std::size_t lineBegin = span.begin;
  while (lineBegin > 0 && sourceText[lineBegin - 1] != '\n') {
    --lineBegin;
  }
  std::size_t lineEnd = sourceText.find('\n', span.begin);
  lineEnd = lineEnd == std::string_view::npos ? sourceText.size() : lineEnd;
  if (lineEnd > lineBegin && sourceText[lineEnd - 1] == '\r') {
    --lineEnd;
  }
  if (span.begin - lineBegin > kMaxLineBytes / 2) {
    lineBegin = span.begin - kMaxLineBytes / 2;
    while (lineBegin < span.begin && continuesCharacter(sourceText[lineBegin])) {
      ++lineBegin;
    }
  }
  lineEnd = std::min(lineEnd, lineBegin + kMaxLineBytes);
  while (lineEnd < sourceText.size() && lineEnd > lineBegin &&
         continuesCharacter(sourceText[lineEnd])) {
    --lineEnd;
  }
  const std::size_t shownEnd = std::max<std::size_t>(lineEnd, span.begin);
  std::string caret;
  for (std::size_t i = lineBegin; i < span.begin; ++i) {
    if (!continuesCharacter(sourceText[i])) {
      caret.push_back(sourceText[i] == '\t' ? '\t' : ' ');
    }
  }
  std::size_t numCarets = 0;
  for (std::size_t i = span.begin; i < std::min<std::size_t>(span.end, shownEnd); ++i) {
    numCarets += continuesCharacter(sourceText[i]) ? 0U : 1U;
  }
  caret.append(std::max<std::size_t>(numCarets, 1), '^');
  result += fmt::format("\n{}\n{}", sourceText.substr(lineBegin, shownEnd - lineBegin), caret);
  return result;
}

}  // namespace auspex::parser
