// SPDX-License-Identifier: Apache-2.0
// What the embedded broker knows besides the records: topics, partitions, group offsets and
// producer epochs. It changes only by sections of the journal, so that replaying them gives it
// back.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/local/JournalFrame.h"
#include "engine/brokers/local/Segment.h"
#include "engine/brokers/local/TopicRules.h"

namespace auspex::engine {

/// What one segment has of a partition.
struct PlacedExtent {
  uint64_t segment = 0;
  Extent extent;
};

/// One partition. Offsets and `deleted` may be read by any thread; `extents` belongs to the state.
class LocalPartition {
 public:
  LocalPartition(TopicPartition topicPartition, PartitionId partitionId)
      : name(std::move(topicPartition)), id(partitionId) {}

  void addWakeup(const std::shared_ptr<Wakeup>& wakeup);
  void notify();

  const TopicPartition name;
  const PartitionId id;
  std::atomic<int64_t> beginOffset = 0;
  std::atomic<int64_t> nextOffset = 0;  ///< everything before it may be read
  std::atomic<bool> deleted = false;
  std::vector<PlacedExtent> extents;  ///< in offset order, none wholly before beginOffset

 private:
  std::mutex mutex_;  // guards wakeups_
  std::vector<std::weak_ptr<Wakeup>> wakeups_;
};

struct LocalTopic {
  uint32_t id = 0;
  TopicSpec spec;
  TopicSettings settings;
  std::vector<std::shared_ptr<LocalPartition>> partitions;
};

using ProducerEpoch = std::atomic<uint64_t>;

/// Not thread-safe: LocalLog guards it.
class LocalState {
 public:
  /// Takes over what a frame of `segment` says. Sections of topics deleted since are passed over.
  void apply(uint64_t segment, const Section& section);
  /// Records of a segment older than the newest, at start. settleExtents() when all are told.
  void addExtent(uint64_t segment, const PartitionId& id, const Extent& extent);
  void settleExtents();
  /// Everything but the records, as the first frame of a new segment.
  std::vector<Section> checkpoint() const;

  const std::map<std::string, std::shared_ptr<LocalTopic>>& topics() const { return topics_; }
  /// Throw BrokerError(Rejected) when there is no such topic or partition.
  const std::shared_ptr<LocalTopic>& topic(const std::string& name) const;
  const std::shared_ptr<LocalPartition>& partition(const TopicPartition& name) const;
  Offsets committedOffsets(const std::string& group,
                           const std::vector<TopicPartition>& partitions) const;
  /// The current epoch of the id; 0 when it was never opened.
  const std::shared_ptr<ProducerEpoch>& epoch(const std::string& transactionalId);
  uint32_t nextTopicId() const { return nextTopicId_; }

 private:
  void create(const TopicCreatedSection& section);
  void remove(const TopicDeletedSection& section);
  void addRun(uint64_t segment, const RunSection& run);
  void moveBegin(LocalPartition& partition, int64_t offset);
  LocalPartition* find(const PartitionId& id) const;

  std::map<std::string, std::shared_ptr<LocalTopic>> topics_;
  std::map<uint32_t, std::shared_ptr<LocalTopic>> topicsById_;
  std::map<std::string, Offsets> groupOffsets_;
  std::map<std::string, std::shared_ptr<ProducerEpoch>> epochs_;
  uint32_t nextTopicId_ = 1;
};

}  // namespace auspex::engine
