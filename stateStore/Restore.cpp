// SPDX-License-Identifier: Apache-2.0
#include "stateStore/Restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "stateStore/Changelog.h"
#include "stateStore/MetaRows.h"
#include "stateStore/StoreError.h"

namespace auspex::stateStore {

Restore::Restore(ByteStore& bytes, std::map<std::string, StoreIndex, std::less<>> stores,
                 std::size_t bufferBytes, std::size_t ingestBytes)
    : bytes_(bytes),
      stores_(std::move(stores)),
      bufferBytes_(bufferBytes),
      ingestBytes_(ingestBytes) {
}

void Restore::add(std::string_view recordKey, std::optional<std::string_view> value,
                  std::int64_t offset) {
  const ChangelogKey key = ChangelogCodec::decodeKey(recordKey);
  const auto store = stores_.find(key.store);
  if (store == stores_.end()) {
    throw StoreError(fmt::format(
        "The changelog holds rows of the store '{}', which the query does not have (offset {})",
        key.store, offset));
  }
  const bool isMarker = ChangelogCodec::isMarkerKey(recordKey);
  if (isMarker && !value) {
    throw StoreError(fmt::format("Commit marker without a value at changelog offset {}", offset));
  }
  if (key.store.empty() && key.key.starts_with(kErasedPrefix) && value) {
    noteRange(key.key.substr(kErasedPrefix.size()), *value);
  }
  addRow({store->second, key.key, value});
  if (isMarker) {
    sealedRanges_.insert(sealedRanges_.end(), openRanges_.begin(), openRanges_.end());
    openRanges_.clear();
    sealed_ = RestoredCommit{Marker::decode(*value), offset};
    addRow({kMetaStore, kOffsetRow, encodeOffset(offset)});
    numSealed_ = rows_.size();
  }
  if (arena_.usedBytes() + rows_.size() * sizeof(RowChange) > bufferBytes_) {
    if (std::optional<RestoredCommit> commit = applySealed()) {
      applied_ = std::move(commit);
    } else {
      spillOpen();
    }
  }
}

void Restore::noteRange(std::string_view name, std::string_view value) {
  const auto store = stores_.find(name);
  if (store == stores_.end()) {
    throw StoreError(fmt::format(
        "The changelog erases rows of the store '{}', which the query does not have", name));
  }
  openRanges_.push_back({store->second, decodeRange(value)});
}

void Restore::addRow(const RowChange& row) {
  rows_.push_back({row.store, arena_.copy(row.key),
                   row.value ? std::optional(arena_.copy(*row.value)) : std::nullopt});
}

std::optional<RestoredCommit> Restore::applySealed() {
  if (!sealed_) {
    return std::exchange(applied_, std::nullopt);
  }
  assert(numSealed_ > 0);
  std::vector<RowChange> sorted = sortedRows(0, numSealed_);
  if (openRuns_.empty() && arena_.usedBytes() < ingestBytes_) {
    bytes_.apply(withRanges(std::move(sorted)));
  } else {
    // Files are durable at once but the log is not: what was applied before must not fall behind
    // them.
    bytes_.sync();
    std::vector<RowChange> last;
    if (!sealedRanges_.empty()) {
      // Runs may hold what a range erases. So it comes behind them, and with it the marker: after a
      // crash in between the same records are read again.
      const auto rows = std::partition_point(
          sorted.begin(), sorted.end(), [](const auto& row) { return row.store == kMetaStore; });
      last = withRanges({sorted.begin(), rows});
      sorted.erase(sorted.begin(), rows);
    }
    openRuns_.push_back(bytes_.writeRun(sorted));
    bytes_.ingest(std::exchange(openRuns_, {}));
    if (!last.empty()) {
      bytes_.apply(last);
    }
  }
  sealedRanges_.clear();
  dropSealed();
  applied_.reset();
  return std::exchange(sealed_, std::nullopt);
}

/// The rows that no sealed range erases, behind the ranges.
std::vector<RowChange> Restore::withRanges(std::vector<RowChange> rows) const {
  std::vector<RowChange> changes;
  for (const ErasedRows& range : sealedRanges_) {
    changes.push_back(range.change());
  }
  for (const RowChange& row : rows) {
    if (!isErased(sealedRanges_, row.store, row.key)) {
      changes.push_back(row);
    }
  }
  return changes;
}

void Restore::spillOpen() {
  assert(numSealed_ == 0);
  openRuns_.push_back(bytes_.writeRun(sortedRows(0, rows_.size())));
  rows_.clear();
  arena_.clear();
}

std::vector<RowChange> Restore::sortedRows(std::size_t begin, std::size_t end) const {
  std::vector<RowChange> sorted(rows_.begin() + static_cast<std::ptrdiff_t>(begin),
                                rows_.begin() + static_cast<std::ptrdiff_t>(end));
  const auto key = [](const RowChange& row) { return std::pair(row.store, row.key); };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&key](const auto& left, const auto& right) { return key(left) < key(right); });
  // Of equal keys the last stays: walk from the end, where it comes first.
  const auto kept = std::unique(
      sorted.rbegin(), sorted.rend(),
      [&key](const RowChange& left, const RowChange& right) { return key(left) == key(right); });
  sorted.erase(sorted.begin(), kept.base());
  return sorted;
}

void Restore::dropSealed() {
  Arena arena;
  std::vector<RowChange> rows;
  for (std::size_t i = numSealed_; i < rows_.size(); ++i) {
    const RowChange& row = rows_[i];
    rows.push_back({row.store, arena.copy(row.key),
                    row.value ? std::optional(arena.copy(*row.value)) : std::nullopt});
  }
  arena_ = std::move(arena);
  rows_ = std::move(rows);
  numSealed_ = 0;
}

}  // namespace auspex::stateStore
