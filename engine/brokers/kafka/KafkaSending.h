// SPDX-License-Identifier: Apache-2.0
// One record into librdkafka, as both kinds of producers hand it over.
#pragma once

#include <cstddef>
#include <string>

#include "engine/brokers/kafka/KafkaHandle.h"

namespace auspex::engine {

/// No record is larger, whatever a topic's own limit says.
inline constexpr size_t kMostRecordBytes = 256UL * 1024 * 1024;

/// A topic to produce to, with its leaders looked up. Throws BrokerError.
KafkaTopicHandle openTopicToWrite(rd_kafka_s* kafka, const std::string& name);

/// Queues a copy of the record; returns librdkafka's code, 0 when it was taken. A timestamp of 0 is
/// written as 1: librdkafka takes 0 for "now".
int produce(rd_kafka_s* kafka, rd_kafka_topic_s* topic, const operators::OutgoingRecord& record);

}  // namespace auspex::engine
