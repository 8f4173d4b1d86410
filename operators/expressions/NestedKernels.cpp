// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/NestedKernels.h"

#include <array>

#include "operators/expressions/PhysicalTypes.h"
#include "operators/expressions/RowOrder.h"

namespace auspex::operators {

namespace {

/// All operands' rows under each other, and where each operand begins. Constants keep their one
/// row.
struct Stacked {
  ColumnPtr column;
  std::vector<uint32_t> begins;

  uint32_t rowOf(std::span<const Operand> operands, size_t part, size_t row) const {
    return begins[part] + static_cast<uint32_t>(operands[part].rowOf(row));
  }
};

Stacked stack(std::span<const Operand> operands) {
  Stacked stacked;
  std::vector<ColumnPtr> columns;
  size_t begin = 0;
  for (const Operand& operand : operands) {
    columns.push_back(operand.column);
    stacked.begins.push_back(static_cast<uint32_t>(begin));
    begin += operand.column->size();
  }
  AUSPEX_ASSERT(begin < kNoRow);
  stacked.column = columns.size() == 1 ? columns[0] : concatenate(columns);
  return stacked;
}

/// With an entry that is not there.
uint32_t findKey(const Column& map, size_t mapRow, const Column& key, size_t keyRow) {
  const Column& keys = *map.children()[0];
  for (uint32_t i = map.offsets()[mapRow]; i < map.offsets()[mapRow + 1]; ++i) {
    if (equalRows(keys, i, key, keyRow)) {
      return i;
    }
  }
  return kNoRow;
}

uint32_t findElement(const Column& array, size_t arrayRow, int32_t index) {
  const int64_t begin = array.offsets()[arrayRow];
  const int64_t end = array.offsets()[arrayRow + 1];
  const int64_t position = index > 0 ? begin + index - 1 : end + index;
  return index == 0 || position < begin || position >= end ? kNoRow
                                                           : static_cast<uint32_t>(position);
}

}  // namespace

ColumnPtr gatherOrNull(const ColumnPtr& column, std::span<const uint32_t> rows) {
  std::vector<uint32_t> picked(rows.begin(), rows.end());
  bool anyMissing = false;
  for (uint32_t& row : picked) {
    if (row == kNoRow) {
      anyMissing = true;
      row = 0;
    }
  }
  if (!anyMissing) {
    return gather(column, picked);
  }
  // A last row of NULL stands for what is missing.
  const std::array<ColumnPtr, 2> parts{column, Column::makeNulls(column->type(), 1)};
  const auto missing = static_cast<uint32_t>(column->size());
  for (size_t i = 0; i < rows.size(); ++i) {
    picked[i] = rows[i] == kNoRow ? missing : rows[i];
  }
  return gather(concatenate(parts), picked);
}

ColumnPtr computeArray(const SqlType& type, std::span<const Operand> elements, size_t numRows) {
  std::vector<uint32_t> offsets(numRows + 1);
  for (size_t row = 0; row <= numRows; ++row) {
    offsets[row] = static_cast<uint32_t>(row * elements.size());
  }
  if (elements.empty()) {
    return Column::makeNested(type, std::move(offsets), {Column::makeNulls(type.element(), 0)});
  }
  const Stacked stacked = stack(elements);
  std::vector<uint32_t> rows;
  rows.reserve(numRows * elements.size());
  for (size_t row = 0; row < numRows; ++row) {
    for (size_t part = 0; part < elements.size(); ++part) {
      rows.push_back(stacked.rowOf(elements, part, row));
    }
  }
  return Column::makeNested(type, std::move(offsets), {gather(stacked.column, rows)});
}

ColumnPtr computeMap(const SqlType& type, std::span<const Operand> keys,
                     std::span<const Operand> values, Selection rows, size_t numRows) {
  AUSPEX_ASSERT(keys.size() == values.size());
  if (keys.empty()) {
    return Column::makeNested(
        type, std::vector<uint32_t>(numRows + 1),
        {Column::makeNulls(type.mapKey(), 0), Column::makeNulls(type.mapValue(), 0)});
  }
  const Stacked stackedKeys = stack(keys);
  const Stacked stackedValues = stack(values);
  std::vector<uint32_t> keyRows;
  std::vector<uint32_t> valueRows;
  std::vector<uint32_t> offsets(numRows + 1);
  size_t nextRow = 0;
  const auto endRows = [&](size_t upTo) {
    for (; nextRow < upTo; ++nextRow) {
      offsets[nextRow + 1] = static_cast<uint32_t>(keyRows.size());
    }
  };
  rows.forEach([&](size_t row) {
    endRows(row);
    const size_t begin = keyRows.size();
    for (size_t part = 0; part < keys.size(); ++part) {
      const uint32_t keyRow = stackedKeys.rowOf(keys, part, row);
      size_t place = begin;
      while (place < keyRows.size() &&
             !equalRows(*stackedKeys.column, keyRows[place], *stackedKeys.column, keyRow)) {
        ++place;
      }
      if (place == keyRows.size()) {
        keyRows.push_back(keyRow);
        valueRows.push_back(0);
      }
      valueRows[place] = stackedValues.rowOf(values, part, row);
    }
    endRows(row + 1);
  });
  endRows(numRows);
  return Column::makeNested(
      type, std::move(offsets),
      {gather(stackedKeys.column, keyRows), gather(stackedValues.column, valueRows)});
}

ColumnPtr computeStruct(const SqlType& type, std::span<const Operand> fields, size_t numRows) {
  std::vector<ColumnPtr> children;
  for (const Operand& field : fields) {
    children.push_back(materialize(field, numRows));
  }
  return Column::makeStruct(type, numRows, std::move(children));
}

ColumnPtr computeSubscript(const Operand& base, const Operand& index, Selection rows,
                           size_t numRows) {
  const Column& column = *base.column;
  const bool isMap = column.type().is(TypeKind::Map);
  std::vector<uint32_t> picked(numRows, kNoRow);
  rows.forEach([&](size_t row) {
    if (base.isNull(row) || index.isNull(row)) {
      return;
    }
    const size_t indexRow = index.rowOf(row);
    picked[row] =
        isMap ? findKey(column, base.rowOf(row), *index.column, indexRow)
              : findElement(column, base.rowOf(row), index.column->values<int32_t>()[indexRow]);
  });
  return gatherOrNull(column.children()[isMap ? 1 : 0], picked);
}

ColumnPtr computeDereference(const Operand& base, size_t fieldIndex, size_t numRows) {
  const ColumnPtr column = materialize(base, numRows);
  const ColumnPtr& child = column->children()[fieldIndex];
  if (!column->hasNulls()) {
    return child;
  }
  std::vector<uint32_t> rows(numRows);
  for (size_t row = 0; row < numRows; ++row) {
    rows[row] = column->isNull(row) ? kNoRow : static_cast<uint32_t>(row);
  }
  return gatherOrNull(child, rows);
}

namespace {

template <typename T>
ColumnPtr chooseValues(const SqlType& type, std::span<const Operand> parts,
                       std::span<const uint16_t> choice, size_t numRows) {
  std::vector<T> values(numRows);
  std::vector<uint8_t> validity;
  bool anyNull = false;
  for (size_t part = 0; part < parts.size(); ++part) {
    const T* const source = parts[part].column->values<T>().data();
    const size_t mask = parts[part].constant ? 0 : ~size_t{0};
    anyNull = anyNull || parts[part].column->hasNulls();
    for (size_t row = 0; row < numRows; ++row) {
      values[row] = choice[row] == part ? source[row & mask] : values[row];
    }
  }
  for (size_t row = 0; row < numRows && !anyNull; ++row) {
    anyNull = choice[row] == kNoChoice;
  }
  if (anyNull) {
    validity.resize(numRows);
    for (size_t row = 0; row < numRows; ++row) {
      const bool isNull = choice[row] == kNoChoice || parts[choice[row]].isNull(row);
      validity[row] = isNull ? 0 : 1;
    }
  }
  std::vector<Owner> owners;
  if constexpr (std::is_same_v<T, std::string_view>) {
    owners = ownersOf(parts);
  }
  return Column::make(type, std::move(values), std::move(validity), std::move(owners));
}

}  // namespace

ColumnPtr choose(const SqlType& type, std::span<const Operand> parts,
                 std::span<const uint16_t> choice, size_t numRows) {
  if (parts.empty()) {
    return Column::makeNulls(type, numRows);
  }
  if (!type.isNested()) {
    return visitPhysical(type.kind(), [&](auto identity) {
      return chooseValues<typename decltype(identity)::type>(type, parts, choice, numRows);
    });
  }
  const Stacked stacked = stack(parts);
  std::vector<uint32_t> rows(numRows, kNoRow);
  for (size_t row = 0; row < numRows; ++row) {
    if (choice[row] != kNoChoice) {
      rows[row] = stacked.rowOf(parts, choice[row], row);
    }
  }
  return gatherOrNull(stacked.column, rows);
}

}  // namespace auspex::operators
