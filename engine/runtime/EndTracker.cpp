// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/EndTracker.h"

#include "operators/data/Assert.h"

namespace auspex::engine {

void EndTracker::addWriter(const std::string& topic) {
  const std::lock_guard lock(mutex_);
  ++writers_[topic];
}

void EndTracker::writerFinished(const std::string& topic) {
  const std::lock_guard lock(mutex_);
  int& count = writers_[topic];
  AUSPEX_ASSERT(count > 0);
  --count;
}

std::optional<int64_t> EndTracker::end(const TopicPartition& partition) {
  if (endless_) {
    return std::nullopt;
  }
  {
    const std::lock_guard lock(mutex_);
    const auto writers = writers_.find(partition.topic);
    if (writers != writers_.end() && writers->second > 0) {
      return std::nullopt;
    }
    const auto known = ends_.find(partition);
    if (known != ends_.end()) {
      return known->second;
    }
  }
  // Asked outside the lock: a broker call may take long. The high watermark, not the last stable
  // offset, since the latter may lag behind a commit that has been acknowledged.
  const int64_t end = broker_.endOffset(partition, Isolation::ReadUncommitted);
  const std::lock_guard lock(mutex_);
  return ends_.emplace(partition, end).first->second;
}

}  // namespace auspex::engine
