// SPDX-License-Identifier: Apache-2.0
// What several commits changed, written to the store below at once.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stateStore/ByteStore.h"
#include "stateStore/ErasedKeys.h"
#include "stateStore/Overlay.h"

namespace auspex::stateStore {

/// Keeps what apply() is given in memory and writes it to the store below after some commits, each
/// changed row once: a row that every commit changes is not inserted, logged and compacted for
/// each. What was not written yet when the process ends is restored from the changelog, as always
/// from the marker on that lies below. Reads see everything; those by range, and snapshots, write
/// first.
class WriteBehindStore final : public ByteStore {
 public:
  /// When what waits is written: whichever comes first.
  struct Limits {
    std::size_t commits = 1;  ///< calls of apply()
    std::size_t bytes = 0;
  };

  /// `numStores`: of the store below, the meta store not counted.
  WriteBehindStore(std::unique_ptr<ByteStore> below, std::size_t numStores, Limits limits);

  void multiGet(StoreIndex store, std::span<const std::string_view> keys, Arena& arena,
                std::span<std::optional<std::string_view>> values) const override;
  void scan(StoreIndex store, std::string_view begin, std::optional<std::string_view> end,
            const RowVisitor& visitor) const override;
  void apply(WriteBatchView changes) override;
  void sync() override;
  std::unique_ptr<const ByteReader> snapshot() const override;
  std::unique_ptr<SortedRun> writeRun(WriteBatchView sorted) override;
  void ingest(std::vector<std::unique_ptr<SortedRun>> runs) override;

 private:
  void eraseRange(const RowChange& range);
  // Reading a range writes what waits: nobody sees a difference.
  void writeAll() const;
  void writeAllLocked() const;

  std::unique_ptr<ByteStore> below_;
  Limits limits_;
  mutable std::mutex mutex_;                // guards what follows
  mutable std::vector<Overlay> waiting_;    // by StoreIndex
  mutable std::vector<ErasedRows> ranges_;  // may still lie below
  mutable std::size_t numCommits_ = 0;
};

}  // namespace auspex::stateStore
