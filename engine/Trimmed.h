// SPDX-License-Identifier: Apache-2.0
// Text without the blanks around it.
#pragma once

#include <string_view>

namespace auspex::engine {

/// The text without spaces, tabs and ends of lines at its ends; a part of what was given.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace auspex::engine
