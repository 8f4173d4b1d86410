// SPDX-License-Identifier: Apache-2.0
// Builds a column row by row, nested types included. For decoders and constants; loops over plain
// numbers write into a vector of their own and call Column::make.
#pragma once

#include <span>
#include <type_traits>
#include <variant>
#include <vector>

#include "operators/data/Column.h"

namespace auspex::operators {

/// Grows one column. One thread. Rows are appended by exactly one of appendNull, append (primitive
/// types) and closeRow (nested types, after their parts went into the children).
class ColumnBuilder {
 public:
  explicit ColumnBuilder(const SqlType& type, size_t expectedRows = 0);

  const SqlType& type() const { return type_; }
  size_t size() const { return size_; }
  void reserve(size_t numRows);

  void appendNull();

  /// `value` is the physical form of the type (asserted); strings are not copied.
  template <typename T>
  void append(T value) {
    auto* const vector = std::get_if<std::vector<T>>(&values_);
    AUSPEX_ASSERT(vector != nullptr);
    vector->push_back(value);
    appendValid();
  }

  /// Takes back the last row of a primitive column (asserted).
  void dropLast();

  /// ARRAY: 0 elements. MAP: 0 keys, 1 values. STRUCT: the field's index.
  ColumnBuilder& child(size_t index) { return children_[index]; }
  /// Ends a present row of a nested type. ARRAY, MAP: what was appended to the children since the
  /// last row. STRUCT: every child has exactly one row more than this builder had (asserted).
  void closeRow();

  /// The column; the builder is empty afterwards. owners: what the strings point into.
  ColumnPtr finish(const std::vector<Owner>& owners = {});

 private:
  void appendValid() {
    ++size_;
    if (!validity_.empty()) {
      validity_.push_back(1);
    }
  }
  void appendInvalid();

  SqlType type_;
  size_t size_ = 0;
  Column::Values values_;
  std::vector<uint8_t> validity_;
  std::vector<uint32_t> offsets_;
  std::vector<ColumnBuilder> children_;
};

}  // namespace auspex::operators
