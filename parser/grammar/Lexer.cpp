// SPDX-License-Identifier: Apache-2.0
// The lexical rules of the dialect as a PEGTL grammar over characters.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tao/pegtl.hpp>
#include <utility>

#include "parser/AsciiCase.h"
#include "parser/SyntaxError.h"
#include "parser/grammar/Token.h"

namespace auspex::parser {
namespace {

namespace pegtl = tao::pegtl;

namespace lexical {

using namespace tao::pegtl;

template <char Quote>
struct open_quoted : seq<one<Quote>, star<sor<two<Quote>, not_one<Quote>>>> {};
template <char Quote>
struct quoted : seq<open_quoted<Quote>, one<Quote>> {};
struct open_comment : seq<string<'/', '*'>, star<not_at<string<'*', '/'>>, any>> {};
struct block_comment : seq<open_comment, string<'*', '/'>> {};
struct line_comment : seq<string<'-', '-'>, star<not_one<'\n'>>> {};
struct blank : one<' ', '\t', '\n', '\r', '\f', '\v'> {};
struct skipped : sor<blank, line_comment, block_comment> {};

struct word_rest : sor<alnum, one<'_', '@'>> {};
struct word : seq<sor<alpha, one<'_'>>, star<word_rest>> {};
struct exponent : seq<one<'e', 'E'>, opt<one<'+', '-'>>, plus<digit>> {};
struct mantissa : sor<seq<plus<digit>, opt<one<'.'>, star<digit>>>, seq<one<'.'>, plus<digit>>> {};
struct floating_number : seq<mantissa, exponent, not_at<word_rest>> {};
struct decimal_number : sor<seq<plus<digit>, one<'.'>, star<digit>>, seq<one<'.'>, plus<digit>>> {};
struct integer_number : plus<digit> {};
struct digit_word : seq<plus<digit>, sor<alpha, one<'_', '@'>>, star<word_rest>> {};
struct string_text : quoted<'\''> {};
struct back_quoted_name : quoted<'`'> {};
struct double_quoted_name : quoted<'"'> {};
struct variable : seq<string<'$', '{'>, sor<alpha, one<'_'>>, star<word_rest>, one<'}'>> {};
struct symbol
    : sor<string<'<', '>'>, string<'!', '='>, string<'<', '='>, string<'>', '='>, string<'|', '|'>,
          string<':', '='>, string<'-', '>'>, string<'=', '>'>,
          one<'=', '<', '>', '+', '-', '*', '/', '%', '.', ',', '(', ')', '[', ']', ';'>> {};
struct open_string : open_quoted<'\''> {};
struct open_name : sor<open_quoted<'`'>, open_quoted<'"'>> {};
struct unclosed_comment : open_comment {};
struct stray : any {};

struct token : sor<word, floating_number, digit_word, decimal_number, integer_number, string_text,
                   back_quoted_name, double_quoted_name, variable, unclosed_comment, symbol,
                   open_string, open_name, stray> {};
struct tokens : star<sor<skipped, token>> {};

// Cutting a script into statements.
struct significant : sor<quoted<'\''>, quoted<'`'>, quoted<'"'>, open_quoted<'\''>,
                         open_quoted<'`'>, open_quoted<'"'>, open_comment, not_one<';'>> {};
struct terminator : one<';'> {};

// A comment behind the `;` of a statement.
struct space : one<' ', '\t', '\r'> {};
struct last_of_line : seq<block_comment, star<space>, at<sor<one<'\n'>, eof>>> {};
struct remark : seq<star<space>, sor<line_comment, last_of_line>> {};
struct piece : seq<star<sor<skipped, significant>>, opt<terminator>> {};

}  // namespace lexical

using Input = pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::lf>;

template <typename Rule>
struct piece_action : pegtl::nothing<Rule> {};

template <>
struct piece_action<lexical::significant> {
  static void apply0(StatementPiece& piece) { piece.blank = false; }
};

template <>
struct piece_action<lexical::terminator> {
  static void apply0(StatementPiece& piece) { piece.closed = true; }
};

TokenKind symbolKind(std::string_view text) {
  if (text == "!=") {
    return TokenKind::NotEqual;
  }
  for (auto kind = TokenKind::Equal; kind <= TokenKind::Semicolon;
       kind = static_cast<TokenKind>(static_cast<std::uint8_t>(kind) + 1)) {
    if (spelling(kind) == text) {
      return kind;
    }
  }
  return TokenKind::EndOfText;
}

/// Removes the quotes and makes doubled ones single.
std::string unquoted(std::string_view text) {
  const char quote = text.front();
  std::string content;
  content.reserve(text.size());
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    content.push_back(text[i]);
    if (text[i] == quote) {
      ++i;
    }
  }
  return content;
}

std::string doubled(std::string_view text, char quote) {
  std::string result;
  for (const char letter : text) {
    result.push_back(letter);
    if (letter == quote) {
      result.push_back(quote);
    }
  }
  return result;
}

/// The first character of a text: all bytes of it in UTF-8.
std::string_view firstCharacter(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && size < 4 &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    ++size;
  }
  return text.substr(0, size);
}

/// Collects tokens; what the actions of the lexical grammar call.
class TokenCollector {
 public:
  TokenCollector(std::string_view text, const Span& start, const Variables* variables)
      : text_(text),
        place_(start),
        copied_(start.begin),
        passed_(start.begin),
        variables_(variables) {}

  void add(TokenKind kind, const char* begin, const char* end) {
    add(kind, begin, end, std::string(begin, end));
  }

  void add(TokenKind kind, const char* begin, const char* end, std::string text) {
    const Span span = spanOf(begin, end);
    if (list_.tokens.empty()) {
      copied_ = span.begin;
    }
    passBlanks(begin, end);
    list_.tokens.push_back({kind, span, std::move(text)});
    list_.kinds.push_back(static_cast<char>(kind));
  }

  void addWord(const char* begin, const char* end) {
    add(wordKind(asciiUpper(std::string_view(begin, end))), begin, end);
  }

  void addQuoted(TokenKind kind, const char* begin, const char* end) {
    std::string_view written(begin, end);
    std::string replaced;
    if (variables_ != nullptr && written.find("${") != std::string_view::npos) {
      replaced = replaceInside(written);
      add(kind, begin, end, "");
      copyUntil(begin, end, replaced);
      list_.tokens.back().text = unquoted(unescapeDollars(replaced));
      return;
    }
    add(kind, begin, end, unquoted(written));
  }

  void addComment(const char* begin, const char* end) {
    Comment comment = makeComment(std::string_view(begin, end), list_.tokens.size());
    comment.beginsLine = passBlanks(begin, end);
    list_.comments.push_back(std::move(comment));
  }

  /// Puts the tokens of a variable's value in the place of `${name}`.
  void addVariable(const char* begin, const char* end);

  [[noreturn]] void fail(std::string message, const char* begin, const char* end) {
    throw SyntaxError(std::move(message), spanOf(begin, end), statementText());
  }

  TokenList finish(std::size_t end);

 private:
  Span spanOf(const char* begin, const char* end) {
    advance(place_, text_, static_cast<std::size_t>(begin - text_.data()));
    Span span = place_;
    span.end = static_cast<std::uint32_t>(end - text_.data());
    return span;
  }

  /// Moves behind a token or comment, and returns whether a new line began before it, which ends
  /// that of a comment before it.
  bool passBlanks(const char* begin, const char* end) {
    const auto from = static_cast<std::size_t>(begin - text_.data());
    const bool broken =
        from > passed_ && text_.substr(passed_, from - passed_).find('\n') != std::string::npos;
    if (broken && !list_.comments.empty() &&
        list_.comments.back().tokenIndex == list_.tokens.size()) {
      list_.comments.back().endsLine = true;
    }
    passed_ = static_cast<std::size_t>(end - text_.data());
    return broken;
  }

  /// Copies the source up to `begin` into the statement's text, and `replacement` for what follows.
  void copyUntil(const char* begin, const char* end, std::string_view replacement) {
    const auto offset = static_cast<std::size_t>(begin - text_.data());
    list_.text.append(text_.substr(copied_, offset - copied_));
    list_.text.append(replacement);
    copied_ = static_cast<std::size_t>(end - text_.data());
  }

  std::string replaceInside(std::string_view written) const;
  static std::string unescapeDollars(std::string_view text);
  std::string statementText() const { return list_.text; }

  std::string_view text_;
  Span place_;
  /// Source bytes before this offset are in the statement's text already.
  std::size_t copied_;
  /// The end of the last token or comment.
  std::size_t passed_;
  const Variables* variables_;
  TokenList list_;
};

template <typename Rule>
struct token_action : pegtl::nothing<Rule> {};

template <TokenKind Kind>
struct add_token {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    tokens.add(Kind, in.begin(), in.end());
  }
};

template <TokenKind Kind>
struct add_quoted {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    tokens.addQuoted(Kind, in.begin(), in.end());
  }
};

struct add_comment {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    tokens.addComment(in.begin(), in.end());
  }
};

template <>
struct token_action<lexical::digit_word> : add_token<TokenKind::PlainName> {};
template <>
struct token_action<lexical::floating_number> : add_token<TokenKind::FloatingNumber> {};
template <>
struct token_action<lexical::decimal_number> : add_token<TokenKind::DecimalNumber> {};
template <>
struct token_action<lexical::integer_number> : add_token<TokenKind::IntegerNumber> {};
template <>
struct token_action<lexical::string_text> : add_quoted<TokenKind::StringText> {};
template <>
struct token_action<lexical::back_quoted_name> : add_quoted<TokenKind::QuotedName> {};
template <>
struct token_action<lexical::double_quoted_name> : add_quoted<TokenKind::QuotedName> {};

template <>
struct token_action<lexical::line_comment> : add_comment {};
template <>
struct token_action<lexical::block_comment> : add_comment {};

template <>
struct token_action<lexical::symbol> {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    tokens.add(symbolKind({in.begin(), in.end()}), in.begin(), in.end());
  }
};

template <>
struct token_action<lexical::variable> {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    tokens.addVariable(in.begin(), in.end());
  }
};

template <>
struct token_action<lexical::unclosed_comment> {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    tokens.fail("This comment is not closed: '*/' is missing.", in.begin(), in.begin() + 2);
  }
};

template <>
struct token_action<lexical::open_string> {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    tokens.fail("This string is not closed: \"'\" is missing.", in.begin(), in.begin() + 1);
  }
};

template <>
struct token_action<lexical::open_name> {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    tokens.fail(fmt::format("This name is not closed: '{}' is missing.", *in.begin()), in.begin(),
                in.begin() + 1);
  }
};

template <>
struct token_action<lexical::stray> {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    const auto letter = static_cast<unsigned char>(*in.begin());
    if (letter < 0x20 || letter == 0x7F) {
      tokens.fail(fmt::format("Unexpected control character 0x{:02X}.", letter), in.begin(),
                  in.end());
    }
    // The input ends with the statement, so the rest of a character is looked for no further.
    const std::string_view character =
        firstCharacter({in.begin(), static_cast<std::size_t>(in.input().end() - in.begin())});
    tokens.fail(fmt::format("Unexpected character '{}'. Names with other characters than letters, "
                            "digits and '_' stand in back quotes.",
                            character),
                in.begin(), in.begin() + character.size());
  }
};

template <>
struct token_action<lexical::word> {
  template <typename ActionInput>
  static void apply(const ActionInput& in, TokenCollector& tokens) {
    tokens.addWord(in.begin(), in.end());
  }
};

/// A variable's value may stand for one name, word, string or number, never for more of a
/// statement.
bool isOneValue(const std::vector<Token>& tokens) {
  // The last token is the end of the text.
  if (tokens.size() == 3) {
    const bool isNumber =
        tokens[1].kind >= TokenKind::IntegerNumber && tokens[1].kind <= TokenKind::FloatingNumber;
    return tokens[0].kind == TokenKind::MinusSign && isNumber;
  }
  if (tokens.size() != 2) {
    return false;
  }
  const TokenKind kind = tokens[0].kind;
  return (kind >= TokenKind::StringText && kind <= TokenKind::FloatingNumber) || isReserved(kind) ||
         isName(kind);
}

std::optional<TokenList> tokensOfValue(std::string_view value) {
  try {
    TokenCollector collector(value, Span{}, nullptr);
    Input input(value.data(), value.data() + value.size(), "");
    pegtl::parse<lexical::tokens, token_action>(input, collector);
    return collector.finish(value.size());
  } catch (const SyntaxError&) {
    return std::nullopt;
  }
}

void TokenCollector::addVariable(const char* begin, const char* end) {
  const std::string_view name(begin + 2, end - 1);
  if (variables_ == nullptr) {
    fail("A variable's value cannot hold variables.", begin, end);
  }
  const auto found = variables_->find(name);
  if (found == variables_->end()) {
    fail(fmt::format("Undefined variable: '{0}'. DEFINE {0} = '...'; sets it, SHOW VARIABLES lists "
                     "those that are set.",
                     name),
         begin, end);
  }
  const auto value = tokensOfValue(found->second);
  if (!value || !isOneValue(value->tokens)) {
    fail(fmt::format("The value of variable '{}' is not one name, string or number: {}", name,
                     found->second),
         begin, end);
  }
  for (std::size_t i = 0; i + 1 < value->tokens.size(); ++i) {
    add(value->tokens[i].kind, begin, end, value->tokens[i].text);
  }
  copyUntil(begin, end, found->second);
}

std::string TokenCollector::replaceInside(std::string_view written) const {
  const char quote = written.front();
  std::string result;
  std::size_t position = 0;
  while (position < written.size()) {
    const std::size_t dollar = written.find("${", position);
    if (dollar == std::string_view::npos) {
      break;
    }
    const std::size_t close = written.find('}', dollar);
    const bool escaped = dollar > 0 && written[dollar - 1] == '$';
    const auto found = close == std::string_view::npos || escaped
                           ? variables_->end()
                           : variables_->find(written.substr(dollar + 2, close - dollar - 2));
    if (found == variables_->end()) {
      result.append(written.substr(position, dollar + 2 - position));
      position = dollar + 2;
      continue;
    }
    result.append(written.substr(position, dollar - position));
    result.append(doubled(found->second, quote));
    position = close + 1;
  }
  result.append(written.substr(position));
  return result;
}

std::string TokenCollector::unescapeDollars(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "$${") {
      continue;
    }
    result.push_back(text[i]);
  }
  return result;
}

TokenList TokenCollector::finish(std::size_t end) {
  if (list_.tokens.empty() || list_.tokens.back().kind != TokenKind::Semicolon) {
    const char* behind = text_.data() + end;
    add(TokenKind::EndOfText, behind, behind, "");
  }
  std::size_t lastEnd = copied_;
  if (list_.tokens.size() > 1) {
    lastEnd = std::max<std::size_t>(lastEnd, list_.tokens[list_.tokens.size() - 2].span.end);
  }
  list_.text.append(text_.substr(copied_, lastEnd - copied_));
  return std::move(list_);
}

}  // namespace

void advance(Span& place, std::string_view text, std::size_t to) {
  for (std::size_t i = place.begin; i < to; ++i) {
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      ++place.column;
    }
  }
  place.begin = static_cast<std::uint32_t>(to);
  place.end = place.begin;
}

StatementPiece findStatementEnd(std::string_view text, std::size_t from) {
  Input input(text.data() + from, text.data() + text.size(), "");
  StatementPiece piece;
  pegtl::parse<lexical::piece, piece_action>(input, piece);
  piece.end = static_cast<std::size_t>(input.current() - text.data());
  return piece;
}

std::size_t findRemarkEnd(std::string_view text, std::size_t from) {
  Input input(text.data() + from, text.data() + text.size(), "");
  return pegtl::parse<lexical::remark>(input)
             ? static_cast<std::size_t>(input.current() - text.data())
             : from;
}

Comment makeComment(std::string_view text, std::size_t tokenIndex) {
  constexpr std::string_view kBlanks = " \t\r\f\v";
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  return {std::string(text), tokenIndex, false, text.starts_with("--")};
}

TokenList readTokens(std::string_view text, const Span& start, std::size_t end,
                     const Variables& variables) {
  TokenCollector collector(text, start, &variables);
  Input input(text.data() + start.begin, text.data() + end, "");
  pegtl::parse<lexical::tokens, token_action>(input, collector);
  return collector.finish(end);
}

}  // namespace auspex::parser
