// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/CommittedRecords.h"

#include <algorithm>
#include <chrono>
#include <memory>

namespace auspex::engine {
namespace {

/// As many as a restore of state has at hand at once.
constexpr size_t kRecordsAtOnce = 4096;
/// How long a look at the next records lasts when none have come.
constexpr std::chrono::milliseconds kWait{20};

}  // namespace

int64_t readCommitted(Broker& broker, const TopicPartition& partition, int64_t start,
                      const std::function<void(const operators::Record& record)>& visit) {
  // The high watermark, not the last stable offset, which may lag behind a commit that has been
  // acknowledged.
  const int64_t end = broker.endOffset(partition, Isolation::ReadUncommitted);
  start = std::max(start, broker.beginOffset(partition));
  if (start >= end) {
    return start;
  }
  const auto wakeup = std::make_shared<Wakeup>();
  const auto reader = broker.openReader(partition, start, Isolation::ReadCommitted, wakeup);
  while (reader->position() < end) {
    const auto fetched = reader->poll(kRecordsAtOnce);
    if (!fetched) {
      // What was skipped, markers and aborted records, may have been all there is.
      if (reader->position() < end) {
        wakeup->wait(kWait);
      }
      continue;
    }
    for (const operators::Record& record : fetched->records) {
      if (record.offset >= end) {
        break;
      }
      visit(record);
    }
  }
  return end;
}

}  // namespace auspex::engine
