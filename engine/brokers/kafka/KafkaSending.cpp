// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaSending.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/brokers/kafka/KafkaError.h"

namespace auspex::engine {
namespace {

constexpr int kMetadataTimeoutMs = 1500;

struct HeadersDeleter {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using Headers = std::unique_ptr<rd_kafka_headers_t, HeadersDeleter>;

Headers makeHeaders(const std::vector<operators::Header>& given) {
  if (given.empty()) {
    return nullptr;
  }
  Headers headers(rd_kafka_headers_new(given.size()));
  for (const operators::Header& header : given) {
    const std::string_view value = header.value.value_or(std::string_view());
    const char* const data = value.data() == nullptr ? "" : value.data();
    rd_kafka_header_add(headers.get(), header.key.data(), static_cast<ssize_t>(header.key.size()),
                        header.value ? data : nullptr, static_cast<ssize_t>(value.size()));
  }
  return headers;
}

/// Pointer and size as librdkafka wants them: null is absent, empty is not.
struct Bytes {
  explicit Bytes(const std::optional<std::string_view>& given)
      : data(!given ? nullptr : (given->data() == nullptr ? "" : given->data())),
        size(given ? given->size() : 0) {}
  const void* data;
  size_t size;
};

}  // namespace

KafkaTopicHandle openTopicToWrite(rd_kafka_s* kafka, const std::string& name) {
  KafkaTopicHandle topic(rd_kafka_topic_new(kafka, name.c_str(), nullptr));
  if (!topic) {
    failKafka(rd_kafka_last_error(), fmt::format("write to topic {}", name));
  }
  // Asked for now, the topic's leaders are known to the first record; else it waits up to 1 s.
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(kafka, 0, topic.get(), &metadata, kMetadataTimeoutMs) == 0) {
    rd_kafka_metadata_destroy(metadata);
  }
  return topic;
}

int produce(rd_kafka_s* kafka, rd_kafka_topic_s* topic, const operators::OutgoingRecord& record) {
  const Bytes key(record.key);
  const Bytes value(record.value);
  const int64_t timestamp = record.timestamp == 0 ? 1 : record.timestamp;  // 0 would be "now"
  // The plain arguments of librdkafka's macros, which are C.
  if (record.headers.empty()) {
    return rd_kafka_producev(kafka, RD_KAFKA_VTYPE_RKT, topic, RD_KAFKA_VTYPE_PARTITION,
                             record.partition, RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY,
                             RD_KAFKA_VTYPE_KEY, key.data, key.size, RD_KAFKA_VTYPE_VALUE,
                             value.data, value.size, RD_KAFKA_VTYPE_TIMESTAMP, timestamp,
                             RD_KAFKA_VTYPE_END);
  }
  Headers headers = makeHeaders(record.headers);
  const rd_kafka_resp_err_t code = rd_kafka_producev(
      kafka, RD_KAFKA_VTYPE_RKT, topic, RD_KAFKA_VTYPE_PARTITION, record.partition,
      RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_KEY, key.data, key.size,
      RD_KAFKA_VTYPE_VALUE, value.data, value.size, RD_KAFKA_VTYPE_TIMESTAMP, timestamp,
      RD_KAFKA_VTYPE_HEADERS, headers.get(), RD_KAFKA_VTYPE_END);
  if (code == 0) {
    static_cast<void>(headers.release());  // belongs to the message now
  }
  return code;
}

}  // namespace auspex::engine
