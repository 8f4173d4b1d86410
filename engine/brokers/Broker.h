// SPDX-License-Identifier: Apache-2.0
// The narrow port to a log of topics with transactions. Three implementations: Kafka, local
// (embedded, durable) and simulated (in memory, deterministic). The same tests run against all of
// them.
#pragma once

#include <chrono>
#include <compare>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "operators/data/Record.h"

namespace auspex::engine {

/// What went wrong with a broker, by what the engine has to do about it.
enum class BrokerErrorKind : uint8_t {
  Unavailable,  ///< not reachable or timed out before anything could have happened: wait, retry
  Abortable,    ///< the transaction must be aborted and its inputs replayed
  Ambiguous,   ///< a commit that may or may not have happened: reopen the producer, compare markers
  Fenced,      ///< another producer has this transactional id: this one is over
  OutOfRange,  ///< the wanted offset is no longer there: data would be lost
  Rejected,    ///< the broker refuses an operation for good (unknown topic, not allowed)
  Refused,     ///< it refuses a record of the transaction, perhaps without saying which: replay
  Fatal        ///< anything else: the handle is unusable
};

class BrokerError : public std::runtime_error {
 public:
  BrokerError(BrokerErrorKind kind, const std::string& message)
      : std::runtime_error(message), kind_(kind) {}
  BrokerErrorKind kind() const { return kind_; }

 private:
  BrokerErrorKind kind_;
};

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  friend auto operator<=>(const TopicPartition& left, const TopicPartition& right) = default;
};

using Offsets = std::map<TopicPartition, int64_t>;

struct TopicDescription {
  std::string name;
  int32_t numPartitions = 0;
  size_t maxRecordBytes = 0;   ///< max.message.bytes
  bool logAppendTime = false;  ///< the broker overwrites timestamps: event time would be lost
  bool compacted = false;      ///< cleanup.policy contains compact: every record needs a key
  int64_t maxAgeMs = -1;       ///< oldest timestamp taken, before the broker's clock; -1: any
  int64_t maxAheadMs = -1;     ///< newest timestamp taken, after the broker's clock; -1: any
  int64_t retentionMs = -1;    ///< -1: for ever
};

struct TopicSpec {
  std::string name;
  int32_t numPartitions = 1;
  int32_t replicas = -1;                      ///< -1: the broker's default
  std::map<std::string, std::string> config;  ///< Kafka's names: cleanup.policy, retention.ms, ...
};

enum class Isolation : uint8_t { ReadCommitted, ReadUncommitted };

/// Lets a thread sleep until one of its readers or memberships has something. Any thread.
class Wakeup {
 public:
  void notify() {
    {
      const std::lock_guard lock(mutex_);
      signalled_ = true;
    }
    condition_.notify_one();
  }
  /// Returns when notified (also when it was notified since the last wait) or after `timeout`.
  void wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, timeout, [this] { return signalled_; });
    signalled_ = false;
  }

 private:
  std::mutex mutex_;  // guards signalled_
  std::condition_variable condition_;
  bool signalled_ = false;
};

/// What those who read a topic from end to end ask of poll() at a time.
inline constexpr size_t kRecordsPerPoll = 1024;

/// Reads one partition from a position on, without a group. One thread.
class PartitionReader {
 public:
  virtual ~PartitionReader() = default;
  /// The next records, at most `maxRecords`; null when there are none right now. Never blocks.
  /// Throws BrokerError (OutOfRange when the position was deleted).
  virtual std::shared_ptr<const operators::FetchedRecords> poll(size_t maxRecords) = 0;
  /// Offset after everything that poll() has handed out, control records and aborted records that
  /// were skipped included: it reaches the end offset of a quiet partition.
  virtual int64_t position() const = 0;
  /// Nothing more was there at the last look (the end that this isolation shows).
  virtual bool atEnd() const = 0;
};

/// A member of a consumer group: which partitions of the anchor topics this process has. Offsets
/// are committed through a producer's transaction. One thread.
class Membership {
 public:
  struct Change {
    std::vector<TopicPartition> assigned;  ///< new since the last change
    std::vector<TopicPartition> revoked;   ///< to be given up: finish or abort, then confirm()
    bool lost = false;                     ///< revoked ones already belong to somebody else: abort
  };
  virtual ~Membership() = default;
  virtual const std::string& group() const = 0;
  /// What changed, if anything; serves the group's heartbeat, so call it at least every second.
  /// Never blocks. A change with `revoked` must be confirmed before the next one comes.
  virtual std::optional<Change> poll() = 0;
  /// The revoked partitions of the last change are given up (their work is committed or aborted).
  virtual void confirm() = 0;
  /// Leaves the group. The destructor does so too.
  virtual void leave() = 0;
};

struct MembershipSpec {
  std::string group;
  std::vector<std::string> anchorTopics;
  std::string instanceId;  ///< stable over restarts: static membership; empty: dynamic
  std::shared_ptr<Wakeup> wakeup;
};

/// A transactional, fenced producer. One transaction at a time. One thread.
class TransactionalProducer {
 public:
  virtual ~TransactionalProducer() = default;
  virtual void begin() = 0;
  /// Adds records to the transaction, in order per partition; copies before it returns.
  /// Throws BrokerError: Rejected with the topic named, Refused when the broker did not take an
  /// earlier record of the transaction (it must be aborted after either), ...
  virtual void send(const std::string& topic,
                    std::span<const operators::OutgoingRecord> records) = 0;
  /// Commits offsets (the next offset to read) of a group with the transaction; fenced by the
  /// membership's generation.
  virtual void sendOffsets(Membership& membership, const Offsets& offsets) = 0;
  /// The same for a group nobody else is a member of (connectors, the command log's reader).
  virtual void sendOffsets(const std::string& group, const Offsets& offsets) = 0;
  /// Makes everything since begin() visible at once and durable. Throws BrokerError: Ambiguous when
  /// it cannot be known, Refused as send() does, ...
  virtual void commit() = 0;
  virtual void abort() = 0;
};

/// Sends records that readers see at once, in no transaction: requests, whose replies have to come
/// before anything is committed. Never twice; but a record that the broker could not take after all
/// is lost without a word, so the sender looks for what it brings about. One thread.
class RecordProducer {
 public:
  virtual ~RecordProducer() = default;
  /// Hands records over, in order per partition; copies them and does not wait for the broker.
  /// Throws BrokerError: Refused (too large, ...), Rejected (no such topic, ...), Unavailable (no
  /// room for more); of several records those before the one at fault may have gone.
  virtual void send(const std::string& topic,
                    std::span<const operators::OutgoingRecord> records) = 0;
};

class Broker {
 public:
  virtual ~Broker() = default;
  /// For people: "embedded broker in ./auspex-data", "Kafka at 127.0.0.1:9092".
  virtual std::string describe() const = 0;

  /// The topic, or nothing when it does not exist.
  virtual std::optional<TopicDescription> topic(const std::string& name) = 0;
  virtual std::vector<std::string> topics() = 0;
  /// Creates it and returns when it can be written. Throws BrokerError(Rejected) when it exists.
  virtual void createTopic(const TopicSpec& spec) = 0;
  virtual void deleteTopic(const std::string& name) = 0;

  virtual int64_t beginOffset(const TopicPartition& partition) = 0;
  /// ReadCommitted: the last stable offset; ReadUncommitted: the high watermark.
  virtual int64_t endOffset(const TopicPartition& partition, Isolation isolation) = 0;
  /// Committed offsets of the group for these partitions; absent where there is none. Waits for
  /// pending transactions of the group (stable offsets).
  virtual Offsets committedOffsets(const std::string& group,
                                   const std::vector<TopicPartition>& partitions) = 0;
  /// Gives the records before `offset` free (repartition topics); may do nothing.
  virtual void deleteRecords(const TopicPartition& partition, int64_t offset) = 0;

  virtual std::unique_ptr<PartitionReader> openReader(const TopicPartition& partition,
                                                      int64_t position, Isolation isolation,
                                                      std::shared_ptr<Wakeup> wakeup) = 0;
  /// Initialises transactions of that id: fences earlier owners and settles what they left open.
  virtual std::unique_ptr<TransactionalProducer> openProducer(
      const std::string& transactionalId) = 0;
  /// Outside of transactions; any number of them.
  virtual std::unique_ptr<RecordProducer> openRecordProducer() = 0;
  virtual std::unique_ptr<Membership> join(const MembershipSpec& spec) = 0;
};

}  // namespace auspex::engine
