// SPDX-License-Identifier: Apache-2.0
// The parser: text of one or more statements to syntax trees.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/SyntaxError.h"
#include "parser/ast/Span.h"
#include "parser/ast/Statement.h"

namespace auspex::parser {

/// Orders names without regard to the case of A-Z.
struct IgnoreCaseLess {
  using is_transparent = void;
  bool operator()(std::string_view left, std::string_view right) const;
};

/// Values of `${name}` by name; names ignore case.
using Variables = std::map<std::string, std::string, IgnoreCaseLess>;

/// Limits, each against a text that would take the process down with it.
inline constexpr std::size_t kMaxStatementBytes = 1024 * 1024;
/// Brackets, calls, CASEs and types inside each other.
inline constexpr int kMaxNesting = 200;
/// Height of one expression's tree: also bounds chains such as `a + b + c ...`.
inline constexpr int kMaxExpressionDepth = 1000;

/// One statement of a script.
struct ParsedStatement {
  Statement statement;
  /// The statement as written, without the `;` and without comments around it; variables are
  /// replaced by their values, so that the text alone gives the same statement again.
  std::string text;
  /// Refers to the whole script.
  Span span;
};

/// Parses every statement of a script; each must end with `;`. An empty script gives no statements.
/// A DEFINE inside the script takes effect for what follows it, and UNDEFINE likewise.
/// Throws SyntaxError. Any thread.
std::vector<ParsedStatement> parse(std::string_view text, const Variables& variables = {});

/// Parses one expression, such as the text of a condition in a property. No `;` at its end.
/// Throws SyntaxError. Any thread.
ExpressionPtr parseExpression(std::string_view text);

struct FailedPiece;

/// Reads a script statement by statement, so that variables may change in between.
class StatementReader {
 public:
  /// text: borrowed, must outlive the reader.
  explicit StatementReader(std::string_view text);

  /// Returns the next statement, or nothing at the end of the script. Throws SyntaxError; a further
  /// call goes on behind the statement in error: behind its `;`, or where that was forgotten or
  /// swallowed by an open quote.
  std::optional<ParsedStatement> next(const Variables& variables);

  /// What the statement in error was to create, change or drop, as far as its words say; for the
  /// last error that next() threw.
  const std::vector<std::string>& failedNames() const { return failedNames_; }

 private:
  /// Moves behind a statement in error, and keeps what it was to make.
  void recover(FailedPiece piece, const SyntaxError& error, const Variables& variables);

  std::string_view text_;
  Span position_;
  std::vector<std::string> failedNames_;
};

/// Cuts a text into the statements that end with `;`, without parsing them. Quotes and comments are
/// respected, and the `;` is part of each piece; what follows the last `;` is left out.
std::vector<std::string_view> splitStatements(std::string_view text);

/// Says whether a text ends with a complete statement: nothing but blanks and comments follows the
/// last `;`, and no quote or comment is open. Text without any statement is not complete.
bool isComplete(std::string_view text);

}  // namespace auspex::parser
