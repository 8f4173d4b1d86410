// SPDX-License-Identifier: Apache-2.0
// The embedded broker without its handles: the journal and the state that it describes, under their
// locks, and the thread that syncs and gives space back.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/local/GroupCoordinator.h"
#include "engine/brokers/local/Journal.h"
#include "engine/brokers/local/LocalState.h"

namespace auspex::engine {

struct LocalBrokerOptions {
  JournalOptions journal;
  size_t spillBytes = 8 * 1024 * 1024;  ///< a transaction keeps that much in memory, more in a file
  /// How often it syncs, applies retention and gives segments back. Zero: only when told to.
  std::chrono::milliseconds maintenanceInterval{1000};
  /// Wall clock, ms since epoch, for retention and LogAppendTime; empty: the system's.
  std::function<int64_t()> now;
};

/// Records of one partition that a transaction has gathered.
struct PendingRun {
  std::shared_ptr<LocalPartition> partition;
  uint32_t numRecords = 0;
  int64_t maxTimestamp = 0;
  uint32_t sizeBytes = 0;
  uint32_t checksum = 0;
  std::string bytes;  ///< empty once spilled
};

/// What one commit makes visible.
struct PendingTransaction {
  std::vector<PendingRun> runs;  ///< in order per partition; the first `numSpilled` lie in `spill`
  size_t numSpilled = 0;
  std::unique_ptr<JournalFile> spill;
  uint64_t spillBytes = 0;
  std::vector<GroupOffsetSection> offsets;
};

/// A run of records where a reader finds it.
struct RunSource {
  std::shared_ptr<Segment> segment;
  RunPlace place;
};

/// Any thread. Locks, in this order: write (one writer of the journal), state.
class LocalLog {
 public:
  explicit LocalLog(LocalBrokerOptions options);
  ~LocalLog();
  LocalLog(const LocalLog&) = delete;
  LocalLog& operator=(const LocalLog&) = delete;

  const LocalBrokerOptions& options() const { return options_; }
  GroupCoordinator& groups() { return *groups_; }
  int64_t now() const;

  std::shared_ptr<const LocalTopic> findTopic(const std::string& name) const;
  std::vector<std::string> topicNames() const;
  std::shared_ptr<LocalPartition> partition(const TopicPartition& name) const;
  void createTopic(const TopicSpec& spec);
  void deleteTopic(const std::string& name);
  void deleteRecords(const TopicPartition& name, int64_t offset);
  Offsets committedOffsets(const std::string& group,
                           const std::vector<TopicPartition>& partitions) const;

  struct OpenedProducer {
    std::shared_ptr<const ProducerEpoch> current;
    uint64_t epoch = 0;
  };
  OpenedProducer openProducer(const std::string& transactionalId);
  /// Writes the transaction as one frame and shows it. Throws BrokerError: Fenced when another
  /// producer has the id, Rejected when a topic is gone, Unavailable when it could not be written;
  /// nothing of it is there then.
  void commit(const std::string& transactionalId, const OpenedProducer& producer,
              const PendingTransaction& transaction);

  /// Runs of the partition from `position` on that begin before `end`, a few at a time. Throws
  /// BrokerError: OutOfRange when they were deleted, Fatal when they are missing.
  std::vector<RunSource> findRuns(const LocalPartition& partition, int64_t position, int64_t end);

  /// One round of the background thread: sync, retention, segments with nothing live are removed.
  void maintain();

 private:
  void write(const std::vector<Section>& sections, const FrameBody& body);
  void applyRetention();
  void removeDeadSegments();
  void runMaintenance(const std::stop_token& stop);

  const LocalBrokerOptions options_;
  std::shared_ptr<GroupCoordinator> groups_ = std::make_shared<GroupCoordinator>();
  std::mutex writeMutex_;  // one writer: guards the journal's end, state_ against writers
  mutable std::shared_mutex stateMutex_;  // guards state_ against readers
  LocalState state_;
  std::unique_ptr<Journal> journal_;
  std::mutex maintenanceMutex_;  // guards the waiting of maintenance_
  std::condition_variable_any maintenanceWake_;
  std::jthread maintenance_;  // last: it uses all of the above
};

/// Throws BrokerError(OutOfRange) that names the position and what is there.
[[noreturn]] void failOutOfRange(const LocalPartition& partition, int64_t position);

}  // namespace auspex::engine
