// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaProducer.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/WallClock.h"
#include "engine/brokers/kafka/KafkaError.h"
#include "engine/brokers/kafka/KafkaMembership.h"
#include "engine/brokers/kafka/KafkaPatience.h"
#include "engine/brokers/kafka/KafkaSending.h"
#include "engine/brokers/local/TopicRules.h"
#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

constexpr size_t kBatchBytes = 1'000'000;  // below Kafka's default of max.message.bytes
constexpr int kRoomWaitMs = 1;
// A call is cut into slices: delivery errors are only seen by who reads the reports in between.
constexpr int kFirstSliceMs = 100;
constexpr int kSliceMs = 500;
constexpr int kLastAbortMs = 500;

KafkaHandle makeProducerHandle(const KafkaBrokerOptions& options, const std::string& id) {
  const KafkaProperties defaults = {
      // A commit flushes without it, and nothing is read before the commit: fewer, larger requests.
      {"linger.ms", "50"},
      {"batch.num.messages", "10000"},
      {"batch.size", std::to_string(kBatchBytes)},
      {"queue.buffering.max.messages", "200000"},
      // With the default of 100 a transaction that commits offsets takes 105 ms, with 5 some 14.
      {"retry.backoff.ms", "5"},
  };
  const KafkaProperties fixed = {
      {"transactional.id", id},
      {"transaction.timeout.ms", std::to_string(options.transactionTimeout.count())},
      {"message.timeout.ms", std::to_string(options.transactionTimeout.count() * 8 / 10)},
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"message.max.bytes", std::to_string(kMostRecordBytes)},
      {"queue.buffering.max.kbytes", std::to_string(options.writeBufferBytes / 1024)},
      {"delivery.report.only.error", "true"},
      // sendOffsets may wait for ever for a change of any connection's state, so let one come.
      {"connections.max.idle.ms", std::to_string(options.transactionTimeout.count() / 2)},
  };
  KafkaConf conf = makeConf(options, defaults, fixed);
  // Events, not callbacks: with callbacks librdkafka ends a flush only at its next 10 ms.
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  return makeHandle(KafkaHandleType::Producer, std::move(conf));
}

}  // namespace

KafkaProducer::KafkaProducer(std::shared_ptr<const KafkaBrokerOptions> options,
                             std::shared_ptr<KafkaAdmin> admin, std::string transactionalId)
    : options_(std::move(options)), admin_(std::move(admin)), id_(std::move(transactionalId)) {
  open();
}

KafkaProducer::~KafkaProducer() {
  if (state_ == State::Open || state_ == State::MustAbort) {
    // Readers would wait for the transaction's time-out otherwise.
    const KafkaErrorHandle ignored(rd_kafka_abort_transaction(handle_.get(), kLastAbortMs));
  }
  close();
}

void KafkaProducer::close() {
  topics_.clear();
  if (handle_) {
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    drainReports();
  }
  reports_.reset();
  handle_.reset();
}

void KafkaProducer::open() {
  close();
  state_ = State::Broken;
  const std::string what = fmt::format("open producer {}", id_);
  withPatience(*options_, what, [&](std::chrono::milliseconds timeout) {
    // Each attempt has a handle of its own: librdkafka 2.0 can end the process with a failed
    // assertion when the call is resumed over a broker that went away meanwhile.
    reports_.reset();
    handle_ = makeProducerHandle(*options_, id_);
    reports_.reset(rd_kafka_queue_get_main(handle_.get()));
    const KafkaErrorHandle error(
        rd_kafka_init_transactions(handle_.get(), static_cast<int>(timeout.count())));
    if (!error) {
      return;
    }
    const int code = rd_kafka_error_code(error.get());
    const std::string reason = rd_kafka_error_string(error.get());
    if (rd_kafka_error_is_fatal(error.get()) != 0) {
      handle_.reset();
      failKafka(code, what, reason);
    }
    if (rd_kafka_error_is_retriable(error.get()) != 0) {
      throw BrokerError(BrokerErrorKind::Unavailable, reason);
    }
    failKafka(code, what, reason);
  });
  state_ = State::Ready;
}

void KafkaProducer::begin() {
  if (state_ == State::Open || state_ == State::MustAbort) {
    throw BrokerError(BrokerErrorKind::Fatal,
                      fmt::format("Kafka: producer {} has a transaction already.", id_));
  }
  if (state_ == State::Fenced) {
    fail(Step::Begin, RD_KAFKA_RESP_ERR__FENCED, "");
  }
  if (state_ == State::Broken || rd_kafka_fatal_error(handle_.get(), nullptr, 0) != 0) {
    open();  // for example because its id has expired at the coordinator
  }
  deliveryError_.reset();
  begun_ = Clock::now();
  const KafkaErrorHandle error(rd_kafka_begin_transaction(handle_.get()));
  if (error) {
    failCall(Step::Begin, error);
  }
  state_ = State::Open;
}

void KafkaProducer::checkOpen(const char* call) const {
  switch (state_) {
    case State::Open:
      return;
    case State::Ready:
      throw BrokerError(BrokerErrorKind::Fatal,
                        fmt::format("Kafka: {} of producer {} without begin().", call, id_));
    case State::Fenced:
      throw BrokerError(BrokerErrorKind::Fenced,
                        fmt::format("Kafka: producer {} was replaced by a newer one.", id_));
    case State::MustAbort:
    case State::Broken:
      throw BrokerError(
          BrokerErrorKind::Abortable,
          fmt::format("Kafka: {} of producer {} after an error: abort first.", call, id_));
  }
}

KafkaProducer::Topic& KafkaProducer::topicFor(const std::string& name) {
  const auto known = topics_.find(name);
  if (known != topics_.end()) {
    return known->second;
  }
  std::optional<TopicDescription> description = admin_->topic(name);
  if (!description) {
    rejectUnknownTopic(name);
  }
  Topic topic;
  topic.narrow = description->maxRecordBytes < kBatchBytes;
  topic.unflushedBytes.resize(static_cast<size_t>(description->numPartitions));
  topic.description = std::move(*description);
  topic.handle = openTopicToWrite(handle_.get(), name);
  return topics_.emplace(name, std::move(topic)).first->second;
}

void KafkaProducer::send(const std::string& topicName,
                         std::span<const operators::OutgoingRecord> records) {
  checkOpen("send");
  drainReports();
  throwDeliveryError();
  try {
    Topic& topic = topicFor(topicName);
    const int64_t now = wallClock();
    for (const operators::OutgoingRecord& record : records) {
      checkRecord(topic.description, record, now);
      enqueue(topic, record);
    }
  } catch (const BrokerError& error) {
    if (state_ == State::Open) {
      state_ = State::MustAbort;
    }
    if (error.kind() == BrokerErrorKind::Rejected || error.kind() == BrokerErrorKind::Refused) {
      topics_.erase(topicName);  // partitions and limits change: the next one looks anew
    }
    throw;
  }
}

void KafkaProducer::enqueue(Topic& topic, const operators::OutgoingRecord& record) {
  if (topic.narrow) {
    makeRoomInBatch(topic, record);
  }
  // The clock is read only while there is no room: this is the path of every record.
  std::optional<Clock::time_point> deadline;
  while (true) {
    const int code = produce(handle_.get(), topic.handle.get(), record);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      return;
    }
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      fail(Step::Send, code, fmt::format("topic {}: {}", topic.description.name, textOf(code)));
    }
    if (!deadline) {
      deadline = Clock::now() + options_->transactionTimeout;
    }
    waitForRoom();
    if (Clock::now() > *deadline) {
      fail(Step::Send, RD_KAFKA_RESP_ERR__TIMED_OUT,
           fmt::format("topic {}: no broker takes the records", topic.description.name));
    }
  }
}

/// Kafka checks max.message.bytes against whole batches, and librdkafka has one size for all
/// topics: records of a topic that takes less are sent before the batch gets too large.
void KafkaProducer::makeRoomInBatch(Topic& topic, const operators::OutgoingRecord& record) {
  size_t& unflushed = topic.unflushedBytes[static_cast<size_t>(record.partition)];
  const size_t size = recordBytes(record);
  if (unflushed > 0 && unflushed + size > topic.description.maxRecordBytes) {
    flush();
    std::fill(topic.unflushedBytes.begin(), topic.unflushedBytes.end(), 0);
  }
  unflushed += size;
}

void KafkaProducer::waitForRoom() {
  if (rd_kafka_event_t* event = rd_kafka_queue_poll(reports_.get(), kRoomWaitMs)) {
    rd_kafka_event_destroy(event);
    drainReports();
    throwDeliveryError();
  }
}

void KafkaProducer::flush() {
  const auto deadline = Clock::now() + options_->transactionTimeout;
  while (rd_kafka_flush(handle_.get(), kFirstSliceMs) != 0) {
    drainReports();
    throwDeliveryError();
    if (Clock::now() > deadline) {
      fail(Step::Send, RD_KAFKA_RESP_ERR__TIMED_OUT, "no broker takes the records");
    }
  }
}

void KafkaProducer::sendOffsets(Membership& membership, const Offsets& offsets) {
  checkOpen("sendOffsets");
  auto* const member = dynamic_cast<KafkaMembership*>(&membership);
  AUSPEX_ASSERT(member != nullptr);
  const KafkaMembership::GroupMetadata group = member->groupMetadata();
  if (!group) {
    state_ = State::MustAbort;
    throw BrokerError(BrokerErrorKind::Abortable,
                      fmt::format("Kafka: this member has left group {}.", membership.group()));
  }
  sendOffsetsAs(membership.group(), group.get(), offsets);
}

void KafkaProducer::sendOffsets(const std::string& group, const Offsets& offsets) {
  checkOpen("sendOffsets");
  // Without a generation nothing is fenced by the group. Right here: the group has no members, its
  // only writer is fenced by the transactional id.
  const KafkaMembership::GroupMetadata metadata(
      rd_kafka_consumer_group_metadata_new(group.c_str()));
  sendOffsetsAs(group, metadata.get(), offsets);
}

void KafkaProducer::sendOffsetsAs(const std::string& name,
                                  const rd_kafka_consumer_group_metadata_t* group,
                                  const Offsets& offsets) {
  if (offsets.empty()) {
    return;
  }
  if (!groups_.contains(name)) {
    // librdkafka 2.0 gives up looking for a coordinator that is just being made, and hangs.
    admin_->awaitGroup(name, offsets.begin()->first);
    groups_.insert(name);
  }
  const KafkaPartitions list = makePartitions(offsets);
  const auto deadline = Clock::now() + options_->transactionTimeout;
  while (true) {
    const KafkaErrorHandle error(rd_kafka_send_offsets_to_transaction(
        handle_.get(), list.get(), group,
        static_cast<int>(options_->transactionTimeout.count() / 2)));
    if (!error) {
      return;
    }
    drainReports();
    if (rd_kafka_error_is_retriable(error.get()) == 0 || Clock::now() > deadline) {
      failCall(Step::SendOffsets, error);
    }
  }
}

void KafkaProducer::commit() {
  checkOpen("commit");
  drainReports();
  throwDeliveryError();
  const auto deadline = Clock::now() + options_->transactionTimeout;
  for (int slice = kFirstSliceMs;; slice = kSliceMs) {
    const KafkaErrorHandle error(rd_kafka_commit_transaction(handle_.get(), slice));
    if (!error) {
      break;
    }
    drainReports();
    if (rd_kafka_error_is_retriable(error.get()) == 0 || Clock::now() > deadline) {
      failCall(Step::Commit, error);
    }
  }
  for (auto& [name, topic] : topics_) {
    std::fill(topic.unflushedBytes.begin(), topic.unflushedBytes.end(), 0);
  }
  state_ = State::Ready;
}

void KafkaProducer::abort() {
  if (state_ == State::Ready) {
    return;
  }
  if (state_ == State::Fenced) {
    checkOpen("abort");
  }
  const auto deadline = Clock::now() + options_->transactionTimeout;
  for (int slice = kFirstSliceMs; state_ != State::Broken; slice = kSliceMs) {
    const KafkaErrorHandle error(rd_kafka_abort_transaction(handle_.get(), slice));
    drainReports();
    if (!error) {
      break;
    }
    const int code = rd_kafka_error_code(error.get());
    if (isFencing(code) && !timedOutAtCoordinator()) {
      fail(Step::Send, code, "");
    }
    if (rd_kafka_error_is_retriable(error.get()) == 0 || Clock::now() > deadline) {
      spdlog::warn("producer={} abort failed: {}: making a new one", id_,
                   rd_kafka_error_string(error.get()));
      state_ = State::Broken;
    }
  }
  if (deliveryError_ && deliveryError_->kind() == BrokerErrorKind::Refused) {
    // librdkafka 2.0 counts the refused records among those written, the broker does not: the next
    // transaction would fail for a gap in the sequence. A new instance begins a new one.
    state_ = State::Broken;
  }
  if (state_ == State::Broken) {
    open();  // settles the transaction at the coordinator
  }
  for (auto& [name, topic] : topics_) {
    std::fill(topic.unflushedBytes.begin(), topic.unflushedBytes.end(), 0);
  }
  deliveryError_.reset();
  state_ = State::Ready;
}

void KafkaProducer::drainReports() {
  while (rd_kafka_event_t* event = rd_kafka_queue_poll(reports_.get(), 0)) {
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
      while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
        noteDelivery(*message);
      }
    }
    rd_kafka_event_destroy(event);
  }
}

void KafkaProducer::noteDelivery(const rd_kafka_message_t& message) {
  const bool purged = message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                      message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (message.err == 0 || purged || deliveryError_) {
    return;
  }
  BrokerErrorKind kind = BrokerErrorKind::Abortable;
  if (isRecordRefusal(message.err)) {
    kind = BrokerErrorKind::Refused;
    admin_->forget(rd_kafka_topic_name(message.rkt));  // it may not be what it was
  } else if (isRefusal(message.err)) {
    kind = BrokerErrorKind::Rejected;
  }
  deliveryError_.emplace(
      kind, fmt::format("Kafka: topic {} partition {}: {}", rd_kafka_topic_name(message.rkt),
                        message.partition, textOf(message.err)));
}

void KafkaProducer::throwDeliveryError() {
  if (!deliveryError_) {
    return;
  }
  if (const rd_kafka_resp_err_t code = rd_kafka_fatal_error(handle_.get(), nullptr, 0); code != 0) {
    fail(Step::Send, code, deliveryError_->what());
  }
  if (state_ == State::Open) {
    state_ = State::MustAbort;
  }
  throw *deliveryError_;
}

bool KafkaProducer::timedOutAtCoordinator() const {
  return Clock::now() - begun_ > options_->transactionTimeout * 8 / 10;
}

void KafkaProducer::failCall(Step step, const KafkaErrorHandle& error) {
  const int code = rd_kafka_error_code(error.get());
  const std::string reason = rd_kafka_error_string(error.get());
  if (rd_kafka_error_is_fatal(error.get()) == 0 &&
      rd_kafka_error_txn_requires_abort(error.get()) != 0) {
    state_ = State::MustAbort;
    throwDeliveryError();
    throw BrokerError(BrokerErrorKind::Abortable,
                      fmt::format("Kafka: producer {}: {}", id_, reason));
  }
  fail(step, code, reason);
}

void KafkaProducer::fail(Step step, int code, const std::string& reason) {
  const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(handle_.get(), nullptr, 0);
  const int actual = fatal != 0 ? static_cast<int>(fatal) : code;
  if (isFencing(actual) && (step == Step::Begin || !timedOutAtCoordinator())) {
    state_ = State::Fenced;
    checkOpen("");
  }
  const std::string text =
      fmt::format("Kafka: producer {}: {}", id_, reason.empty() ? textOf(actual) : reason);
  if (step == Step::Commit) {
    state_ = State::Broken;
    throw BrokerError(BrokerErrorKind::Ambiguous, text);
  }
  if (fatal != 0 || isFencing(actual)) {
    state_ = State::Broken;
    throw BrokerError(BrokerErrorKind::Abortable, text);
  }
  state_ = State::MustAbort;
  // Records are refused by librdkafka's own state once another request of the transaction failed.
  const bool hasFailed = step == Step::Send && actual == RD_KAFKA_RESP_ERR__STATE;
  throw BrokerError(hasFailed ? BrokerErrorKind::Abortable : kindOf(actual), text);
}

}  // namespace auspex::engine
