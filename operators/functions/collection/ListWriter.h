// SPDX-License-Identifier: Apache-2.0
// Arrays and maps made of elements that exist already: rows of a pool, gathered once at the end.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "operators/expressions/PhysicalTypes.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// Collects, row by row and in order, which elements of the pools a list has.
class ListWriter {
 public:
  explicit ListWriter(size_t numRows) : offsets_(numRows + 1), numRows_(numRows) {}

  /// Adds an element to the row that is open.
  void push(size_t poolRow) { picked_.push_back(static_cast<uint32_t>(poolRow)); }
  /// Elements of the open row so far.
  std::span<uint32_t> openRow() { return std::span(picked_).subspan(begin_); }
  /// Takes back the last elements of the open row until it has `size`.
  void shrinkRow(size_t size) { picked_.resize(begin_ + size); }

  /// Ends the row; rows before it that were not written are empty.
  void endRow(size_t row) {
    for (; nextRow_ <= row; ++nextRow_) {
      offsets_[nextRow_ + 1] = static_cast<uint32_t>(nextRow_ == row ? picked_.size() : begin_);
    }
    begin_ = picked_.size();
  }
  void endNull(size_t row) {
    shrinkRow(0);
    setNull(validity_, row, numRows_);
    endRow(row);
  }

  /// ARRAY of one pool, or MAP of a pool of keys and one of values.
  ColumnPtr finish(const SqlType& type, const std::vector<ColumnPtr>& pools) {
    for (; nextRow_ < numRows_; ++nextRow_) {
      offsets_[nextRow_ + 1] = static_cast<uint32_t>(begin_);
    }
    std::vector<ColumnPtr> children;
    for (const ColumnPtr& pool : pools) {
      children.push_back(gather(pool, picked_));
    }
    return Column::makeNested(type, std::move(offsets_), std::move(children), std::move(validity_));
  }

 private:
  std::vector<uint32_t> picked_;
  std::vector<uint32_t> offsets_;
  std::vector<uint8_t> validity_;
  size_t numRows_;
  size_t begin_ = 0;    // first element of the open row
  size_t nextRow_ = 0;  // the open row
};

/// First and last-plus-one element of an operand's list in a row.
struct ListRange {
  uint32_t begin = 0;
  uint32_t end = 0;
};
inline ListRange rangeOf(const Operand& list, size_t row) {
  const size_t source = list.rowOf(row);
  return {list.column->offsets()[source], list.column->offsets()[source + 1]};
}

/// Children number `child` of two lists under each other; `shift` is where the second one begins.
struct JoinedPool {
  ColumnPtr column;
  uint32_t shift = 0;
};
inline JoinedPool joinChildren(const Operand& left, const Operand& right, size_t child) {
  const std::array<ColumnPtr, 2> parts{left.column->children()[child],
                                       right.column->children()[child]};
  return {concatenate(parts), static_cast<uint32_t>(parts[0]->size())};
}

}  // namespace auspex::operators
