// SPDX-License-Identifier: Apache-2.0
// The memory that all RocksDB states of a process share, so that the number of tasks does not
// decide how much is used.
#pragma once

#include <cstddef>
#include <memory>

namespace rocksdb {
class Cache;
class WriteBufferManager;
}  // namespace rocksdb

namespace auspex::stateStore {

/// One block cache for all stores of the process; memtables are charged to it. Any thread.
class StateMemory {
 public:
  /// `totalBytes` for blocks, indexes, filters and memtables together; a quarter is for memtables.
  explicit StateMemory(std::size_t totalBytes);

  std::size_t totalBytes() const { return totalBytes_; }
  std::size_t usedBytes() const;

  const std::shared_ptr<rocksdb::Cache>& cache() const { return cache_; }
  const std::shared_ptr<rocksdb::WriteBufferManager>& writeBuffers() const { return writeBuffers_; }

 private:
  std::size_t totalBytes_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> writeBuffers_;
};

}  // namespace auspex::stateStore
