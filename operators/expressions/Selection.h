// SPDX-License-Identifier: Apache-2.0
// Which rows of a batch a loop works on: all of them, or a sorted list of row indexes.
#pragma once

#include <cstdint>
#include <span>

namespace auspex::operators {

/// Borrowed; lives for the call. Row indexes are ascending and below the batch's number of rows.
class Selection {
 public:
  /// Rows 0 .. numRows - 1.
  static Selection all(size_t numRows) { return Selection(true, numRows, {}); }
  static Selection of(std::span<const uint32_t> rows) {
    return Selection(false, rows.size(), rows);
  }

  bool isAll() const { return all_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// The list of rows; only when !isAll().
  std::span<const uint32_t> rows() const { return rows_; }
  /// The same rows of the same list: what is computed for one is right for the other.
  bool isSameAs(const Selection& other) const {
    return all_ == other.all_ && size_ == other.size_ && rows_.data() == other.rows_.data();
  }

  /// Calls function(row) for every row, ascending.
  template <typename Function>
  void forEach(Function&& function) const {
    if (all_) {
      for (size_t row = 0; row < size_; ++row) {
        function(row);
      }
      return;
    }
    for (const uint32_t row : rows_) {
      function(static_cast<size_t>(row));
    }
  }

 private:
  Selection(bool all, size_t size, std::span<const uint32_t> rows)
      : all_(all), size_(size), rows_(rows) {}

  bool all_;
  size_t size_;
  std::span<const uint32_t> rows_;
};

}  // namespace auspex::operators
