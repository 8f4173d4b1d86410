// SPDX-License-Identifier: Apache-2.0
// Turns a changelog back into rows: collects records, counts them only when the marker that ends
// their transaction is seen, and hands them to the stores sorted. TaskState owns one while
// restoring.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stateStore/Arena.h"
#include "stateStore/ByteStore.h"
#include "stateStore/ErasedKeys.h"
#include "stateStore/Marker.h"

namespace auspex::stateStore {

/// What is in force once sealed rows are applied.
struct RestoredCommit {
  Marker marker;
  std::int64_t changelogOffset;
};

/// Restores one task. One thread.
///
///   records --> rows_: [ sealed by a marker | open ]    both in memory, up to a limit
///   above the limit: sealed rows are applied; open rows alone go to a run on disk (openRuns_)
///   the next marker seals the runs and the rows after them; no marker: both are dropped
class Restore {
 public:
  /// Limits in bytes: rows in memory, and from where rows go in as sorted files. `stores` gives the
  /// position of each store by name, the meta store being "".
  Restore(ByteStore& bytes, std::map<std::string, StoreIndex, std::less<>> stores,
          std::size_t bufferBytes, std::size_t ingestBytes);

  /// Takes the next record. Throws StoreError.
  void add(std::string_view recordKey, std::optional<std::string_view> value, std::int64_t offset);

  /// Applies what is sealed, as one atomic change. Returns the commit now in force, absent if no
  /// marker was seen since the last call. Throws StoreError.
  std::optional<RestoredCommit> applySealed();

 private:
  void noteRange(std::string_view name, std::string_view value);
  std::vector<RowChange> withRanges(std::vector<RowChange> rows) const;
  void addRow(const RowChange& row);
  void spillOpen();
  std::vector<RowChange> sortedRows(std::size_t begin, std::size_t end) const;
  void dropSealed();

  ByteStore& bytes_;
  std::map<std::string, StoreIndex, std::less<>> stores_;
  std::size_t bufferBytes_;
  std::size_t ingestBytes_;
  Arena arena_;
  std::vector<RowChange> rows_;  // views into arena_, in the order of the records
  std::size_t numSealed_ = 0;
  std::vector<ErasedRows> openRanges_;
  std::vector<ErasedRows> sealedRanges_;
  std::optional<RestoredCommit> sealed_;
  std::optional<RestoredCommit> applied_;  // by add(), not yet told by applySealed()
  std::vector<std::unique_ptr<SortedRun>> openRuns_;
};

}  // namespace auspex::stateStore
