// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/TopicRules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <string_view>

namespace auspex::engine {
namespace {

constexpr size_t kMaxNameBytes = 249;      // Kafka's limit: the name is also a folder there
constexpr int32_t kMaxPartitions = 10000;  // keeps the index and a typing error affordable
constexpr size_t kBatchHeaderBytes = 61;

// Settings that Kafka knows and that mean nothing here; refusing them would break scripts.
constexpr std::array<std::string_view, 14> kIgnoredSettings = {"compression.type",
                                                               "delete.retention.ms",
                                                               "file.delete.delay.ms",
                                                               "flush.messages",
                                                               "flush.ms",
                                                               "index.interval.bytes",
                                                               "max.compaction.lag.ms",
                                                               "min.compaction.lag.ms",
                                                               "min.cleanable.dirty.ratio",
                                                               "min.insync.replicas",
                                                               "segment.bytes",
                                                               "segment.ms",
                                                               "preallocate",
                                                               "unclean.leader.election.enable"};

int64_t parseNumber(const std::string& name, const std::string& text, int64_t least) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < least) {
    throw BrokerError(BrokerErrorKind::Rejected,
                      fmt::format("Invalid value '{}' for topic setting {}: a whole number of at "
                                  "least {} is expected.",
                                  text, name, least));
  }
  return value;
}

void applyCleanupPolicy(const std::string& text, TopicSettings& settings) {
  settings.deletes = false;
  size_t start = 0;
  while (start <= text.size()) {
    const size_t comma = std::min(text.find(',', start), text.size());
    std::string_view policy = std::string_view(text).substr(start, comma - start);
    while (!policy.empty() && policy.front() == ' ') {
      policy.remove_prefix(1);
    }
    if (policy == "compact") {
      settings.description.compacted = true;
    } else if (policy == "delete") {
      settings.deletes = true;
    } else {
      throw BrokerError(BrokerErrorKind::Rejected,
                        fmt::format("Invalid value '{}' for topic setting cleanup.policy: delete, "
                                    "compact or both are expected.",
                                    text));
    }
    start = comma + 1;
  }
}

void applySetting(const std::string& name, const std::string& value, TopicSettings& settings) {
  if (name == "cleanup.policy") {
    applyCleanupPolicy(value, settings);
  } else if (name == "retention.ms") {
    settings.description.retentionMs = parseNumber(name, value, -1);
  } else if (name == "retention.bytes") {
    settings.retentionBytes = parseNumber(name, value, -1);
  } else if (name == "max.message.bytes") {
    const int64_t bytes = parseNumber(name, value, 0);
    if (bytes > std::numeric_limits<int32_t>::max()) {
      throw BrokerError(BrokerErrorKind::Rejected,
                        fmt::format("Invalid value '{}' for topic setting {}: at most {} is "
                                    "allowed.",
                                    value, name, std::numeric_limits<int32_t>::max()));
    }
    settings.description.maxRecordBytes = static_cast<size_t>(bytes);
  } else if (name == "message.timestamp.type") {
    if (value != "CreateTime" && value != "LogAppendTime") {
      throw BrokerError(BrokerErrorKind::Rejected,
                        fmt::format("Invalid value '{}' for topic setting {}: CreateTime or "
                                    "LogAppendTime is expected.",
                                    value, name));
    }
    settings.description.logAppendTime = value == "LogAppendTime";
  } else if (isTimestampLimit(name)) {
    applyTimestampLimit(name, parseNumber(name, value, 0), settings.description);
  } else if (std::find(kIgnoredSettings.begin(), kIgnoredSettings.end(), name) ==
             kIgnoredSettings.end()) {
    throw BrokerError(BrokerErrorKind::Rejected, fmt::format("Unknown topic setting: {}.", name));
  }
}

/// Of a signed number as a variable-length integer: zigzag, 7 bits a byte.
size_t varintBytes(int64_t value) {
  const uint64_t bits = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  return static_cast<size_t>((std::bit_width(bits | 1) + 6) / 7);
}

/// Of a length and its bytes; absent bytes have the length -1.
size_t fieldBytes(const std::optional<std::string_view>& field) {
  const int64_t length = field ? static_cast<int64_t>(field->size()) : -1;
  return varintBytes(length) + (field ? field->size() : 0);
}

std::string limitText(int64_t limit) {
  return limit < 0 ? "any" : std::to_string(limit);
}

void checkName(const std::string& name) {
  bool legal = !name.empty() && name.size() <= kMaxNameBytes && name != "." && name != "..";
  for (const char c : name) {
    legal = legal && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-');
  }
  if (!legal) {
    throw BrokerError(BrokerErrorKind::Rejected,
                      fmt::format("Invalid topic name: '{}'. A name has 1 to {} letters, digits, "
                                  "'.', '_' or '-'.",
                                  name, kMaxNameBytes));
  }
}

}  // namespace

TopicSettings checkTopic(const TopicSpec& spec) {
  checkName(spec.name);
  if (spec.numPartitions < 1 || spec.numPartitions > kMaxPartitions) {
    throw BrokerError(BrokerErrorKind::Rejected,
                      fmt::format("Invalid number of partitions for topic '{}': {}. 1 to {} are "
                                  "allowed.",
                                  spec.name, spec.numPartitions, kMaxPartitions));
  }
  TopicSettings settings;
  settings.description.name = spec.name;
  settings.description.numPartitions = spec.numPartitions;
  settings.description.maxRecordBytes = kDefaultMaxRecordBytes;
  for (const auto& [name, value] : spec.config) {
    applySetting(name, value, settings);
  }
  return settings;
}

bool isTimestampLimit(std::string_view name) {
  return name == "message.timestamp.before.max.ms" || name == "message.timestamp.after.max.ms" ||
         name == "message.timestamp.difference.max.ms";
}

void applyTimestampLimit(std::string_view name, int64_t value, TopicDescription& topic) {
  const auto tighten = [value](int64_t& limit) {
    if (value >= 0 && value != std::numeric_limits<int64_t>::max()) {
      limit = limit < 0 ? value : std::min(limit, value);
    }
  };
  if (name != "message.timestamp.after.max.ms") {
    tighten(topic.maxAgeMs);
  }
  if (name != "message.timestamp.before.max.ms") {
    tighten(topic.maxAheadMs);
  }
}

size_t recordBytes(const operators::OutgoingRecord& record) {
  // Attributes, timestamp delta and offset delta of the first record take a byte each.
  size_t bytes = 3 + fieldBytes(record.key) + fieldBytes(record.value);
  bytes += varintBytes(static_cast<int64_t>(record.headers.size()));
  for (const operators::Header& header : record.headers) {
    bytes += fieldBytes(header.key) + fieldBytes(header.value);
  }
  return kBatchHeaderBytes + varintBytes(static_cast<int64_t>(bytes)) + bytes;
}

std::optional<std::string> refusalOf(const TopicDescription& topic,
                                     const operators::OutgoingRecord& record, int64_t now) {
  if (const size_t bytes = recordBytes(record); bytes > topic.maxRecordBytes) {
    return fmt::format("Record of {} bytes is too large for topic '{}': max.message.bytes is {}.",
                       bytes, topic.name, topic.maxRecordBytes);
  }
  if (topic.compacted && !record.key) {
    return fmt::format("Record without a key for topic '{}', which is compacted.", topic.name);
  }
  if ((topic.maxAgeMs >= 0 || topic.maxAheadMs >= 0) && !topic.logAppendTime) {
    const int64_t age = now - record.timestamp;
    if ((topic.maxAgeMs >= 0 && age > topic.maxAgeMs) ||
        (topic.maxAheadMs >= 0 && -age > topic.maxAheadMs)) {
      return fmt::format(
          "Timestamp {} is too far from the clock for topic '{}': its settings "
          "message.timestamp.*.max.ms take at most {} ms before and {} ms after it.",
          record.timestamp, topic.name, limitText(topic.maxAgeMs), limitText(topic.maxAheadMs));
    }
  }
  return std::nullopt;
}

void checkRecord(const TopicDescription& topic, const operators::OutgoingRecord& record,
                 int64_t now) {
  if (record.partition < 0 || record.partition >= topic.numPartitions) {
    rejectUnknownPartition({topic.name, record.partition});
  }
  if (const std::optional<std::string> refusal = refusalOf(topic, record, now)) {
    throw BrokerError(BrokerErrorKind::Refused, *refusal);
  }
}

void rejectUnknownTopic(const std::string& topic) {
  throw BrokerError(BrokerErrorKind::Rejected, fmt::format("Unknown topic: '{}'.", topic));
}

void rejectUnknownPartition(const TopicPartition& partition) {
  throw BrokerError(BrokerErrorKind::Rejected, fmt::format("Unknown partition: {} of topic '{}'.",
                                                           partition.partition, partition.topic));
}

void rejectUnknownOffset(const TopicPartition& partition, int64_t offset, int64_t end) {
  throw BrokerError(BrokerErrorKind::OutOfRange,
                    fmt::format("Cannot delete records before offset {} of topic '{}', partition "
                                "{}: it ends at {}.",
                                offset, partition.topic, partition.partition, end));
}

}  // namespace auspex::engine
