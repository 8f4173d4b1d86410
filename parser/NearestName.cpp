// SPDX-License-Identifier: Apache-2.0
#include "parser/NearestName.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "parser/AsciiCase.h"

namespace auspex::parser {
namespace {

/// Longer names are cut before they are compared: the cost is the product of the lengths.
constexpr std::size_t kMaxCompared = 64;

/// Edits that turn one name into the other; a swap of two neighbours is one.
std::size_t editDistance(std::string_view left, std::string_view right) {
  const std::size_t width = right.size() + 1;
  std::vector<std::size_t> beforeLast(width);
  std::vector<std::size_t> last(width);
  std::vector<std::size_t> current(width);
  for (std::size_t column = 0; column < width; ++column) {
    last[column] = column;
  }
  for (std::size_t row = 1; row <= left.size(); ++row) {
    current[0] = row;
    for (std::size_t column = 1; column < width; ++column) {
      const char a = asciiUpper(left[row - 1]);
      const char b = asciiUpper(right[column - 1]);
      current[column] = std::min(
          {last[column] + 1, current[column - 1] + 1, last[column - 1] + (a == b ? 0U : 1U)});
      if (row > 1 && column > 1 && a == asciiUpper(right[column - 2]) &&
          b == asciiUpper(left[row - 2])) {
        current[column] = std::min(current[column], beforeLast[column - 2] + 1);
      }
    }
    std::swap(beforeLast, last);
    std::swap(last, current);
  }
  return last[right.size()];
}

std::size_t allowedEdits(std::size_t length) {
  if (length <= 4) {
    return length > 1 ? 1 : 0;
  }
  return length <= 8 ? 2 : 3;
}

}  // namespace

std::optional<std::string> nearestName(std::string_view name,
                                       std::span<const std::string> candidates) {
  name = name.substr(0, kMaxCompared);
  std::size_t best = allowedEdits(name.size()) + 1;
  std::optional<std::string> nearest;
  for (const std::string& candidate : candidates) {
    const std::size_t edits =
        editDistance(name, std::string_view(candidate).substr(0, kMaxCompared));
    // A name of which nothing is left is no likeness.
    if (edits < best && edits < std::max(name.size(), candidate.size())) {
      best = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace auspex::parser
