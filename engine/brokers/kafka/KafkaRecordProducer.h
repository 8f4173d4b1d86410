// SPDX-License-Identifier: Apache-2.0
// Records outside of transactions on Kafka.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/brokers/Broker.h"
#include "engine/brokers/kafka/KafkaAdmin.h"

namespace auspex::engine {

/// See RecordProducer. Idempotent: librdkafka repeats what got no answer, and Kafka drops what it
/// has already. Waits for a broker only to look up a topic.
class KafkaRecordProducer final : public RecordProducer {
 public:
  /// Throws BrokerError(Fatal) naming the property that librdkafka does not take.
  KafkaRecordProducer(std::shared_ptr<const KafkaBrokerOptions> options,
                      std::shared_ptr<KafkaAdmin> admin);
  /// What is not sent yet is dropped.
  ~KafkaRecordProducer() override;
  KafkaRecordProducer(const KafkaRecordProducer&) = delete;
  KafkaRecordProducer& operator=(const KafkaRecordProducer&) = delete;

  void send(const std::string& topic, std::span<const operators::OutgoingRecord> records) override;

 private:
  struct Topic {
    TopicDescription description;
    KafkaTopicHandle handle;
  };

  void open();
  void close();
  Topic& topicFor(const std::string& name);
  void drainReports();

  const std::shared_ptr<const KafkaBrokerOptions> options_;
  const std::shared_ptr<KafkaAdmin> admin_;
  KafkaHandle handle_;
  KafkaQueueHandle reports_;
  std::map<std::string, Topic> topics_;  // handles end before handle_
};

}  // namespace auspex::engine
