// SPDX-License-Identifier: Apache-2.0
// A member of a consumer group on Kafka: cooperative, static when it has an instance id.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/kafka/KafkaHandle.h"

struct rd_kafka_consumer_group_metadata_s;

namespace auspex::engine {

/// See Membership. One thread, but groupMetadata() and what is const may be called by others at the
/// same time. The consumer only takes part in the group: it never reads a partition.
///
/// A static member does not tell the group that it leaves: its partitions wait for it during
/// options.sessionTimeout, and a member with the same instance id takes them over at once.
class KafkaMembership final : public Membership {
 public:
  KafkaMembership(std::shared_ptr<const KafkaBrokerOptions> options, const MembershipSpec& spec);
  ~KafkaMembership() override;
  KafkaMembership(const KafkaMembership&) = delete;
  KafkaMembership& operator=(const KafkaMembership&) = delete;

  const std::string& group() const override { return group_; }
  std::optional<Change> poll() override;
  void confirm() override;
  void leave() override;

  struct MetadataDeleter {
    void operator()(rd_kafka_consumer_group_metadata_s* metadata) const;
  };
  using GroupMetadata = std::unique_ptr<rd_kafka_consumer_group_metadata_s, MetadataDeleter>;
  /// Generation and member id as they are now; null when it has left. Any thread.
  GroupMetadata groupMetadata() const;

 private:
  /// librdkafka's callback: `code` says assign or revoke.
  void onRebalance(int code, rd_kafka_topic_partition_list_s* partitions);
  void acceptAssignment();
  void acceptRevocation();
  void serve();
  void noteError(int code, const std::string& reason);
  void closeDynamic();

  const std::string group_;
  const bool isStatic_;
  const std::shared_ptr<Wakeup> wakeup_;
  std::deque<Change> changes_;
  std::vector<TopicPartition> toConfirm_;  // of the change that poll() has returned
  std::optional<BrokerError> error_;
  bool closing_ = false;
  mutable std::mutex mutex_;  // guards left_, and with it handle_ during groupMetadata()
  bool left_ = false;
  KafkaHandle handle_;
  KafkaQueueHandle queue_;
};

}  // namespace auspex::engine
