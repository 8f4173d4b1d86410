// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaReader.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/brokers/kafka/KafkaError.h"
#include "engine/brokers/kafka/RecordLayout.h"
#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

/// Keeps messages, and the instance that they came from, until the last view of them is gone.
class MessageOwner {
 public:
  explicit MessageOwner(std::shared_ptr<KafkaFetcher> fetcher) : fetcher_(std::move(fetcher)) {}
  ~MessageOwner() {
    for (rd_kafka_message_t* message : messages_) {
      rd_kafka_message_destroy(message);
    }
  }
  MessageOwner(const MessageOwner&) = delete;
  MessageOwner& operator=(const MessageOwner&) = delete;

  std::vector<rd_kafka_message_t*>& messages() { return messages_; }

 private:
  const std::shared_ptr<KafkaFetcher> fetcher_;
  std::vector<rd_kafka_message_t*> messages_;
};

std::optional<std::string_view> view(const void* data, size_t size) {
  if (data == nullptr) {
    return std::nullopt;
  }
  return std::string_view(static_cast<const char*>(data), size);
}

void addHeaders(const rd_kafka_headers_t* headers, operators::Record& record) {
  record.headers.reserve(rd_kafka_header_cnt(headers));
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i) {
    record.headers.push_back({name, view(value, size)});
  }
}

/// Records whose ends are fetched into the cache ahead: another core has received them.
constexpr size_t kPrefetchRecords = 16;

void prefetchEnd(const operators::Record& record) {
  if (record.value) {
    __builtin_prefetch(record.value->data() + record.value->size());
  }
}

/// Asks librdkafka only where the bytes themselves do not say that there are none.
void addAllHeaders(const std::vector<rd_kafka_message_t*>& messages,
                   std::vector<operators::Record>& records) {
  AUSPEX_ASSERT(messages.size() == records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    if (i + kPrefetchRecords < records.size()) {
      prefetchEnd(records[i + kPrefetchRecords]);
    }
    if (i + 1 < records.size() && certainlyWithoutHeaders(records[i], records[i + 1])) {
      continue;
    }
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(messages[i], &headers) == 0) {
      addHeaders(headers, records[i]);
    }
  }
}

void addRecord(rd_kafka_message_t* message, operators::FetchedRecords& fetched) {
  operators::Record& record = fetched.records.emplace_back();
  record.key = view(message->key, message->key_len);
  record.value = view(message->payload, message->len);
  record.offset = message->offset;
  rd_kafka_timestamp_type_t type{};
  record.timestamp = rd_kafka_message_timestamp(message, &type);
}

}  // namespace

KafkaReader::KafkaReader(std::shared_ptr<KafkaReaderPool> pool, TopicPartition partition,
                         int64_t position, Isolation isolation, std::shared_ptr<Wakeup> wakeup)
    : pool_(std::move(pool)),
      partition_(std::move(partition)),
      wakeup_(std::move(wakeup)),
      fetcher_(pool_->take(partition_, isolation)),
      position_(position) {
  try {
    start();
  } catch (...) {
    topic_.reset();
    pool_->release(*fetcher_, partition_);
    throw;
  }
}

void KafkaReader::start() {
  const std::string what =
      fmt::format("read {}-{} from offset {}", partition_.topic, partition_.partition, position_);
  if (position_ < 0) {
    throw BrokerError(BrokerErrorKind::OutOfRange, fmt::format("Kafka: {}", what));
  }
  topic_.reset(rd_kafka_topic_new(fetcher_->handle(), partition_.topic.c_str(), nullptr));
  if (!topic_ || rd_kafka_consume_start(topic_.get(), partition_.partition, position_) != 0) {
    failKafka(RD_KAFKA_RESP_ERR__INVALID_ARG, what, textOf(rd_kafka_last_error()));
  }
  queue_.reset(rd_kafka_queue_get_partition(fetcher_->handle(), partition_.topic.c_str(),
                                            partition_.partition));
  AUSPEX_ASSERT(queue_ != nullptr);
  if (wakeup_) {
    rd_kafka_queue_cb_event_enable(
        queue_.get(), [](rd_kafka_t*, void* wakeup) { static_cast<Wakeup*>(wakeup)->notify(); },
        wakeup_.get());
  }
}

KafkaReader::~KafkaReader() {
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  rd_kafka_consume_stop(topic_.get(), partition_.partition);
  // What was fetched ahead would stay in the instance otherwise.
  messages_.resize(fetcher_->limits().records);
  ssize_t count = 0;
  do {
    count = rd_kafka_consume_batch_queue(queue_.get(), 0, messages_.data(), messages_.size());
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_destroy(messages_[static_cast<size_t>(i)]);
    }
  } while (count > 0);
  queue_.reset();
  topic_.reset();
  pool_->release(*fetcher_, partition_);
}

std::shared_ptr<const operators::FetchedRecords> KafkaReader::poll(size_t maxRecords) {
  if (error_) {
    throw *error_;
  }
  if (maxRecords == 0) {
    return nullptr;
  }
  const size_t wanted = std::min(maxRecords, fetcher_->limits().records);
  messages_.resize(wanted);
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), 0, messages_.data(), wanted);
  if (count <= 0) {
    askForMore(0);
    return nullptr;
  }
  if (const int32_t broker = rd_kafka_message_broker_id(messages_.front()); broker >= 0) {
    brokerId_ = broker;
  }
  auto owner = std::make_shared<MessageOwner>(fetcher_);
  auto fetched = std::make_shared<operators::FetchedRecords>();
  owner->messages().reserve(static_cast<size_t>(count));
  fetched->records.reserve(static_cast<size_t>(count));
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    if (take(messages_[i], *fetched)) {
      owner->messages().push_back(messages_[i]);
    } else {
      rd_kafka_message_destroy(messages_[i]);
    }
  }
  addAllHeaders(owner->messages(), fetched->records);
  askForMore(fetched->records.size());
  if (fetched->records.empty()) {
    if (error_) {
      throw *error_;
    }
    return nullptr;
  }
  fetched->topic = partition_.topic;
  fetched->partition = partition_.partition;
  fetched->owner = std::move(owner);
  return fetched;
}

/// Adds a record, or notes what the message says otherwise; true when it was a record.
bool KafkaReader::take(rd_kafka_message_t* message, operators::FetchedRecords& fetched) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (message->offset < position_) {
      return false;  // librdkafka may hand out a whole batch from its start
    }
    addRecord(message, fetched);
    position_ = message->offset + 1;
    atEnd_ = false;
    bytesSinceNudge_ += message->len + message->key_len;
    return true;
  }
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    position_ = std::max(position_, message->offset);  // past control and aborted records
    atEnd_ = true;
  } else {
    noteError(*message);
  }
  return false;
}

void KafkaReader::noteError(const rd_kafka_message_t& message) {
  const char* const text = rd_kafka_message_errstr(&message);
  const std::string reason =
      fmt::format("Kafka: read {}-{} at offset {}: {}", partition_.topic, partition_.partition,
                  position_, text == nullptr ? textOf(message.err) : text);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      error_.emplace(BrokerErrorKind::OutOfRange, reason);
      break;
    case RD_KAFKA_RESP_ERR__BAD_MSG:  // a checksum that does not fit
      error_.emplace(BrokerErrorKind::Fatal, reason);
      break;
    default:
      if (isRefusal(message.err) || isRecordRefusal(message.err)) {
        error_.emplace(BrokerErrorKind::Rejected, reason);
      }
      // Else librdkafka tries again by itself.
      break;
  }
}

/// Nudges the fetcher when this partition may have been full and is not any more.
void KafkaReader::askForMore(size_t numRecords) {
  recordsSinceNudge_ += numRecords;
  const FetchLimits& limits = fetcher_->limits();
  if (recordsSinceNudge_ < limits.records / 2 && bytesSinceNudge_ < limits.bytes / 2) {
    return;
  }
  if (atEnd_ || rd_kafka_queue_length(queue_.get()) >= limits.records) {
    return;
  }
  recordsSinceNudge_ = 0;
  bytesSinceNudge_ = 0;
  if (brokerId_ >= 0) {
    fetcher_->nudge(brokerId_);
  }
}

}  // namespace auspex::engine
