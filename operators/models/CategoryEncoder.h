// SPDX-License-Identifier: Apache-2.0
// From the strings or integers of a categorical feature to the codes that the model was trained on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace auspex::operators {

/// An immutable dictionary from category to code, with open addressing in one array. What is not in
/// it encodes as missing (NaN): the model then goes the way it learned for missing values, as a
/// category that training never saw has no code of its own.
class CategoryEncoder {
 public:
  /// The category at index c has code c; of equal ones the first counts.
  /// Throws ModelError when there are more than kMaxCategories.
  explicit CategoryEncoder(std::span<const std::string> categories);
  /// The same for integer categories.
  explicit CategoryEncoder(std::span<const int64_t> categories);

  /// The code, or NaN for an unknown category.
  float encode(std::string_view category) const;
  float encode(int64_t category) const;

  size_t size() const { return numCategories_; }

  /// XGBoost takes no code from 2^24 on, the last integer that every smaller float32 can hold.
  static constexpr size_t kMaxCategories = size_t{1} << 24;

 private:
  struct Slot {
    uint64_t hash = 0;
    int64_t number = 0;
    uint32_t offset = 0;
    uint32_t length = 0;
    /// Negative when the slot is free.
    float code = -1.0F;
  };

  void reserve(size_t numCategories);
  void insert(std::string_view text, int64_t number, uint64_t hash, float code);
  bool holds(const Slot& slot, std::string_view text, int64_t number) const;

  size_t numCategories_ = 0;
  size_t mask_ = 0;
  std::vector<Slot> slots_;
  std::string text_;
};

}  // namespace auspex::operators
