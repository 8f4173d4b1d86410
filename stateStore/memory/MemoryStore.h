// SPDX-License-Identifier: Apache-2.0
// The stores of one task in ordinary maps: for tests, and for runs that keep nothing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "stateStore/ByteStore.h"

namespace auspex::stateStore {

/// Ordered maps in memory. Snapshots copy all rows, so keep it small.
class MemoryStore final : public ByteStore {
 public:
  /// `numStores` besides the meta store.
  explicit MemoryStore(std::size_t numStores);

  void multiGet(StoreIndex store, std::span<const std::string_view> keys, Arena& arena,
                std::span<std::optional<std::string_view>> values) const override;
  void scan(StoreIndex store, std::string_view begin, std::optional<std::string_view> end,
            const RowVisitor& visitor) const override;
  void apply(WriteBatchView changes) override;
  void sync() override {}
  std::unique_ptr<const ByteReader> snapshot() const override;
  std::unique_ptr<SortedRun> writeRun(WriteBatchView sorted) override;
  void ingest(std::vector<std::unique_ptr<SortedRun>> runs) override;

 private:
  using Rows = std::map<std::string, std::string, std::less<>>;
  class Run;

  const Rows& rows(StoreIndex store) const;
  void applyLocked(WriteBatchView changes);

  mutable std::mutex mutex_;  // guards stores_
  std::vector<Rows> stores_;
};

}  // namespace auspex::stateStore
