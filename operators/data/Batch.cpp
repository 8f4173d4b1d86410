// SPDX-License-Identifier: Apache-2.0
#include "operators/data/Batch.h"

#include <utility>

namespace auspex::operators {

namespace {

template <typename T>
std::vector<T> pickRows(const std::vector<T>& values, std::span<const uint32_t> rows) {
  if (values.empty()) {
    return {};
  }
  std::vector<T> result(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    result[i] = values[rows[i]];
  }
  return result;
}

std::vector<ColumnPtr> gatherColumns(const std::vector<ColumnPtr>& columns,
                                     std::span<const uint32_t> rows) {
  std::vector<ColumnPtr> result;
  result.reserve(columns.size());
  for (const ColumnPtr& column : columns) {
    result.push_back(column ? gather(column, rows) : nullptr);
  }
  return result;
}

bool isIdentity(std::span<const uint32_t> rows, size_t numRows) {
  if (rows.size() != numRows) {
    return false;
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != i) {
      return false;
    }
  }
  return true;
}

void checkColumns(const std::vector<ColumnPtr>& columns, size_t numRows) {
  for (const ColumnPtr& column : columns) {
    AUSPEX_ASSERT(column == nullptr || column->size() == numRows);
  }
}

}  // namespace

Batch gatherRows(const Batch& batch, std::span<const uint32_t> rows) {
  if (isIdentity(rows, batch.numRows)) {
    return batch;
  }
  Batch result;
  result.numRows = rows.size();
  result.columns = gatherColumns(batch.columns, rows);
  result.present = pickRows(batch.present, rows);
  result.carriesOld = batch.carriesOld;
  result.oldColumns = gatherColumns(batch.oldColumns, rows);
  result.oldPresent = pickRows(batch.oldPresent, rows);
  result.timestamps = pickRows(batch.timestamps, rows);
  result.drawIndex = pickRows(batch.drawIndex, rows);
  return result;
}

std::vector<ColumnPtr> pickColumns(std::span<const ColumnPtr> columns,
                                   std::span<const size_t> positions) {
  std::vector<ColumnPtr> picked;
  for (const size_t position : positions) {
    picked.push_back(columns[position]);
  }
  return picked;
}

std::vector<ColumnPtr> placeColumns(std::vector<ColumnPtr> columns,
                                    std::span<const size_t> positions, size_t numColumns) {
  std::vector<ColumnPtr> placed(numColumns);
  for (size_t i = 0; i < columns.size(); ++i) {
    placed[positions[i]] = std::move(columns[i]);
  }
  return placed;
}

void checkBatch(const Batch& batch) {
  checkColumns(batch.columns, batch.numRows);
  AUSPEX_ASSERT(batch.present.empty() || batch.present.size() == batch.numRows);
  AUSPEX_ASSERT(batch.timestamps.size() == batch.numRows);
  AUSPEX_ASSERT(batch.drawIndex.size() == batch.numRows);
  for (size_t i = 1; i < batch.drawIndex.size(); ++i) {
    AUSPEX_ASSERT(batch.drawIndex[i - 1] <= batch.drawIndex[i]);
  }
  if (batch.carriesOld) {
    AUSPEX_ASSERT(batch.oldColumns.size() == batch.columns.size());
    checkColumns(batch.oldColumns, batch.numRows);
    AUSPEX_ASSERT(batch.oldPresent.empty() || batch.oldPresent.size() == batch.numRows);
  } else {
    AUSPEX_ASSERT(batch.oldColumns.empty());
    AUSPEX_ASSERT(batch.oldPresent.empty());
  }
}

}  // namespace auspex::operators
