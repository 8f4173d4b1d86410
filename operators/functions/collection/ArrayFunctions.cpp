// SPDX-License-Identifier: Apache-2.0
// ARRAY_LENGTH, ARRAY_CONTAINS, ARRAY_MIN, ARRAY_MAX, ARRAY_SORT, ARRAY_JOIN, SLICE,
// GENERATE_SERIES.
#include <algorithm>

#include "operators/data/Arena.h"
#include "operators/data/Ascii.h"
#include "operators/expressions/CastKernels.h"
#include "operators/expressions/NestedKernels.h"
#include "operators/expressions/RowOrder.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/collection/ListWriter.h"

namespace auspex::operators {

namespace {

ColumnPtr lengthKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  std::vector<int32_t> lengths(input.numRows);
  input.rows.forEach([&](size_t row) {
    const ListRange range = rangeOf(array, row);
    lengths[row] = static_cast<int32_t>(range.end - range.begin);
  });
  return Column::make(input.resultType, std::move(lengths),
                      commonValidity({&array, 1}, input.numRows));
}

ColumnPtr containsKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  const Operand& wanted = input.arguments[1];
  const Column& elements = *array.column->children()[0];
  std::vector<uint8_t> found(input.numRows, 0);
  input.rows.forEach([&](size_t row) {
    const ListRange range = rangeOf(array, row);
    for (uint32_t i = range.begin; i < range.end && found[row] == 0; ++i) {
      found[row] = equalRows(elements, i, *wanted.column, wanted.rowOf(row)) ? 1 : 0;
    }
  });
  return Column::make(input.resultType, std::move(found),
                      commonValidity({&array, 1}, input.numRows));
}

bool isOrdered(const SqlType& type) {
  return !type.isNested();
}

/// The extreme element; NULLs are skipped.
template <bool maximum>
ColumnPtr extremeElementKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  const ColumnPtr& elements = array.column->children()[0];
  std::vector<uint32_t> picked(input.numRows, kNoRow);
  input.rows.forEach([&](size_t row) {
    if (!isOrdered(elements->type())) {
      input.failures.add(row, "Elements have no order");
      return;
    }
    if (array.isNull(row)) {
      return;
    }
    const ListRange range = rangeOf(array, row);
    for (uint32_t i = range.begin; i < range.end; ++i) {
      if (elements->isNull(i)) {
        continue;
      }
      const int order =
          picked[row] == kNoRow ? 0 : compareRows(*elements, i, *elements, picked[row]);
      if (picked[row] == kNoRow || (maximum ? order > 0 : order < 0)) {
        picked[row] = i;
      }
    }
  });
  return gatherOrNull(elements, picked);
}

/// 'ASC', 'ASCENDING', 'DESC', 'DESCENDING' in any case: 1 or -1; 0 for anything else.
int directionOf(std::string_view text) {
  const std::string upper = asciiUpper(text);
  return upper == "ASC" || upper == "ASCENDING"     ? 1
         : upper == "DESC" || upper == "DESCENDING" ? -1
                                                    : 0;
}

/// NULLs come last in either direction.
ColumnPtr sortKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  const ColumnPtr& elements = array.column->children()[0];
  ListWriter writer(input.numRows);
  input.rows.forEach([&](size_t row) {
    int direction = 1;
    if (input.arguments.size() > 1) {
      const Operand& text = input.arguments[1];
      direction = text.isNull(row) ? 0 : directionOf(OperandView<std::string_view>(text)[row]);
    }
    if (array.isNull(row) || direction == 0 || !isOrdered(elements->type())) {
      writer.endNull(row);
      return;
    }
    const ListRange range = rangeOf(array, row);
    for (uint32_t i = range.begin; i < range.end; ++i) {
      writer.push(i);
    }
    const std::span<uint32_t> open = writer.openRow();
    std::stable_sort(open.begin(), open.end(), [&](uint32_t left, uint32_t right) {
      if (elements->isNull(left) || elements->isNull(right)) {
        return !elements->isNull(left) && elements->isNull(right);
      }
      return compareRows(*elements, left, *elements, right) * direction < 0;
    });
    writer.endRow(row);
  });
  return writer.finish(input.resultType, {elements});
}

ColumnPtr joinKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  const Column& elements = *array.column->children()[0];
  const auto arena = std::make_shared<Arena>();
  std::vector<std::string_view> values(input.numRows, std::string_view("", 0));
  std::string text;
  input.rows.forEach([&](size_t row) {
    std::string_view delimiter = ",";
    if (input.arguments.size() > 1) {
      const Operand& given = input.arguments[1];
      delimiter =
          given.isNull(row) ? std::string_view() : OperandView<std::string_view>(given)[row];
    }
    text.clear();
    const ListRange range = rangeOf(array, row);
    for (uint32_t i = range.begin; i < range.end; ++i) {
      text += i == range.begin ? std::string_view() : delimiter;
      appendText(text, elements, i);
    }
    values[row] = arena->copy(text);
  });
  return Column::make(input.resultType, std::move(values),
                      commonValidity({&array, 1}, input.numRows), {arena});
}

/// From and to are 1-based and both included; NULL means the respective end.
ColumnPtr sliceKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  const Operand& from = input.arguments[1];
  const Operand& to = input.arguments[2];
  const OperandView<int32_t> fromView(from);
  const OperandView<int32_t> toView(to);
  ListWriter writer(input.numRows);
  input.rows.forEach([&](size_t row) {
    if (array.isNull(row)) {
      writer.endNull(row);
      return;
    }
    const ListRange range = rangeOf(array, row);
    const int64_t length = range.end - range.begin;
    const int64_t first = from.isNull(row) ? 1 : fromView[row];
    const int64_t last = to.isNull(row) ? length : toView[row];
    if (first < 1 || last > length || first > last) {
      writer.endNull(row);
      if (!(length == 0 && first == 1)) {
        input.failures.add(row, "SLICE is out of the array's bounds");
      }
      return;
    }
    for (int64_t i = first; i <= last; ++i) {
      writer.push(static_cast<size_t>(range.begin + i - 1));
    }
    writer.endRow(row);
  });
  return writer.finish(input.resultType, {array.column->children()[0]});
}

constexpr int64_t kMaxSeriesLength = 1'000'000;

/// Both ends included, upwards or downwards; a step may be given.
template <typename Integer>
ColumnPtr seriesKernel(const KernelInput& input) {
  const OperandView<Integer> begins(input.arguments[0]);
  const OperandView<Integer> ends(input.arguments[1]);
  const std::vector<uint8_t> inputValidity = commonValidity(input.arguments, input.numRows);
  std::vector<Integer> values;
  std::vector<uint32_t> offsets(input.numRows + 1);
  std::vector<uint8_t> validity = inputValidity;
  size_t next = 0;
  const auto endRows = [&](size_t upTo) {
    for (; next < upTo; ++next) {
      offsets[next + 1] = static_cast<uint32_t>(values.size());
    }
  };
  input.rows.forEach([&](size_t row) {
    endRows(row);
    if (!inputValidity.empty() && inputValidity[row] == 0) {
      return;
    }
    const int64_t begin = begins[row];
    const int64_t end = ends[row];
    int64_t step = end >= begin ? 1 : -1;
    if (input.arguments.size() > 2) {
      step = OperandView<int32_t>(input.arguments[2])[row];
    }
    const Int128 distance = Int128{end} - begin;
    const bool wrongStep = step == 0 || (distance > 0 && step < 0) || (distance < 0 && step > 0);
    if (wrongStep || distance / step >= kMaxSeriesLength) {
      setNull(validity, row, input.numRows);
      input.failures.add(row,
                         "GENERATE_SERIES step has the wrong direction or is 0, or the series "
                         "is too long");
      return;
    }
    const auto length = static_cast<int64_t>(distance / step) + 1;
    for (int64_t i = 0; i < length; ++i) {
      values.push_back(static_cast<Integer>(begin + i * step));
    }
    endRows(row + 1);
  });
  endRows(input.numRows);
  return Column::makeNested(input.resultType, std::move(offsets),
                            {Column::make(input.resultType.element(), std::move(values))},
                            std::move(validity));
}

}  // namespace

void addArrayFunctions(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* help, const char* example,
                       std::vector<ScalarOverload> overloads) {
    registry.add(ScalarFunction{name, "Array", help, example, std::move(overloads)});
  };
  add("ARRAY_LENGTH", "Number of elements.", "ARRAY_LENGTH(ARRAY[1, 2]) -> 2",
      {{"(ARRAY<T>) -> INT", lengthKernel}});
  add("ARRAY_CONTAINS", "Whether an array has a value among its elements.",
      "ARRAY_CONTAINS(ARRAY[1, 2], 2) -> true", {{"(ARRAY<T>, T) -> BOOLEAN", containsKernel}});
  add("ARRAY_MAX", "The largest element; NULLs are skipped.", "ARRAY_MAX(ARRAY[1, 3, 2]) -> 3",
      {{"(ARRAY<T>) -> T", extremeElementKernel<true>}});
  add("ARRAY_MIN", "The smallest element; NULLs are skipped.", "ARRAY_MIN(ARRAY[2, 1]) -> 1",
      {{"(ARRAY<T>) -> T", extremeElementKernel<false>}});
  add("ARRAY_SORT", "The elements in order, 'ASC' or 'DESC'; NULLs last.",
      "ARRAY_SORT(ARRAY[2, 1]) -> [1, 2]",
      {{"(ARRAY<T>) -> ARRAY<T>", sortKernel}, {"(ARRAY<T>, STRING) -> ARRAY<T>", sortKernel}});
  add("ARRAY_JOIN", "The elements as one text, with a delimiter between (a comma if not given).",
      "ARRAY_JOIN(ARRAY[1, 2], ';') -> '1;2'",
      {{"(ARRAY<T>) -> STRING", joinKernel}, {"(ARRAY<T>, STRING) -> STRING", joinKernel}});
  add("SLICE", "The elements between two 1-based positions, both included.",
      "SLICE(ARRAY[1, 2, 3], 2, 3) -> [2, 3]", {{"(ARRAY<T>, INT, INT) -> ARRAY<T>", sliceKernel}});
  add("GENERATE_SERIES", "The numbers between two, both included, optionally by a step.",
      "GENERATE_SERIES(1, 3) -> [1, 2, 3]",
      {{"(INT, INT) -> ARRAY<INT>", seriesKernel<int32_t>},
       {"(BIGINT, BIGINT) -> ARRAY<BIGINT>", seriesKernel<int64_t>},
       {"(INT, INT, INT) -> ARRAY<INT>", seriesKernel<int32_t>},
       {"(BIGINT, BIGINT, INT) -> ARRAY<BIGINT>", seriesKernel<int64_t>}});
}

}  // namespace auspex::operators
