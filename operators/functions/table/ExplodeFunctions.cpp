// SPDX-License-Identifier: Apache-2.0
// EXPLODE and CUBE_EXPLODE.
#include "operators/expressions/TypeError.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/collection/ListWriter.h"

namespace auspex::operators {

namespace {

/// One row per element; none for an empty or a NULL array.
TableFunctionOutput explodeKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  std::vector<uint32_t> parents;
  std::vector<uint32_t> poolRows;
  input.rows.forEach([&](size_t row) {
    if (array.isNull(row)) {
      return;
    }
    const ListRange range = rangeOf(array, row);
    for (uint32_t i = range.begin; i < range.end; ++i) {
      parents.push_back(static_cast<uint32_t>(row));
      poolRows.push_back(i);
    }
  });
  return {std::move(parents), gather(array.column->children()[0], poolRows)};
}

SqlType elementType(std::span<const SqlType> types) {
  if (!types[0].is(TypeKind::Array)) {
    throw TypeError("Function 'explode' needs an argument with a type");  // a bare NULL
  }
  return types[0].element();
}

/// More elements would be more than 65,536 combinations.
constexpr uint32_t kMaxCubeDimensions = 16;

/// Every combination of the elements and NULL in their places; elements that are NULL stay so.
TableFunctionOutput cubeKernel(const KernelInput& input) {
  const Operand& array = input.arguments[0];
  const ColumnPtr& elements = array.column->children()[0];
  const std::array<ColumnPtr, 2> parts{elements, Column::makeNulls(elements->type(), 1)};
  const ColumnPtr pool = concatenate(parts);
  const auto nullRow = static_cast<uint32_t>(elements->size());
  std::vector<uint32_t> parents;
  std::vector<uint32_t> poolRows;
  std::vector<uint32_t> offsets{0};
  input.rows.forEach([&](size_t row) {
    if (array.isNull(row)) {
      return;
    }
    const ListRange range = rangeOf(array, row);
    const uint32_t length = range.end - range.begin;
    uint32_t numPresent = 0;
    for (uint32_t i = range.begin; i < range.end; ++i) {
      numPresent += elements->isNull(i) ? 0 : 1;
    }
    if (numPresent > kMaxCubeDimensions) {
      input.failures.add(row, "CUBE_EXPLODE takes at most 16 elements that are not NULL");
      return;
    }
    for (uint32_t mask = 0; mask < (1U << numPresent); ++mask) {
      uint32_t bit = numPresent;
      for (uint32_t i = 0; i < length; ++i) {
        const uint32_t element = range.begin + i;
        const bool taken = !elements->isNull(element) && (mask >> --bit & 1) != 0;
        poolRows.push_back(taken ? element : nullRow);
      }
      parents.push_back(static_cast<uint32_t>(row));
      offsets.push_back(static_cast<uint32_t>(poolRows.size()));
    }
  });
  return {std::move(parents),
          Column::makeNested(input.resultType, std::move(offsets), {gather(pool, poolRows)})};
}

}  // namespace

void addExplodeFunctions(FunctionRegistry& registry) {
  registry.add(TableFunction{"explode",
                             "One row per element of an array.",
                             "EXPLODE(ARRAY[1, 2]) -> 1, 2",
                             {{"(ARRAY<DECIMAL> input) -> DECIMAL", explodeKernel, elementType},
                              {"(ARRAY<T> list) -> T", explodeKernel}}});
  registry.add(TableFunction{"cube_explode",
                             "One row per combination of the elements and NULL in their places.",
                             "CUBE_EXPLODE(ARRAY[1]) -> [NULL], [1]",
                             {{"(ARRAY<T>) -> ARRAY<T>", cubeKernel}}});
}

}  // namespace auspex::operators
