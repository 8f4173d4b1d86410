// SPDX-License-Identifier: Apache-2.0
#include "parser/grammar/TokenKind.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace auspex::parser {
namespace {

constexpr std::size_t kNumKinds = static_cast<std::size_t>(TokenKind::Count);

constexpr std::array<std::string_view, kNumKinds> kSpellings = {
    "end of text",
    "STRING",
    "INTEGER_VALUE",
    "DECIMAL_VALUE",
    "FLOATING_POINT_VALUE",
#define AUSPEX_SPELLING(name, text) text,
    AUSPEX_SYMBOLS(AUSPEX_SPELLING) AUSPEX_RESERVED_WORDS(AUSPEX_SPELLING)
    // The names stand between the reserved and the free words.
    "IDENTIFIER",
    "IDENTIFIER",
    AUSPEX_FREE_WORDS(AUSPEX_SPELLING)
#undef AUSPEX_SPELLING
};

struct Word {
  std::string_view text;
  TokenKind kind;
};

#define AUSPEX_WORD(name, text) Word{text, TokenKind::name},
constexpr auto sortedWords() {
  auto words =
      std::to_array<Word>({AUSPEX_RESERVED_WORDS(AUSPEX_WORD) AUSPEX_FREE_WORDS(AUSPEX_WORD)});
  std::sort(words.begin(), words.end(),
            [](const Word& left, const Word& right) { return left.text < right.text; });
  return words;
}
#undef AUSPEX_WORD

constexpr auto kWords = sortedWords();

}  // namespace

std::string_view spelling(TokenKind kind) {
  return kSpellings[static_cast<std::size_t>(kind)];
}

TokenKind wordKind(std::string_view upperCased) {
  const auto found =
      std::lower_bound(kWords.begin(), kWords.end(), upperCased,
                       [](const Word& word, std::string_view text) { return word.text < text; });
  if (found == kWords.end() || found->text != upperCased) {
    return TokenKind::PlainName;
  }
  return found->kind;
}

}  // namespace auspex::parser
