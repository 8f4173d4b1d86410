// SPDX-License-Identifier: Apache-2.0
// What Kafka demands of topic names, topic settings and records, for the brokers that have no Kafka
// behind them: the embedded one and the simulated one refuse the same things in the same words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/brokers/Broker.h"

namespace auspex::engine {

/// Kafka's default of max.message.bytes.
inline constexpr size_t kDefaultMaxRecordBytes = 1048588;

/// What a topic's settings say, with Kafka's names and defaults; only retention differs: without
/// retention.ms a topic is kept for ever, since records carry event time.
struct TopicSettings {
  TopicDescription description;
  bool deletes = true;          ///< cleanup.policy contains delete
  int64_t retentionBytes = -1;  ///< per partition; -1: no limit
};

/// Checks name, number of partitions and settings. Throws BrokerError(Rejected) with the reason.
TopicSettings checkTopic(const TopicSpec& spec);

/// True for Kafka's settings that bound timestamps: message.timestamp.{before,after}.max.ms, and
/// message.timestamp.difference.max.ms of brokers before 3.6.
bool isTimestampLimit(std::string_view name);
/// Narrows the topic's range by such a setting; its largest value means no limit.
void applyTimestampLimit(std::string_view name, int64_t value, TopicDescription& topic);

/// Bytes of a record as max.message.bytes counts them: key, value, headers and the framing of an
/// uncompressed record batch that holds only this record (Kafka's record format 2).
size_t recordBytes(const operators::OutgoingRecord& record);

/// Why Kafka would refuse the record, naming the topic, or nothing: too large, without a key on a
/// compacted topic, or with a timestamp too far from `now` (wallClock(), read once per batch).
std::optional<std::string> refusalOf(const TopicDescription& topic,
                                     const operators::OutgoingRecord& record, int64_t now);

/// Throws BrokerError: Refused with the refusalOf() the record, Rejected for an unknown partition.
void checkRecord(const TopicDescription& topic, const operators::OutgoingRecord& record,
                 int64_t now);

/// Throws BrokerError(Rejected) for a topic that does not exist.
[[noreturn]] void rejectUnknownTopic(const std::string& topic);
/// Throws BrokerError(Rejected) for a partition that does not exist.
[[noreturn]] void rejectUnknownPartition(const TopicPartition& partition);
/// Throws BrokerError(OutOfRange): records can be deleted up to `end` only.
[[noreturn]] void rejectUnknownOffset(const TopicPartition& partition, int64_t offset, int64_t end);

}  // namespace auspex::engine
