// SPDX-License-Identifier: Apache-2.0
// Tokens of one statement, and the two ways to read text before the grammar sees it: cutting it
// into statements, and cutting a statement into tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "parser/Parser.h"
#include "parser/ast/Comment.h"
#include "parser/ast/Span.h"
#include "parser/grammar/TokenKind.h"

namespace auspex::parser {

struct Token {
  TokenKind kind = TokenKind::EndOfText;
  Span span;
  /// Words, numbers and symbols as written; strings and quoted names without their quotes.
  std::string text;
};

/// One statement as tokens; the last one is Semicolon or EndOfText.
struct TokenList {
  std::vector<Token> tokens;
  /// The kinds as bytes: what the grammar runs over.
  std::string kinds;
  /// Those before, between and behind the tokens, up to the `;`.
  std::vector<Comment> comments;
  /// The source without comments around it and without the `;`, variables replaced.
  std::string text;
};

/// Where a piece of a script ends.
struct StatementPiece {
  /// Behind the `;`, or the end of the text.
  std::size_t end = 0;
  /// The piece ends with `;`.
  bool closed = false;
  /// The piece holds nothing but blanks and comments before its end.
  bool blank = true;
};

/// Finds the end of the statement that begins at `from`. Quotes and comments are respected.
StatementPiece findStatementEnd(std::string_view text, std::size_t from);

/// Finds the end of the comment that follows a statement's `;` on the same line, when nothing else
/// does; else returns `from`, which lies behind the `;`.
std::size_t findRemarkEnd(std::string_view text, std::size_t from);

/// Makes the comment whose text begins and ends with its marks; blanks at its end are left out.
Comment makeComment(std::string_view text, std::size_t tokenIndex);

/// Moves a place forward over `text` to the byte offset `to`; the span's end is set to it as well.
void advance(Span& place, std::string_view text, std::size_t to);

/// Reads the tokens of the piece of `text` from `start.begin` to `end`.
/// Throws SyntaxError for an open quote or comment, a stray character or an unknown variable.
TokenList readTokens(std::string_view text, const Span& start, std::size_t end,
                     const Variables& variables);

}  // namespace auspex::parser
