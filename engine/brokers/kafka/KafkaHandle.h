// SPDX-License-Identifier: Apache-2.0
// RAII owners of librdkafka's objects and how its instances are configured and logged. Its own
// header stays in the .cpp files of this folder.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/brokers/kafka/KafkaBroker.h"

extern "C" {
struct rd_kafka_s;
struct rd_kafka_topic_s;
struct rd_kafka_queue_s;
struct rd_kafka_conf_s;
struct rd_kafka_error_s;
struct rd_kafka_message_s;
struct rd_kafka_topic_partition_list_s;
}

namespace auspex::engine {

struct KafkaDeleter {
  void operator()(rd_kafka_s* kafka) const;
  void operator()(rd_kafka_topic_s* topic) const;
  void operator()(rd_kafka_queue_s* queue) const;
  void operator()(rd_kafka_conf_s* conf) const;
  void operator()(rd_kafka_error_s* error) const;
  void operator()(rd_kafka_topic_partition_list_s* list) const;
};

/// Destroys without closing a consumer: who wants to leave a group closes it before.
using KafkaHandle = std::unique_ptr<rd_kafka_s, KafkaDeleter>;
using KafkaTopicHandle = std::unique_ptr<rd_kafka_topic_s, KafkaDeleter>;
using KafkaQueueHandle = std::unique_ptr<rd_kafka_queue_s, KafkaDeleter>;
using KafkaConf = std::unique_ptr<rd_kafka_conf_s, KafkaDeleter>;
using KafkaErrorHandle = std::unique_ptr<rd_kafka_error_s, KafkaDeleter>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_s, KafkaDeleter>;

/// Room for a text that librdkafka writes into a buffer of the caller's.
inline constexpr size_t kErrorTextBytes = 512;

enum class KafkaHandleType : uint8_t { Consumer, Producer };

/// Properties of one instance by librdkafka's names.
using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

/// Configuration with the connection's properties, then `defaults` (which options.properties may
/// override), then `fixed`, on which correctness rests. Throws BrokerError(Fatal) naming the
/// property that is refused.
KafkaConf makeConf(const KafkaBrokerOptions& options, const KafkaProperties& defaults,
                   const KafkaProperties& fixed);
/// Throws BrokerError(Fatal) with librdkafka's reason.
KafkaHandle makeHandle(KafkaHandleType type, KafkaConf conf);
/// A consumer that joins no group. librdkafka compares max.poll.interval.ms with the session's
/// time-out all the same, so it gets the one that the members have.
KafkaHandle makeGrouplessConsumer(const KafkaBrokerOptions& options,
                                  const KafkaProperties& defaults, KafkaProperties fixed);

/// List of partitions; offsets are those given, or "none" for `makePartitions(vector)`.
KafkaPartitions makePartitions(const std::vector<TopicPartition>& partitions);
KafkaPartitions makePartitions(const Offsets& offsets);

}  // namespace auspex::engine
