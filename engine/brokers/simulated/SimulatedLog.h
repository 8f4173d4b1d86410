// SPDX-License-Identifier: Apache-2.0
// The simulated broker's topics: partitions as Kafka keeps them, with records of open, committed
// and aborted transactions side by side, control records, and the last stable offset.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/local/TopicRules.h"

namespace auspex::engine {

using TransactionNumber = uint64_t;  // 0: not in a transaction

/// One record with bytes of its own.
struct SimulatedRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  int64_t timestamp = 0;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  uint64_t sequence = 0;  ///< counts the appends to all partitions of all topics
};

/// One partition. Not thread-safe: the broker's mutex guards it.
///
///   begin                    last stable offset        high watermark
///     | committed, aborted, control |   open transactions and after   |
class SimulatedPartition {
 public:
  int64_t beginOffset() const { return begin_; }
  int64_t highWatermark() const { return begin_ + static_cast<int64_t>(entries_.size()); }
  int64_t lastStableOffset() const;
  int64_t endOffset(Isolation isolation) const;

  void append(TransactionNumber transaction, SimulatedRecord record);
  /// Ends the transaction here: writes a control record, which takes an offset.
  void end(TransactionNumber transaction, bool commit);
  void deleteRecords(int64_t offset);

  /// Records from `position` on, at most `maxRecords`, as that isolation shows them; moves
  /// `position` behind everything handed out or skipped.
  std::vector<std::pair<int64_t, std::shared_ptr<const SimulatedRecord>>> read(
      int64_t& position, size_t maxRecords, Isolation isolation) const;

 private:
  struct Entry {
    TransactionNumber transaction = 0;
    std::shared_ptr<const SimulatedRecord> record;  // null: a control record
  };

  int64_t begin_ = 0;
  std::deque<Entry> entries_;
  std::map<TransactionNumber, int64_t> open_;  // with the offset of its first record
  std::set<TransactionNumber> aborted_;
};

struct SimulatedTopic {
  TopicDescription description;
  std::vector<SimulatedPartition> partitions;
};

/// A transaction of one producer, from begin() until its last marker is written.
struct SimulatedTransaction {
  std::set<TopicPartition> partitions;
  std::map<std::string, Offsets> offsets;         // by group
  bool commit = false;                            // what the markers will say
  std::map<TopicPartition, uint64_t> markersDue;  // with the call at which each is written
  bool ended = false;
};

/// All topics, transactions and group offsets. Not thread-safe: the broker's mutex guards it.
class SimulatedLog {
 public:
  void createTopic(const TopicSpec& spec);
  void deleteTopic(const std::string& name);
  const std::map<std::string, SimulatedTopic>& topics() const { return topics_; }
  /// Throw BrokerError(Rejected) when there is no such topic or partition.
  SimulatedTopic& topic(const std::string& name);
  SimulatedPartition& partition(const TopicPartition& partition);

  /// Opens (fences, settles what is open); returns the epoch of the new owner.
  uint64_t openProducer(const std::string& transactionalId);
  uint64_t epoch(const std::string& transactionalId) const;
  TransactionNumber begin(const std::string& transactionalId);
  void append(TransactionNumber transaction, const std::string& topic,
              const operators::OutgoingRecord& record);
  void addOffsets(TransactionNumber transaction, const std::string& group, const Offsets& offsets);
  /// Decides the transaction; its markers follow at the given calls (now when absent).
  void end(TransactionNumber transaction, bool commit,
           const std::map<TopicPartition, uint64_t>& markersDue);
  const SimulatedTransaction& transaction(TransactionNumber number) const;
  /// Writes the markers that are due at call `now`; true: there were some.
  bool writeMarkers(uint64_t now);
  /// Writes the markers of the transactional id's or the group's decided transactions at once.
  void settleProducer(const std::string& transactionalId);
  void settleGroup(const std::string& group);
  /// An undecided transaction has offsets of these partitions of the group.
  bool hasPendingOffsets(const std::string& group,
                         const std::vector<TopicPartition>& partitions) const;
  Offsets committedOffsets(const std::string& group,
                           const std::vector<TopicPartition>& partitions) const;

 private:
  struct Producer {
    uint64_t epoch = 0;
    std::optional<TransactionNumber> transaction;  // open, or ended with markers still due
  };

  bool writeMarkers(SimulatedTransaction& transaction, TransactionNumber number, uint64_t now);
  void forgetSettled();

  std::map<std::string, SimulatedTopic> topics_;
  std::map<std::string, Producer> producers_;
  std::map<TransactionNumber, SimulatedTransaction> transactions_;  // open or with markers due
  std::map<std::string, Offsets> groupOffsets_;
  TransactionNumber nextTransaction_ = 1;
  uint64_t nextSequence_ = 0;
};

}  // namespace auspex::engine
