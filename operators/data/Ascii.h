// SPDX-License-Identifier: Apache-2.0
// Digits, numbers, letters, upper case and comparison of names, which are ASCII as far as case
// goes; text of users is Unicode and the matter of functions/string/Utf16.h.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

inline bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

inline bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Takes minDigits to maxDigits digits, and at most 18, off the front of `text`; nullopt, and
/// nothing taken, when there are fewer. Number holds as many.
template <typename Number>
std::optional<Number> takeNumber(std::string_view& text, size_t minDigits, size_t maxDigits) {
  Number value = 0;
  size_t length = 0;
  while (length < std::min({text.size(), maxDigits, size_t{18}}) && isDigit(text[length])) {
    value = value * 10 + (text[length] - '0');
    ++length;
  }
  if (length < minDigits) {
    return std::nullopt;
  }
  text.remove_prefix(length);
  return value;
}

inline char asciiUpper(char letter) {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

/// All other characters stay as they are.
inline std::string asciiUpper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char letter) { return asciiUpper(letter); });
  return upper;
}

/// All other characters stay as they are.
inline std::string asciiLower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return lower;
}

inline bool equalsIgnoringCase(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return asciiUpper(a) == asciiUpper(b); });
}

}  // namespace auspex::operators
