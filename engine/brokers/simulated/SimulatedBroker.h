// SPDX-License-Identifier: Apache-2.0
// A broker in memory for tests: Kafka's transactions, isolation, groups and fencing, deterministic
// by seed, and able to fail in every way of Faults, a crash of the process at any step included.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/simulated/Faults.h"
#include "engine/brokers/simulated/SimulatedLog.h"

namespace auspex::engine {

class SimulatedCore;

/// A record as tests look at it.
struct SimulatedRead {
  int64_t offset = 0;
  SimulatedRecord record;
};

/// Outlives the "process": after a SimulatedCrash, restart() it and build the engine anew on it.
/// What was committed is there, what was open is aborted when its transactional id is opened again,
/// and handles of the dead process throw SimulatedCrash for ever.
///
///   for (uint64_t step = 1; !done; ++step) {      // crash at every step
///     SimulatedBroker broker(seed);
///     broker.setFaults({.crashAtStep = step});
///     try { runEngine(broker); done = true; } catch (const SimulatedCrash&) { broker.restart(); }
///     broker.setFaults({}); runEngine(broker); compare(broker.records("SINK", 0));
///   }
///
/// Any thread; a single thread gives the same run for the same seed.
class SimulatedBroker final : public Broker {
 public:
  explicit SimulatedBroker(uint64_t seed = 0);
  ~SimulatedBroker() override;

  // For tests: none of these is a step or can fail by Faults.

  void setFaults(const Faults& faults);
  /// Steps since the construction or the last restart().
  uint64_t steps() const;
  /// Ends the process, crashed or not, and starts the next: its memberships are gone.
  void restart();
  bool crashed() const;
  /// Writes records that are committed at once.
  void append(const std::string& topic, std::span<const operators::OutgoingRecord> records);
  /// Everything a reader of that isolation would get from the beginning, or from an offset that it
  /// has.
  std::vector<SimulatedRead> records(const std::string& topic, int32_t partition,
                                     Isolation isolation = Isolation::ReadCommitted,
                                     int64_t from = 0) const;
  /// 0: there is no such topic.
  int32_t numPartitions(const std::string& topic) const;
  /// Readers find the end of every partition of the topic at this offset, until it is moved: a test
  /// chooses which record is read next. Behind it must stand a record or the end, not a marker.
  void limitReads(const std::string& topic, int64_t offset);
  /// Alters max.message.bytes of the topic, as an administrator does while engines run.
  void limitRecordBytes(const std::string& topic, size_t bytes);
  /// How long committedOffsets() waits for an open transaction before it throws Unavailable.
  void setPendingOffsetsTimeout(std::chrono::milliseconds timeout);
  /// All members of the group lose their partitions, as after missed heartbeats.
  void loseMemberships(const std::string& group);
  /// Somebody else opens that id: its producer is fenced, its transaction aborted.
  void fence(const std::string& transactionalId);

  std::string describe() const override;
  std::optional<TopicDescription> topic(const std::string& name) override;
  std::vector<std::string> topics() override;
  void createTopic(const TopicSpec& spec) override;
  void deleteTopic(const std::string& name) override;
  int64_t beginOffset(const TopicPartition& partition) override;
  int64_t endOffset(const TopicPartition& partition, Isolation isolation) override;
  Offsets committedOffsets(const std::string& group,
                           const std::vector<TopicPartition>& partitions) override;
  void deleteRecords(const TopicPartition& partition, int64_t offset) override;
  std::unique_ptr<PartitionReader> openReader(const TopicPartition& partition, int64_t position,
                                              Isolation isolation,
                                              std::shared_ptr<Wakeup> wakeup) override;
  std::unique_ptr<TransactionalProducer> openProducer(const std::string& transactionalId) override;
  std::unique_ptr<RecordProducer> openRecordProducer() override;
  std::unique_ptr<Membership> join(const MembershipSpec& spec) override;

 private:
  std::shared_ptr<SimulatedCore> core_;
};

}  // namespace auspex::engine
