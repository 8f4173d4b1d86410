// SPDX-License-Identifier: Apache-2.0
// Upper case of keywords and unquoted names, which are ASCII as far as case goes.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace auspex::parser {

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

}  // namespace auspex::parser
