// SPDX-License-Identifier: Apache-2.0
// Topics, their settings, and offsets of partitions and groups.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/brokers/kafka/KafkaHandle.h"

namespace auspex::engine {

/// What Broker says about topics and offsets. Any thread. Every call waits for a broker as
/// KafkaPatience does. Throws BrokerError(Rejected) for what does not exist or is refused.
class KafkaAdmin {
 public:
  explicit KafkaAdmin(std::shared_ptr<const KafkaBrokerOptions> options);

  /// May be ten seconds old, except right after a change through this object.
  std::optional<TopicDescription> topic(const std::string& name);
  /// The topic as it is now.
  std::optional<TopicDescription> freshTopic(const std::string& name);
  /// The next topic() looks it up: somebody seems to have changed it.
  void forget(const std::string& name);
  std::vector<std::string> topics();
  /// Kept for ever unless retention.ms says otherwise, and open to timestamps in the future.
  void createTopic(const TopicSpec& given);
  void deleteTopic(const std::string& name);
  int64_t beginOffset(const TopicPartition& partition);
  int64_t endOffset(const TopicPartition& partition, Isolation isolation);
  Offsets committedOffsets(const std::string& group, const std::vector<TopicPartition>& partitions);
  /// Returns when the group has a coordinator that answers (about any partition).
  void awaitGroup(const std::string& group, const TopicPartition& partition);
  void deleteRecords(const TopicPartition& partition, int64_t offset);
  /// Throws BrokerError(Rejected) when the topic has no such partition.
  void checkPartition(const TopicPartition& partition);

 private:
  using Milliseconds = std::chrono::milliseconds;

  struct Known {
    TopicDescription description;
    std::chrono::steady_clock::time_point time;
  };

  rd_kafka_s* handle(Isolation isolation);
  int64_t offsetAt(const TopicPartition& partition, int64_t timestamp, Isolation isolation);
  std::optional<TopicDescription> lookUpTopic(const std::string& name, Milliseconds timeout);
  bool describeConfig(TopicDescription& topic, Milliseconds timeout);
  /// Number of partitions that have a leader; nothing when the topic does not exist.
  std::optional<int32_t> countPartitions(const std::string& name, Milliseconds timeout);
  /// stable: waits for pending transactions.
  Offsets fetchOffsets(const std::string& group, const std::vector<TopicPartition>& partitions,
                       bool stable);
  void requestTopic(const TopicSpec& spec, Milliseconds timeout);
  void awaitTopic(const std::string& name, Milliseconds timeout);

  const std::shared_ptr<const KafkaBrokerOptions> options_;
  const KafkaHandle committed_;
  std::mutex mutex_;  // guards what follows
  KafkaHandle uncommitted_;
  std::map<std::string, Known> known_;
};

}  // namespace auspex::engine
