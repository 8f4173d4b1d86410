// SPDX-License-Identifier: Apache-2.0
#include "stateStore/rocksdb/StateMemory.h"

#include <rocksdb/cache.h>
#include <rocksdb/write_buffer_manager.h>

namespace auspex::stateStore {

StateMemory::StateMemory(std::size_t totalBytes)
    : totalBytes_(totalBytes),
      cache_(rocksdb::NewLRUCache(totalBytes)),
      writeBuffers_(std::make_shared<rocksdb::WriteBufferManager>(totalBytes / 4, cache_)) {
}

std::size_t StateMemory::usedBytes() const {
  return cache_->GetUsage();
}

}  // namespace auspex::stateStore
