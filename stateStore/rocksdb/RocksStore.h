// SPDX-License-Identifier: Apache-2.0
// The stores of one task in one RocksDB: a column family for meta and one per store, one
// write-ahead log for all, so that a commit is one atomic write.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "stateStore/ByteStore.h"

namespace auspex::stateStore {

class StateMemory;

/// A RocksDB directory. RocksDB's own errors become StoreError with the path and the reason.
class RocksStore final : public ByteStore {
 public:
  /// Opens or creates the directory. The meta store is added to the names. Throws StoreError, also
  /// if the directory holds rows of a store that is not named.
  RocksStore(std::filesystem::path directory, const std::vector<std::string>& storeNames,
             std::shared_ptr<const StateMemory> memory);
  ~RocksStore() override;

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
  class Database;
  class Run;
  class Snapshot;

  std::shared_ptr<Database> database_;
  std::uint64_t nextRun_ = 1;
};

}  // namespace auspex::stateStore
