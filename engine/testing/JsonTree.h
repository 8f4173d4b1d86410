// SPDX-License-Identifier: Apache-2.0
// JSON texts as trees, for comparing what a test expects with what a topic holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace auspex::engine {

/// A JSON value; numbers keep their text, so that nothing is lost on the way.
struct JsonTree {
  enum class Kind : uint8_t { Null, True, False, Number, String, Array, Object };

  Kind kind = Kind::Null;
  std::string text;                                       ///< of a number or a string
  std::vector<JsonTree> elements;                         ///< of an array
  std::vector<std::pair<std::string, JsonTree>> members;  ///< of an object, in order

  /// Parses one value; nothing when the text is not JSON or nests deeper than 100 levels.
  static std::optional<JsonTree> parse(std::string_view text);
  /// As JSON on one line, members in their order.
  std::string toText() const;
};

/// Says where two values differ first and how, or nothing when they are equal: members in any
/// order, numbers by value within `tolerance` of the larger one (integers exactly).
std::optional<std::string> differenceOf(const JsonTree& expected, const JsonTree& actual,
                                        double tolerance);

}  // namespace auspex::engine
