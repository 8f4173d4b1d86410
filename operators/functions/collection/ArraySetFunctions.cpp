// SPDX-License-Identifier: Apache-2.0
// ARRAY_DISTINCT, ARRAY_EXCEPT, ARRAY_INTERSECT, ARRAY_UNION, ARRAY_CONCAT, ARRAY_REMOVE. Order is
// that of the first occurrence; NULL elements are equal to each other.
#include <algorithm>
#include <unordered_map>

#include "operators/expressions/RowOrder.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/collection/ListWriter.h"

namespace auspex::operators {

namespace {

/// A set of rows of one column by value.
class RowSet {
 public:
  explicit RowSet(const Column& column) : column_(column) {}
  bool contains(uint32_t row) const {
    const auto [begin, end] = rows_.equal_range(hashRow(column_, row));
    return std::any_of(begin, end, [&](const auto& entry) {
      return equalRows(column_, entry.second, column_, row);
    });
  }
  /// False when it was there already.
  bool add(uint32_t row) {
    if (contains(row)) {
      return false;
    }
    rows_.emplace(hashRow(column_, row), row);
    return true;
  }

 private:
  const Column& column_;
  std::unordered_multimap<size_t, uint32_t> rows_;
};

enum class SetOperation : uint8_t { Except, Intersect, Union };

template <SetOperation operation>
ColumnPtr setKernel(const KernelInput& input) {
  const Operand& left = input.arguments[0];
  const Operand& right = input.arguments[1];
  const JoinedPool pool = joinChildren(left, right, 0);
  ListWriter writer(input.numRows);
  input.rows.forEach([&](size_t row) {
    if (left.isNull(row) || right.isNull(row)) {
      writer.endNull(row);
      return;
    }
    RowSet taken(*pool.column);
    RowSet others(*pool.column);
    const ListRange rightRange = rangeOf(right, row);
    if (operation != SetOperation::Union) {
      for (uint32_t i = rightRange.begin; i < rightRange.end; ++i) {
        others.add(pool.shift + i);
      }
    }
    const auto take = [&](uint32_t poolRow) {
      const bool wanted = operation == SetOperation::Union ||
                          others.contains(poolRow) == (operation == SetOperation::Intersect);
      if (wanted && taken.add(poolRow)) {
        writer.push(poolRow);
      }
    };
    const ListRange leftRange = rangeOf(left, row);
    for (uint32_t i = leftRange.begin; i < leftRange.end; ++i) {
      take(i);
    }
    for (uint32_t i = rightRange.begin; i < rightRange.end && operation == SetOperation::Union;
         ++i) {
      take(pool.shift + i);
    }
    writer.endRow(row);
  });
  return writer.finish(input.resultType, {pool.column});
}

ColumnPtr distinctKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  const ColumnPtr& elements = array.column->children()[0];
  ListWriter writer(input.numRows);
  input.rows.forEach([&](size_t row) {
    if (array.isNull(row)) {
      writer.endNull(row);
      return;
    }
    RowSet taken(*elements);
    const ListRange range = rangeOf(array, row);
    for (uint32_t i = range.begin; i < range.end; ++i) {
      if (taken.add(i)) {
        writer.push(i);
      }
    }
    writer.endRow(row);
  });
  return writer.finish(input.resultType, {elements});
}

/// A NULL array counts as empty, two of them give NULL.
ColumnPtr arrayConcatKernel(const KernelInput& input) {
  const Operand& left = input.arguments[0];
  const Operand& right = input.arguments[1];
  const JoinedPool pool = joinChildren(left, right, 0);
  ListWriter writer(input.numRows);
  input.rows.forEach([&](size_t row) {
    if (left.isNull(row) && right.isNull(row)) {
      writer.endNull(row);
      return;
    }
    const ListRange leftRange = left.isNull(row) ? ListRange{} : rangeOf(left, row);
    for (uint32_t i = leftRange.begin; i < leftRange.end; ++i) {
      writer.push(i);
    }
    const ListRange rightRange = right.isNull(row) ? ListRange{} : rangeOf(right, row);
    for (uint32_t i = rightRange.begin; i < rightRange.end; ++i) {
      writer.push(pool.shift + i);
    }
    writer.endRow(row);
  });
  return writer.finish(input.resultType, {pool.column});
}

ColumnPtr removeKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  const Operand& victim = input.arguments[1];
  const ColumnPtr& elements = array.column->children()[0];
  ListWriter writer(input.numRows);
  input.rows.forEach([&](size_t row) {
    if (array.isNull(row)) {
      writer.endNull(row);
      return;
    }
    const ListRange range = rangeOf(array, row);
    for (uint32_t i = range.begin; i < range.end; ++i) {
      if (!equalRows(*elements, i, *victim.column, victim.rowOf(row))) {
        writer.push(i);
      }
    }
    writer.endRow(row);
  });
  return writer.finish(input.resultType, {elements});
}

}  // namespace

void addArraySetFunctions(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* help, const char* example,
                       const char* signature, Kernel kernel) {
    registry.add(ScalarFunction{name, "Array", help, example, {{signature, kernel}}});
  };
  const char* const two = "(ARRAY<T>, ARRAY<T>) -> ARRAY<T>";
  add("ARRAY_DISTINCT", "The elements, each once.", "ARRAY_DISTINCT(ARRAY[1, 1, 2]) -> [1, 2]",
      "(ARRAY<T>) -> ARRAY<T>", distinctKernel);
  add("ARRAY_EXCEPT", "The elements of the first array that are not in the second, each once.",
      "ARRAY_EXCEPT(ARRAY[1, 2], ARRAY[2]) -> [1]", two, setKernel<SetOperation::Except>);
  add("ARRAY_INTERSECT", "The elements that are in both arrays, each once.",
      "ARRAY_INTERSECT(ARRAY[1, 2], ARRAY[2]) -> [2]", two, setKernel<SetOperation::Intersect>);
  add("ARRAY_UNION", "The elements of both arrays, each once.",
      "ARRAY_UNION(ARRAY[1, 2], ARRAY[2, 3]) -> [1, 2, 3]", two, setKernel<SetOperation::Union>);
  add("ARRAY_CONCAT", "The elements of the first array, then those of the second.",
      "ARRAY_CONCAT(ARRAY[1], ARRAY[1, 2]) -> [1, 1, 2]", two, arrayConcatKernel);
  add("ARRAY_REMOVE", "The array without the elements that equal a value.",
      "ARRAY_REMOVE(ARRAY[1, 2, 1], 1) -> [2]", "(ARRAY<T>, T) -> ARRAY<T>", removeKernel);
}

}  // namespace auspex::operators
