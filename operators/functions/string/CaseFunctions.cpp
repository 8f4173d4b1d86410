// SPDX-License-Identifier: Apache-2.0
// UCASE, LCASE, INITCAP, TRIM and LEN.
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/string/Utf16.h"

namespace auspex::operators {

namespace {

template <bool upper>
std::string_view mapCharacters(RowContext& context, std::string_view text) {
  if (isAscii(text)) {
    char* const target = context.arena().allocate(text.size());
    constexpr char kFirst = upper ? 'a' : 'A';
    for (size_t i = 0; i < text.size(); ++i) {
      const bool changes = static_cast<unsigned char>(text[i] - kFirst) < 26;
      target[i] = static_cast<char>(text[i] ^ (changes ? 0x20 : 0));
    }
    return {target, text.size()};
  }
  const auto convert = upper ? &toUpper : &toLower;
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = codePointAt(text, i);
    // The sharp s has no single upper case letter.
    if (c.value == 0xDF && upper) {
      result += "SS";
    } else if (c.numBytes == 1) {
      result += static_cast<char>(c.value < 0x80 ? convert(c.value) : c.value);
    } else {
      appendCodePoint(result, convert(c.value));
    }
    i += c.numBytes;
  }
  return context.arena().copy(result);
}

/// Words are what whitespace parts; their first letter becomes upper, the rest lower case.
std::string_view initialCapitals(RowContext& context, std::string_view text) {
  std::string result;
  bool atStart = true;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = codePointAt(text, i);
    if (c.numBytes == 1 && c.value >= 0x80) {
      result += text[i];
    } else {
      appendCodePoint(result, atStart ? toUpper(c.value) : toLower(c.value));
    }
    atStart = c.value == ' ' || (c.value >= '\t' && c.value <= '\r');
    i += c.numBytes;
  }
  return context.arena().copy(result);
}

/// As Java's String.trim: everything up to U+0020 goes.
std::string_view trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
    text.remove_suffix(1);
  }
  return text;
}

int32_t textLength(std::string_view text) {
  return static_cast<int32_t>(utf16Length(text));
}
int32_t bytesLength(std::string_view bytes) {
  return static_cast<int32_t>(bytes.size());
}

}  // namespace

void addCaseFunctions(FunctionRegistry& registry) {
  registry.add(ScalarFunction{"UCASE",
                              "String",
                              "Converts a text to upper case.",
                              "UCASE('a') -> 'A'",
                              {{"(STRING) -> STRING", kernelOf<&mapCharacters<true>>}}});
  registry.add(ScalarFunction{"LCASE",
                              "String",
                              "Converts a text to lower case.",
                              "LCASE('A') -> 'a'",
                              {{"(STRING) -> STRING", kernelOf<&mapCharacters<false>>}}});
  registry.add(ScalarFunction{"INITCAP",
                              "String",
                              "Makes the first letter of each word upper case, the others lower.",
                              "INITCAP('the tAIL') -> 'The Tail'",
                              {{"(STRING) -> STRING", kernelOf<&initialCapitals>}}});
  registry.add(ScalarFunction{"TRIM",
                              "String",
                              "Removes blanks at the beginning and the end.",
                              "TRIM('  x ') -> 'x'",
                              {{"(STRING) -> STRING", kernelOf<&trim>}}});
  registry.add(ScalarFunction{
      "LEN",
      "String",
      "Length of a text in UTF-16 units, or of bytes.",
      "LEN('abc') -> 3",
      {{"(STRING) -> INT", kernelOf<&textLength>}, {"(BYTES) -> INT", kernelOf<&bytesLength>}}});
}

}  // namespace auspex::operators
