// SPDX-License-Identifier: Apache-2.0
#include "stateStore/memory/MemoryStore.h"

#include <cassert>
#include <utility>

namespace auspex::stateStore {

class MemoryStore::Run final : public SortedRun {
 public:
  explicit Run(WriteBatchView sorted) {
    changes_.reserve(sorted.size());
    for (const RowChange& change : sorted) {
      changes_.push_back({change.store, std::string(change.key),
                          change.value ? std::optional(std::string(*change.value)) : std::nullopt});
    }
  }

  std::vector<RowChange> view() const {
    std::vector<RowChange> rows;
    rows.reserve(changes_.size());
    for (const OwnedChange& change : changes_) {
      rows.push_back({change.store, change.key, change.value});
    }
    return rows;
  }

 private:
  struct OwnedChange {
    StoreIndex store;
    std::string key;
    std::optional<std::string> value;
  };

  std::vector<OwnedChange> changes_;
};

MemoryStore::MemoryStore(std::size_t numStores) : stores_(numStores + 1) {
}

const MemoryStore::Rows& MemoryStore::rows(StoreIndex store) const {
  const auto index = static_cast<std::size_t>(store);
  assert(index < stores_.size());
  return stores_[index];
}

void MemoryStore::multiGet(StoreIndex store, std::span<const std::string_view> keys, Arena& arena,
                           std::span<std::optional<std::string_view>> values) const {
  assert(keys.size() == values.size());
  const std::scoped_lock lock(mutex_);
  const Rows& from = rows(store);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    assert(i == 0 || keys[i - 1] < keys[i]);
    const auto row = from.find(keys[i]);
    values[i] = row == from.end() ? std::nullopt : std::optional(arena.copy(row->second));
  }
}

void MemoryStore::scan(StoreIndex store, std::string_view begin,
                       std::optional<std::string_view> end, const RowVisitor& visitor) const {
  // No lock is held across the visitor; only the task's own thread scans the live store.
  const Rows* from = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    from = &rows(store);
  }
  for (auto row = from->lower_bound(begin); row != from->end(); ++row) {
    if ((end && row->first >= *end) || !visitor(row->first, row->second)) {
      return;
    }
  }
}

void MemoryStore::apply(WriteBatchView changes) {
  const std::scoped_lock lock(mutex_);
  applyLocked(changes);
}

void MemoryStore::applyLocked(WriteBatchView changes) {
  for (const RowChange& change : changes) {
    const auto index = static_cast<std::size_t>(change.store);
    assert(index < stores_.size());
    if (change.rangeEnd) {
      stores_[index].erase(stores_[index].lower_bound(change.key),
                           stores_[index].lower_bound(*change.rangeEnd));
    } else if (change.value) {
      stores_[index].insert_or_assign(std::string(change.key), std::string(*change.value));
    } else if (const auto row = stores_[index].find(change.key); row != stores_[index].end()) {
      stores_[index].erase(row);
    }
  }
}

std::unique_ptr<const ByteReader> MemoryStore::snapshot() const {
  const std::scoped_lock lock(mutex_);
  auto copy = std::make_unique<MemoryStore>(stores_.size() - 1);
  copy->stores_ = stores_;
  return copy;
}

std::unique_ptr<SortedRun> MemoryStore::writeRun(WriteBatchView sorted) {
  return std::make_unique<Run>(sorted);
}

void MemoryStore::ingest(std::vector<std::unique_ptr<SortedRun>> runs) {
  const std::scoped_lock lock(mutex_);
  for (const std::unique_ptr<SortedRun>& run : runs) {
    applyLocked(dynamic_cast<const Run&>(*run).view());
  }
}

}  // namespace auspex::stateStore
