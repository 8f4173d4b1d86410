// SPDX-License-Identifier: Apache-2.0
#include "parser/build/CommentWeaver.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string_view>
#include <utility>

#include "parser/AsciiCase.h"

namespace auspex::parser {
namespace {

/// How far apart the printed form may be from what was written before both are taken to differ
/// token by token: a bound on the time, not on what is kept.
constexpr std::size_t kMaxSkippedTokens = 24;

std::vector<std::string> comparableTokens(const TokenList& source) {
  std::vector<std::string> result;
  // The last token is the end.
  for (std::size_t i = 0; i + 1 < source.tokens.size(); ++i) {
    const Token& token = source.tokens[i];
    switch (token.kind) {
      case TokenKind::StringText:
        result.push_back("'" + token.text);
        break;
      case TokenKind::QuotedName:
        result.push_back(token.text);
        break;
      default:
        result.push_back(token.text == "!=" ? "<>" : asciiUpper(token.text));
    }
  }
  return result;
}

/// Finds for each token written the one that it is printed as.
class TokenAlignment {
 public:
  TokenAlignment(const std::vector<std::string>& written, const std::vector<std::string>& printed)
      : written_(written), printed_(printed), printedAs_(written.size()) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < written.size() && j < printed.size()) {
      if (written[i] == printed[j]) {
        printedAs_[i++] = j++;
        continue;
      }
      const auto [numWritten, numPrinted] = distanceToMatch(i, j);
      if (numWritten == numPrinted) {
        // One word for another, as SHOW for LIST.
        for (std::size_t skipped = 0; skipped < numWritten; ++skipped) {
          printedAs_[i + skipped] = j + skipped;
        }
      }
      i += numWritten;
      j += numPrinted;
    }
  }

  /// The gap that each comment stands in: gap n lies before the printed token n. Ascending.
  std::vector<std::size_t> gapsOf(const std::vector<Comment>& comments) const {
    std::vector<std::size_t> before(written_.size() + 1, printed_.size());
    for (std::size_t i = written_.size(); i-- > 0;) {
      before[i] = printedAs_[i].value_or(before[i + 1]);
    }
    before.front() = 0;
    std::vector<std::size_t> behind(written_.size() + 1, 0);
    for (std::size_t i = 0; i < written_.size(); ++i) {
      behind[i + 1] = printedAs_[i] ? *printedAs_[i] + 1 : behind[i];
    }
    behind.back() = printed_.size();
    std::vector<std::size_t> gaps;
    for (const Comment& comment : comments) {
      assert(comment.tokenIndex <= written_.size());
      const std::size_t gap = (comment.beginsLine ? before : behind)[comment.tokenIndex];
      gaps.push_back(gaps.empty() ? gap : std::max(gap, gaps.back()));
    }
    return gaps;
  }

 private:
  /// True when two tokens agree, and those behind them.
  bool agree(std::size_t i, std::size_t j) const {
    if (i >= written_.size() || j >= printed_.size() || written_[i] != printed_[j]) {
      return false;
    }
    return i + 1 == written_.size() || j + 1 == printed_.size() ||
           written_[i + 1] == printed_[j + 1];
  }

  std::pair<std::size_t, std::size_t> distanceToMatch(std::size_t i, std::size_t j) const {
    for (std::size_t skipped = 1; skipped <= kMaxSkippedTokens; ++skipped) {
      for (std::size_t numWritten = 0; numWritten <= skipped; ++numWritten) {
        if (agree(i + numWritten, j + skipped - numWritten)) {
          return {numWritten, skipped - numWritten};
        }
      }
    }
    return {1, 1};
  }

  const std::vector<std::string>& written_;
  const std::vector<std::string>& printed_;
  std::vector<std::optional<std::size_t>> printedAs_;
};

bool isLineComment(const Comment& comment) {
  return comment.text.starts_with("--");
}

bool takesNoBlankBehind(TokenKind kind) {
  return kind == TokenKind::LeftParen || kind == TokenKind::LeftBracket;
}

bool takesNoBlankBefore(TokenKind kind) {
  return kind == TokenKind::RightParen || kind == TokenKind::RightBracket ||
         kind == TokenKind::Comma;
}

/// Writes the comments of one gap, [begin, end), with the blanks around them. `previous` is the
/// token before the gap and null at the start; the last token of a list is its end.
void writeComments(std::string& out, const Comment* begin, const Comment* end,
                   const Token* previous, const Token& next) {
  const bool isFirst = previous == nullptr;
  const bool isLast = next.kind == TokenKind::EndOfText;
  for (const Comment* comment = begin; comment != end; ++comment) {
    if (comment != begin) {
      out += (comment - 1)->endsLine || comment->beginsLine ? "\n" : " ";
    } else if (!isFirst) {
      out += comment->beginsLine ? "\n" : takesNoBlankBehind(previous->kind) ? "" : " ";
    }
    out += comment->text;
  }
  const Comment& last = *(end - 1);
  if (isLast) {
    // What is put behind must not become part of the comment.
    out += isLineComment(last) ? "\n" : "";
  } else if (isFirst || last.endsLine) {
    out += "\n";
  } else {
    out += takesNoBlankBefore(next.kind) ? "" : " ";
  }
}

}  // namespace

std::shared_ptr<const Comments> collectComments(const TokenList& source) {
  if (source.comments.empty()) {
    return nullptr;
  }
  return std::make_shared<const Comments>(Comments{source.comments, comparableTokens(source)});
}

std::string weaveComments(const std::string& printed, const Comments& written) {
  const TokenList list = readTokens(printed, Span{}, printed.size(), {});
  const std::vector<std::string> tokens = comparableTokens(list);
  const std::vector<Comment>& comments = written.comments;
  const auto gaps = TokenAlignment(written.tokens, tokens).gapsOf(comments);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t first = 0; first < comments.size();) {
    std::size_t behind = first;
    while (behind < comments.size() && gaps[behind] == gaps[first]) {
      ++behind;
    }
    const Token& next = list.tokens[gaps[first]];
    const Token* const previous = gaps[first] == 0 ? nullptr : &list.tokens[gaps[first] - 1];
    if (previous != nullptr) {
      out.append(printed, copied, previous->span.end - copied);
    }
    writeComments(out, &comments[first], comments.data() + behind, previous, next);
    copied = next.span.begin;
    first = behind;
  }
  return out.append(printed, copied);
}

}  // namespace auspex::parser
