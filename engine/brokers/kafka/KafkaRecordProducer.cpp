// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaRecordProducer.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "engine/WallClock.h"
#include "engine/brokers/kafka/KafkaError.h"
#include "engine/brokers/kafka/KafkaSending.h"
#include "engine/brokers/local/TopicRules.h"

namespace auspex::engine {
namespace {

KafkaHandle makeRecordProducerHandle(const KafkaBrokerOptions& options) {
  const KafkaProperties defaults = {
      {"linger.ms", "0"},  // somebody waits for the reply
      {"retry.backoff.ms", "5"},
  };
  const KafkaProperties fixed = {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      // Kafka holds a topic's max.message.bytes against whole batches, and librdkafka has one size
      // for all topics. A request is rows enough for a batch of its own.
      {"batch.num.messages", "1"},
      {"message.timeout.ms", std::to_string(options.transactionTimeout.count())},
      {"message.max.bytes", std::to_string(kMostRecordBytes)},
      {"queue.buffering.max.kbytes", std::to_string(options.writeBufferBytes / 1024)},
      {"delivery.report.only.error", "true"},
  };
  KafkaConf conf = makeConf(options, defaults, fixed);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  return makeHandle(KafkaHandleType::Producer, std::move(conf));
}

}  // namespace

KafkaRecordProducer::KafkaRecordProducer(std::shared_ptr<const KafkaBrokerOptions> options,
                                         std::shared_ptr<KafkaAdmin> admin)
    : options_(std::move(options)), admin_(std::move(admin)) {
  open();
}

KafkaRecordProducer::~KafkaRecordProducer() {
  close();
}

void KafkaRecordProducer::open() {
  close();
  handle_ = makeRecordProducerHandle(*options_);
  reports_.reset(rd_kafka_queue_get_main(handle_.get()));
}

void KafkaRecordProducer::close() {
  topics_.clear();
  if (handle_) {
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    drainReports();
  }
  reports_.reset();
  handle_.reset();
}

KafkaRecordProducer::Topic& KafkaRecordProducer::topicFor(const std::string& name) {
  const auto known = topics_.find(name);
  if (known != topics_.end()) {
    return known->second;
  }
  std::optional<TopicDescription> description = admin_->topic(name);
  if (!description) {
    rejectUnknownTopic(name);
  }
  Topic topic{std::move(*description), openTopicToWrite(handle_.get(), name)};
  return topics_.emplace(name, std::move(topic)).first->second;
}

void KafkaRecordProducer::send(const std::string& topicName,
                               std::span<const operators::OutgoingRecord> records) {
  drainReports();
  if (rd_kafka_fatal_error(handle_.get(), nullptr, 0) != 0) {
    open();  // idempotence is lost, and with it this instance
  }
  try {
    Topic& topic = topicFor(topicName);
    const int64_t now = wallClock();
    for (const operators::OutgoingRecord& record : records) {
      checkRecord(topic.description, record, now);
      const int code = produce(handle_.get(), topic.handle.get(), record);
      if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        throw BrokerError(BrokerErrorKind::Unavailable,
                          fmt::format("Kafka: topic {}: no room for more records", topicName));
      }
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        failKafka(code, fmt::format("topic {}", topicName));
      }
    }
  } catch (const BrokerError&) {
    topics_.erase(topicName);  // partitions and limits change: the next one looks anew
    throw;
  }
}

void KafkaRecordProducer::drainReports() {
  while (rd_kafka_event_t* event = rd_kafka_queue_poll(reports_.get(), 0)) {
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
      while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
        if (message->err == 0) {
          continue;
        }
        const std::string topic = rd_kafka_topic_name(message->rkt);
        spdlog::debug("topic={} a record was not taken: {}", topic, textOf(message->err));
        admin_->forget(topic);  // it may not be what it was
        topics_.erase(topic);
      }
    }
    rd_kafka_event_destroy(event);
  }
}

}  // namespace auspex::engine
