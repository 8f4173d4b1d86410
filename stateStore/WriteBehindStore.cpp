// SPDX-License-Identifier: Apache-2.0
#include "stateStore/WriteBehindStore.h"

#include <algorithm>
#include <utility>

namespace auspex::stateStore {

namespace {

std::size_t positionOf(StoreIndex store) {
  return static_cast<std::size_t>(store);
}

}  // namespace

WriteBehindStore::WriteBehindStore(std::unique_ptr<ByteStore> below, std::size_t numStores,
                                   Limits limits)
    : below_(std::move(below)), limits_(limits), waiting_(numStores + 1) {
}

void WriteBehindStore::multiGet(StoreIndex store, std::span<const std::string_view> keys,
                                Arena& arena,
                                std::span<std::optional<std::string_view>> values) const {
  const std::lock_guard lock(mutex_);
  const Overlay& waiting = waiting_[positionOf(store)];
  if (waiting.changed().empty() && ranges_.empty()) {
    below_->multiGet(store, keys, arena, values);
    return;
  }
  std::vector<std::size_t> missing;
  std::vector<std::string_view> missingKeys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (const auto entry = waiting.find(keys[i])) {
      const std::optional<std::string_view> value = waiting.value(*entry);
      values[i] = value ? std::optional(arena.copy(*value)) : std::nullopt;
    } else if (isErased(ranges_, store, keys[i])) {
      values[i] = std::nullopt;
    } else {
      missing.push_back(i);
      missingKeys.push_back(keys[i]);
    }
  }
  std::vector<std::optional<std::string_view>> found(missing.size());
  below_->multiGet(store, missingKeys, arena, found);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    values[missing[i]] = found[i];
  }
}

void WriteBehindStore::scan(StoreIndex store, std::string_view begin,
                            std::optional<std::string_view> end, const RowVisitor& visitor) const {
  writeAll();
  below_->scan(store, begin, end, visitor);
}

void WriteBehindStore::apply(WriteBatchView changes) {
  const std::lock_guard lock(mutex_);
  for (const RowChange& change : changes) {
    if (change.rangeEnd) {
      eraseRange(change);
    }
  }
  for (const RowChange& change : changes) {
    Overlay& waiting = waiting_[positionOf(change.store)];
    if (change.rangeEnd) {
      continue;
    }
    if (change.value) {
      waiting.put(change.key, *change.value);
    } else {
      waiting.erase(change.key);
    }
  }
  ++numCommits_;
  std::size_t size = 0;
  for (const Overlay& waiting : waiting_) {
    size += waiting.sizeBytes();
  }
  if (numCommits_ >= limits_.commits || size > limits_.bytes) {
    writeAllLocked();
  }
}

// Rows that wait and are erased are never written.
void WriteBehindStore::eraseRange(const RowChange& range) {
  waiting_[positionOf(range.store)].eraseRange(range.key, *range.rangeEnd);
  for (ErasedRows& before : ranges_) {
    if (before.store == range.store && before.keys.begin == range.key) {
      before.keys.end = std::max(before.keys.end, std::string(*range.rangeEnd));
      return;
    }
  }
  ranges_.push_back({range.store, {std::string(range.key), std::string(*range.rangeEnd)}});
}

void WriteBehindStore::sync() {
  writeAll();
  below_->sync();
}

std::unique_ptr<const ByteReader> WriteBehindStore::snapshot() const {
  writeAll();
  return below_->snapshot();
}

std::unique_ptr<SortedRun> WriteBehindStore::writeRun(WriteBatchView sorted) {
  return below_->writeRun(sorted);
}

void WriteBehindStore::ingest(std::vector<std::unique_ptr<SortedRun>> runs) {
  writeAll();
  below_->ingest(std::move(runs));
}

void WriteBehindStore::writeAll() const {
  const std::lock_guard lock(mutex_);
  writeAllLocked();
}

void WriteBehindStore::writeAllLocked() const {
  if (numCommits_ == 0) {
    return;
  }
  std::vector<RowChange> changes;
  for (const ErasedRows& range : ranges_) {
    changes.push_back(range.change());
  }
  const auto numRanges = static_cast<std::ptrdiff_t>(changes.size());
  for (std::size_t store = 0; store < waiting_.size(); ++store) {
    const Overlay& waiting = waiting_[store];
    for (const Overlay::EntryIndex entry : waiting.changed()) {
      changes.push_back({static_cast<StoreIndex>(store), waiting.key(entry), waiting.value(entry)});
    }
  }
  // In key order the rows go into the memtables, and from them into files, at the least cost.
  std::sort(changes.begin() + numRanges, changes.end(),
            [](const RowChange& left, const RowChange& right) {
              return std::pair(left.store, left.key) < std::pair(right.store, right.key);
            });
  below_->apply(changes);
  for (Overlay& waiting : waiting_) {
    waiting.clear();
  }
  ranges_.clear();
  numCommits_ = 0;
}

}  // namespace auspex::stateStore
