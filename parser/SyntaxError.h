// SPDX-License-Identifier: Apache-2.0
// What the parser throws about a text that is no statement, and how any error about a statement is
// shown to people: with file, line, column, the source line and a caret.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "parser/ast/Span.h"

namespace auspex::parser {

/// A text that is not a statement of the dialect.
/// `what()` is the message in ksqlDB's form, which its clients know: "line 1:8: Syntax Error", then
/// the message, then "Statement: ...". `message()` and `span()` are for `renderError`.
class SyntaxError : public std::runtime_error {
 public:
  /// A text that the grammar refuses.
  SyntaxError(std::string message, Span span, std::string_view statementText);

  /// A reserved word where a name has to stand.
  static SyntaxError reservedWord(std::string_view word, Span span, std::string_view statementText);

  /// A literal that the grammar accepts but no type holds.
  static SyntaxError invalidLiteral(std::string message, Span span);

  /// A LIMIT that is no whole number.
  static SyntaxError wrongLimit(Span span);

  /// What is wrong, without the place.
  const std::string& message() const { return message_; }
  Span span() const { return span_; }

 private:
  struct Verbatim {};
  SyntaxError(Verbatim, const std::string& what, std::string message, Span span);

  std::string message_;
  Span span_;
};

/// Shows an error to people; no line break at the end:
///
///     payments.sql:3:8: message
///     SELECT id FORM payments;
///               ^^^^
///
/// sourceText: the text that the span refers to; a span outside of it gives the first line only.
/// fileName: empty leaves the name out. Tabs are kept, so that the caret stands below its column.
std::string renderError(std::string_view message, Span span, std::string_view sourceText,
                        std::string_view fileName);

}  // namespace auspex::parser
