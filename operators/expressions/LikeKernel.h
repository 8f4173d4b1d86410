// SPDX-License-Identifier: Apache-2.0
// LIKE: % any run, _ one character, the whole text, case-sensitive.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// A pattern prepared for matching. Plain shapes ('x%', '%x', '%x%', 'x') skip the general walk.
class LikePattern {
 public:
  /// escape: the character that makes the next one literal; empty means none.
  LikePattern(std::string_view pattern, std::string_view escape);

  bool matches(std::string_view text) const;
  /// out[row] = matches(texts[row]) for the rows; what the pattern looks like is asked once.
  void matchRows(std::span<const std::string_view> texts, Selection rows, uint8_t* out) const;
  /// False when the pattern ends with its escape character.
  bool isValid() const { return valid_; }

 private:
  enum class Shape : uint8_t { Equal, Prefix, Suffix, Infix, General };
  // A literal run of bytes, or (empty) one of the two wildcards.
  struct Piece {
    enum class Kind : uint8_t { Text, One, Any };
    Kind kind = Kind::Text;
    std::string text;
  };
  bool matchesFrom(size_t piece, std::string_view text) const;
  void findShape();

  std::vector<Piece> pieces_;
  Shape shape_ = Shape::General;
  std::string literal_;
  bool valid_ = true;
};

/// BOOLEAN column without nulls; NULL on either side is false. A pattern that ends with its escape
/// character is a failure.
ColumnPtr computeLike(const Operand& value, const Operand& pattern, std::string_view escape,
                      Selection rows, size_t numRows, RowFailures& failures);

}  // namespace auspex::operators
