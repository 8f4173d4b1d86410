// SPDX-License-Identifier: Apache-2.0
// JSON texts as trees, where a document is looked at as a whole: JSON functions and tests. Decoding
// records does not go this way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace auspex::operators {

/// A JSON value; numbers keep their text, so that nothing is lost on the way.
struct JsonTree {
  enum class Kind : uint8_t { Null, True, False, Number, String, Array, Object };

  // In the source file: clang 14 cannot make them here, where members' type is not complete.
  JsonTree();
  JsonTree(const JsonTree&);
  JsonTree(JsonTree&&) noexcept;
  JsonTree& operator=(const JsonTree&);
  JsonTree& operator=(JsonTree&&) noexcept;
  ~JsonTree();

  Kind kind = Kind::Null;
  std::string text;                                       ///< of a number or a string
  std::vector<JsonTree> elements;                         ///< of an array
  std::vector<std::pair<std::string, JsonTree>> members;  ///< of an object, in order

  /// The member of that name; null when this is no object or has none.
  const JsonTree* find(std::string_view name) const;
  /// Parses one value; nothing when the text is not JSON or nests deeper than 100 levels.
  static std::optional<JsonTree> parse(std::string_view text);
  /// As JSON on one line, members in their order.
  std::string toText() const;
};

}  // namespace auspex::operators
