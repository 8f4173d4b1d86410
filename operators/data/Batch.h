// SPDX-License-Identifier: Apache-2.0
// Columns of equal length plus what every row carries: timestamp, ordinal, source coordinates, and
// for table changes the old side.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "operators/data/Column.h"

namespace auspex::operators {

/// Rows that flow between operators. What the columns mean is the plan's knowledge (positions are
/// fixed when the query is planned); a column that nobody downstream uses may be a null pointer.
///
/// Streams: `present[i] == 0` is a row with a null value (not a tombstone): its value columns are
/// null, its key columns are there.
/// Tables: one row per change with two value sides. `present` tells whether the new side exists
/// (0 = delete), `oldPresent` whether the old one does. `oldColumns` is parallel to `columns`
/// (key columns included, so that one expression evaluates on either side); it is empty when
/// nobody downstream needs the old side (`carriesOld == false`). A change is never split.
///
/// `drawIndex[i]` is the record of the current draw the row comes from (several rows may share
/// one; it never decreases), which gives ordinal, topic, partition, offset, headers and raw bytes.
struct Batch {
  size_t numRows = 0;
  std::vector<ColumnPtr> columns;
  std::vector<uint8_t> present;  ///< empty: all present
  bool carriesOld = false;
  std::vector<ColumnPtr> oldColumns;
  std::vector<uint8_t> oldPresent;  ///< empty: all present (when carriesOld)
  std::vector<int64_t> timestamps;  ///< ms since epoch, one per row
  std::vector<uint32_t> drawIndex;  ///< one per row

  bool isPresent(size_t row) const { return present.empty() || present[row] != 0; }
  bool isOldPresent(size_t row) const {
    return carriesOld && (oldPresent.empty() || oldPresent[row] != 0);
  }
};

/// The rows of `batch` picked by `rows`, in that order, with all they carry.
Batch gatherRows(const Batch& batch, std::span<const uint32_t> rows);

/// The columns at these positions.
std::vector<ColumnPtr> pickColumns(std::span<const ColumnPtr> columns,
                                   std::span<const size_t> positions);

/// The opposite: columns at these positions of `numColumns`, null pointers at the others.
std::vector<ColumnPtr> placeColumns(std::vector<ColumnPtr> columns,
                                    std::span<const size_t> positions, size_t numColumns);

/// Checks the invariants above (lengths, order of drawIndex); aborts when broken. For tests and
/// paranoid builds.
void checkBatch(const Batch& batch);

}  // namespace auspex::operators
