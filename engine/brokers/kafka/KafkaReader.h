// SPDX-License-Identifier: Apache-2.0
// Reads one partition of Kafka: librdkafka's messages are handed out as views, without a copy.
#pragma once

#include <optional>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/kafka/KafkaReaderPool.h"

namespace auspex::engine {

/// See PartitionReader. While Kafka is away nothing new comes; librdkafka connects again by itself.
class KafkaReader final : public PartitionReader {
 public:
  /// Throws BrokerError(Rejected) when librdkafka refuses to read the partition.
  KafkaReader(std::shared_ptr<KafkaReaderPool> pool, TopicPartition partition, int64_t position,
              Isolation isolation, std::shared_ptr<Wakeup> wakeup);
  ~KafkaReader() override;
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;

  std::shared_ptr<const operators::FetchedRecords> poll(size_t maxRecords) override;
  int64_t position() const override { return position_; }
  bool atEnd() const override { return atEnd_; }

 private:
  void start();
  bool take(rd_kafka_message_s* message, operators::FetchedRecords& fetched);
  void noteError(const rd_kafka_message_s& message);
  void askForMore(size_t numRecords);

  const std::shared_ptr<KafkaReaderPool> pool_;
  const TopicPartition partition_;
  const std::shared_ptr<Wakeup> wakeup_;
  std::shared_ptr<KafkaFetcher> fetcher_;
  KafkaTopicHandle topic_;
  KafkaQueueHandle queue_;
  int64_t position_;
  bool atEnd_ = false;
  std::optional<BrokerError> error_;  // to be thrown once the records before it are handed out
  std::vector<rd_kafka_message_s*> messages_;
  size_t recordsSinceNudge_ = 0;
  size_t bytesSinceNudge_ = 0;
  int32_t brokerId_ = -1;
};

}  // namespace auspex::engine
