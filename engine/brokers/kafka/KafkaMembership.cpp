// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaMembership.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/brokers/kafka/KafkaError.h"

namespace auspex::engine {
namespace {

/// A query's loop may hang this long, restores included, before the group gives its work away.
constexpr std::chrono::minutes kMaxPollInterval{10};
constexpr std::chrono::milliseconds kLongestHeartbeat{3000};
/// Looks for new topics and partitions; Kafka's own five minutes are long for who waits for one.
constexpr std::chrono::seconds kMetadataInterval{30};
constexpr std::chrono::seconds kLeaveTimeout{5};
constexpr int kLeaveSliceMs = 100;

std::vector<TopicPartition> toVector(const rd_kafka_topic_partition_list_t& list) {
  std::vector<TopicPartition> partitions;
  partitions.reserve(static_cast<size_t>(list.cnt));
  for (int i = 0; i < list.cnt; ++i) {
    partitions.push_back({list.elems[i].topic, list.elems[i].partition});
  }
  return partitions;
}

}  // namespace

KafkaMembership::KafkaMembership(std::shared_ptr<const KafkaBrokerOptions> options,
                                 const MembershipSpec& spec)
    : group_(spec.group), isStatic_(!spec.instanceId.empty()), wakeup_(spec.wakeup) {
  const auto heartbeat = std::min(kLongestHeartbeat, options->sessionTimeout / 3);
  const KafkaProperties defaults = {
      {"heartbeat.interval.ms", std::to_string(heartbeat.count())},
      {"topic.metadata.refresh.interval.ms",
       std::to_string(std::chrono::milliseconds(kMetadataInterval).count())},
      {"max.poll.interval.ms", std::to_string(std::chrono::milliseconds(kMaxPollInterval).count())},
  };
  KafkaProperties fixed = {
      {"group.id", group_},
      {"session.timeout.ms", std::to_string(options->sessionTimeout.count())},
      {"partition.assignment.strategy", "cooperative-sticky"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"allow.auto.create.topics", "false"},
  };
  if (isStatic_) {
    fixed.emplace_back("group.instance.id", spec.instanceId);
  }
  KafkaConf conf = makeConf(*options, defaults, fixed);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(
      conf.get(),
      [](rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions,
         void* opaque) { static_cast<KafkaMembership*>(opaque)->onRebalance(code, partitions); });
  handle_ = makeHandle(KafkaHandleType::Consumer, std::move(conf));
  rd_kafka_poll_set_consumer(handle_.get());
  queue_.reset(rd_kafka_queue_get_consumer(handle_.get()));
  if (wakeup_) {
    rd_kafka_queue_cb_event_enable(
        queue_.get(), [](rd_kafka_t*, void* wakeup) { static_cast<Wakeup*>(wakeup)->notify(); },
        wakeup_.get());
  }
  const KafkaPartitions topics(
      rd_kafka_topic_partition_list_new(static_cast<int>(spec.anchorTopics.size())));
  for (const std::string& topic : spec.anchorTopics) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  if (const rd_kafka_resp_err_t code = rd_kafka_subscribe(handle_.get(), topics.get()); code != 0) {
    failKafka(code, fmt::format("join group {}", group_));
  }
}

KafkaMembership::~KafkaMembership() {
  leave();
}

std::optional<Membership::Change> KafkaMembership::poll() {
  if (error_) {
    throw *error_;
  }
  if (!handle_) {
    return std::nullopt;
  }
  serve();
  if (error_) {
    throw *error_;
  }
  if (!toConfirm_.empty() || changes_.empty()) {
    return std::nullopt;
  }
  Change change = std::move(changes_.front());
  changes_.pop_front();
  if (!change.lost) {
    toConfirm_ = change.revoked;
  }
  return change;
}

/// Serves callbacks and reads the group's errors.
void KafkaMembership::serve() {
  while (rd_kafka_message_t* message = rd_kafka_consumer_poll(handle_.get(), 0)) {
    const char* const text = rd_kafka_message_errstr(message);
    noteError(message->err, text == nullptr ? "" : text);
    rd_kafka_message_destroy(message);
  }
}

void KafkaMembership::noteError(int code, const std::string& reason) {
  int actual = code;
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    actual = rd_kafka_fatal_error(handle_.get(), nullptr, 0);
  }
  // A topic that is not there yet, or not any more: its partitions come and go as changes.
  if (actual == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      actual == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
      actual == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
    return;
  }
  if (isFencing(actual)) {
    error_.emplace(BrokerErrorKind::Fenced,
                   fmt::format("Kafka: another member of group {} has this instance id.", group_));
  } else if (isRefusal(actual)) {
    error_.emplace(BrokerErrorKind::Rejected, fmt::format("Kafka: group {}: {}", group_, reason));
  } else if (code == RD_KAFKA_RESP_ERR__FATAL) {
    error_.emplace(BrokerErrorKind::Fatal, fmt::format("Kafka: group {}: {}", group_, reason));
  }
  // Else it passes: librdkafka joins again by itself.
}

void KafkaMembership::onRebalance(int code, rd_kafka_topic_partition_list_t* partitions) {
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !closing_) {
    acceptAssignment();
    changes_.push_back({toVector(*partitions), {}, false});
    return;
  }
  const std::vector<TopicPartition> revoked = toVector(*partitions);
  const bool lost = rd_kafka_assignment_lost(handle_.get()) != 0;
  if (closing_ || lost || revoked.empty()) {
    acceptRevocation();
  }
  if (!closing_ && !revoked.empty()) {
    changes_.push_back({{}, revoked, lost});
  }
}

// The group's assignment is what counts; what librdkafka fetches may be something else, and it is
// nothing here: no partition is ever opened, so none can hold up a rebalance or the end.
void KafkaMembership::acceptAssignment() {
  const KafkaPartitions none = makePartitions(std::vector<TopicPartition>());
  const KafkaErrorHandle error(rd_kafka_incremental_assign(handle_.get(), none.get()));
  if (error) {
    spdlog::warn("group={} assign failed: {}", group_, rd_kafka_error_string(error.get()));
  }
}

void KafkaMembership::acceptRevocation() {
  const KafkaPartitions none = makePartitions(std::vector<TopicPartition>());
  const KafkaErrorHandle error(rd_kafka_incremental_unassign(handle_.get(), none.get()));
  if (error) {
    spdlog::warn("group={} unassign failed: {}", group_, rd_kafka_error_string(error.get()));
  }
}

void KafkaMembership::confirm() {
  if (toConfirm_.empty()) {
    return;
  }
  toConfirm_.clear();
  if (handle_) {
    acceptRevocation();
  }
}

KafkaMembership::GroupMetadata KafkaMembership::groupMetadata() const {
  const std::lock_guard lock(mutex_);
  return GroupMetadata(left_ ? nullptr : rd_kafka_consumer_group_metadata(handle_.get()));
}

void KafkaMembership::MetadataDeleter::operator()(
    rd_kafka_consumer_group_metadata_t* metadata) const {
  rd_kafka_consumer_group_metadata_destroy(metadata);
}

void KafkaMembership::leave() {
  if (!handle_) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    left_ = true;
  }
  closing_ = true;
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  if (!isStatic_) {
    closeDynamic();
  }
  changes_.clear();
  toConfirm_.clear();
  queue_.reset();
  handle_.reset();
}

/// Tells the group; a broker that does not answer finds out by the session's time-out.
void KafkaMembership::closeDynamic() {
  confirm();
  for (const Change& change : std::exchange(changes_, {})) {
    if (!change.revoked.empty() && !change.lost) {
      acceptRevocation();
    }
  }
  const KafkaQueueHandle events(rd_kafka_queue_new(handle_.get()));
  const KafkaErrorHandle error(rd_kafka_consumer_close_queue(handle_.get(), events.get()));
  if (error) {
    spdlog::warn("group={} leaving failed: {}", group_, rd_kafka_error_string(error.get()));
    return;
  }
  const auto deadline = std::chrono::steady_clock::now() + kLeaveTimeout;
  while (rd_kafka_consumer_closed(handle_.get()) == 0 &&
         std::chrono::steady_clock::now() < deadline) {
    rd_kafka_queue_poll_callback(events.get(), kLeaveSliceMs);
  }
}

}  // namespace auspex::engine
