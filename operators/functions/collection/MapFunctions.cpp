// SPDX-License-Identifier: Apache-2.0
// AS_MAP, ENTRIES, MAP_KEYS, MAP_VALUES and MAP_UNION.
#include <algorithm>

#include "operators/expressions/RowOrder.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/collection/ListWriter.h"

namespace auspex::operators {

namespace {

/// The keys (0) or the values (1) of a map as an array.
template <size_t child>
ColumnPtr childKernel(const KernelInput& input) {
  const ColumnPtr map = materialize(input.arguments[0], input.numRows);
  return Column::makeNested(input.resultType, {map->offsets().begin(), map->offsets().end()},
                            {map->children()[child]},
                            {map->validity().begin(), map->validity().end()});
}

/// Entries of the second map replace those of the first in their place; a NULL map counts as empty.
ColumnPtr unionKernel(const KernelInput& input) {
  const Operand& left = input.arguments[0];
  const Operand& right = input.arguments[1];
  const JoinedPool keys = joinChildren(left, right, 0);
  const JoinedPool values = joinChildren(left, right, 1);
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
      const std::span<uint32_t> open = writer.openRow();
      const uint32_t entry = keys.shift + i;
      const auto same = std::find_if(open.begin(), open.end(), [&](uint32_t earlier) {
        return equalRows(*keys.column, earlier, *keys.column, entry);
      });
      if (same == open.end()) {
        writer.push(entry);
      } else {
        *same = entry;
      }
    }
    writer.endRow(row);
  });
  return writer.finish(input.resultType, {keys.column, values.column});
}

/// Pairs keys and values as far as both go.
ColumnPtr asMapKernel(const KernelInput& input) {
  const Operand& keys = input.arguments[0];
  const Operand& values = input.arguments[1];
  const ColumnPtr& keyPool = keys.column->children()[0];
  const ColumnPtr& valuePool = values.column->children()[0];
  std::vector<uint32_t> valueRows;
  ListWriter writer(input.numRows);
  input.rows.forEach([&](size_t row) {
    if (keys.isNull(row) || values.isNull(row)) {
      writer.endNull(row);
      return;
    }
    const ListRange keyRange = rangeOf(keys, row);
    const ListRange valueRange = rangeOf(values, row);
    const uint32_t length =
        std::min(keyRange.end - keyRange.begin, valueRange.end - valueRange.begin);
    const size_t begin = valueRows.size();
    for (uint32_t i = 0; i < length; ++i) {
      const uint32_t key = keyRange.begin + i;
      const std::span<uint32_t> open = writer.openRow();
      const auto same = std::find_if(open.begin(), open.end(), [&](uint32_t earlier) {
        return equalRows(*keyPool, earlier, *keyPool, key);
      });
      const auto place = static_cast<size_t>(same - open.begin());
      if (same == open.end()) {
        writer.push(key);
        valueRows.push_back(0);
      }
      valueRows[begin + place] = valueRange.begin + i;
    }
    writer.endRow(row);
  });
  const ColumnPtr keyLists = writer.finish(SqlType::array(input.resultType.mapKey()), {keyPool});
  return Column::makeNested(input.resultType,
                            {keyLists->offsets().begin(), keyLists->offsets().end()},
                            {keyLists->children()[0], gather(valuePool, valueRows)},
                            {keyLists->validity().begin(), keyLists->validity().end()});
}

SqlType entriesType(std::span<const SqlType> types) {
  return SqlType::array(SqlType::structOf({{"K", types[0].mapKey()}, {"V", types[0].mapValue()}}));
}

ColumnPtr entriesKernel(const KernelInput& input) {
  const Operand& map = input.arguments[0];
  const Operand& sorted = input.arguments[1];
  const OperandView<uint8_t> sortedView(sorted);
  const ColumnPtr& keys = map.column->children()[0];
  ListWriter writer(input.numRows);
  input.rows.forEach([&](size_t row) {
    if (map.isNull(row)) {
      writer.endNull(row);
      return;
    }
    const ListRange range = rangeOf(map, row);
    for (uint32_t i = range.begin; i < range.end; ++i) {
      writer.push(i);
    }
    if (!sorted.isNull(row) && sortedView[row] != 0) {
      const std::span<uint32_t> open = writer.openRow();
      std::stable_sort(open.begin(), open.end(), [&](uint32_t left, uint32_t right) {
        return compareRows(*keys, left, *keys, right) < 0;
      });
    }
    writer.endRow(row);
  });
  const ColumnPtr entries = Column::makeStruct(input.resultType.element(), keys->size(),
                                               {keys, map.column->children()[1]});
  return writer.finish(input.resultType, {entries});
}

}  // namespace

void addMapFunctions(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* help, const char* example,
                       ScalarOverload overload) {
    registry.add(ScalarFunction{name, "Map", help, example, {std::move(overload)}});
  };
  add("MAP_KEYS", "The keys of a map.", "MAP_KEYS(MAP('a' := 1)) -> ['a']",
      {"(MAP<K, V>) -> ARRAY<K>", childKernel<0>});
  add("MAP_VALUES", "The values of a map.", "MAP_VALUES(MAP('a' := 1)) -> [1]",
      {"(MAP<K, V>) -> ARRAY<V>", childKernel<1>});
  add("MAP_UNION", "The entries of both maps; those of the second win.",
      "MAP_UNION(MAP('a' := 1), MAP('a' := 2)) -> {'a': 2}",
      {"(MAP<K, V>, MAP<K, V>) -> MAP<K, V>", unionKernel});
  add("AS_MAP", "A map of an array of keys and one of values.",
      "AS_MAP(ARRAY['a'], ARRAY[1]) -> {'a': 1}",
      {"(ARRAY<STRING>, ARRAY<V>) -> MAP<STRING, V>", asMapKernel});
  add("ENTRIES", "Entries of a map as structs of K and V, optionally sorted by key.",
      "ENTRIES(MAP('a' := 1), TRUE) -> [{K: 'a', V: 1}]",
      {"(MAP<STRING, V>, BOOLEAN) -> ARRAY<V>", entriesKernel, entriesType});
}

}  // namespace auspex::operators
