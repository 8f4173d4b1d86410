// SPDX-License-Identifier: Apache-2.0
// A real Kafka cluster behind the Broker port, by librdkafka.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"

namespace auspex::engine {

class KafkaAdmin;
class KafkaReaderPool;

struct KafkaBrokerOptions {
  std::string bootstrapServers;  ///< host:port, several separated by commas
  /// librdkafka's properties for every connection (security.protocol, sasl.*, ...), from the
  /// operator's own configuration only: some of them run commands or load libraries.
  std::map<std::string, std::string> properties = {};
  /// Fetched records that wait to be polled, over all partitions that are being read.
  size_t readBufferBytes = 64UL * 1024 * 1024;
  /// Records of one producer that the broker has not acknowledged.
  size_t writeBufferBytes = 64UL * 1024 * 1024;
  /// After this a transaction whose owner is silent is aborted by the broker.
  std::chrono::milliseconds transactionTimeout{10'000};
  /// After this a silent member of a group loses its partitions. Kafka's least is 6 s.
  std::chrono::milliseconds sessionTimeout{10'000};
  /// One request to the broker, its repetitions included.
  std::chrono::milliseconds requestTimeout{30'000};
  /// How long to wait, while no broker is reachable, in calls that can wait; zero: for ever.
  std::chrono::milliseconds unreachableTimeout{0};
  /// Asked now and then during such a wait: true ends it with Unavailable. From any thread.
  std::function<bool()> stopWaiting = {};
  /// Told once when a wait for the broker begins to be long ("waiting for Kafka at ... to ...").
  /// From any thread. Empty: a line on standard error.
  std::function<void(const std::string&)> onWaiting = {};
};

/// Any thread; each handle by one. Handles may outlive the broker object.
///
/// Connects when first used. While no broker is reachable the calls about topics and offsets, and
/// openProducer, wait and say so; readers show nothing new; producers throw Unavailable or
/// Ambiguous.
class KafkaBroker final : public Broker {
 public:
  /// Throws BrokerError(Fatal) naming the property that librdkafka does not take.
  explicit KafkaBroker(KafkaBrokerOptions options);
  ~KafkaBroker() override;

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
  const std::shared_ptr<const KafkaBrokerOptions> options_;
  const std::shared_ptr<KafkaAdmin> admin_;
  const std::shared_ptr<KafkaReaderPool> readers_;
};

}  // namespace auspex::engine
