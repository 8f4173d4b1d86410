// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaAdmin.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/brokers/kafka/KafkaError.h"
#include "engine/brokers/kafka/KafkaPatience.h"
#include "engine/brokers/local/TopicRules.h"

namespace auspex::engine {
namespace {

constexpr std::chrono::seconds kDescriptionAge{10};
constexpr std::chrono::milliseconds kTopicPause{20};
constexpr int64_t kBeginning = -2;  // Kafka's timestamps that stand for the two ends
constexpr int64_t kEnd = -1;
constexpr const char* kFutureLimit = "message.timestamp.after.max.ms";

struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using Event = std::unique_ptr<rd_kafka_event_t, EventDeleter>;

struct AdminOptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, AdminOptionsDeleter>;

int milliseconds(std::chrono::milliseconds duration) {
  return static_cast<int>(duration.count());
}

AdminOptions makeAdminOptions(rd_kafka_t* kafka, rd_kafka_admin_op_t operation,
                              std::chrono::milliseconds timeout) {
  AdminOptions options(rd_kafka_AdminOptions_new(kafka, operation));
  std::array<char, kErrorTextBytes> text{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), milliseconds(timeout), text.data(),
                                            text.size());
  return options;
}

/// Sends a request of the admin interface and waits for its answer.
template <typename Request>
Event ask(rd_kafka_t* kafka, const std::string& what, Request request) {
  const KafkaQueueHandle queue(rd_kafka_queue_new(kafka));
  request(queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), -1));  // the request's own time-out ends it
  if (!event) {
    failKafka(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  }
  if (const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get()); code != 0) {
    const char* const text = rd_kafka_event_error_string(event.get());
    failKafka(code, what, text == nullptr ? "" : text);
  }
  return event;
}

void checkTopicResult(const rd_kafka_topic_result_t* result, const std::string& what) {
  if (const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(result); code != 0) {
    const char* const text = rd_kafka_topic_result_error_string(result);
    failKafka(code, what, text == nullptr ? "" : text);
  }
}

int64_t numberIn(std::string_view text, int64_t otherwise) {
  int64_t number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

KafkaHandle makeAdminHandle(const KafkaBrokerOptions& options, Isolation isolation) {
  const KafkaProperties fixed = {
      {"isolation.level",
       isolation == Isolation::ReadCommitted ? "read_committed" : "read_uncommitted"},
      {"allow.auto.create.topics", "false"}};
  return makeGrouplessConsumer(options, {}, fixed);
}

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

Metadata fetchMetadata(rd_kafka_t* kafka, const std::string& topic, const std::string& what,
                       std::chrono::milliseconds timeout) {
  KafkaTopicHandle handle;
  if (!topic.empty()) {
    handle.reset(rd_kafka_topic_new(kafka, topic.c_str(), nullptr));
    if (!handle) {
      failKafka(RD_KAFKA_RESP_ERR__INVALID_ARG, what, textOf(rd_kafka_last_error()));
    }
  }
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(kafka, topic.empty() ? 1 : 0, handle.get(), &found, milliseconds(timeout));
  if (code != 0) {
    failKafka(code, what);
  }
  return Metadata(found);
}

}  // namespace

KafkaAdmin::KafkaAdmin(std::shared_ptr<const KafkaBrokerOptions> options)
    : options_(std::move(options)),
      committed_(makeAdminHandle(*options_, Isolation::ReadCommitted)) {
}

rd_kafka_s* KafkaAdmin::handle(Isolation isolation) {
  if (isolation == Isolation::ReadCommitted) {
    return committed_.get();
  }
  const std::lock_guard lock(mutex_);
  if (!uncommitted_) {
    uncommitted_ = makeAdminHandle(*options_, isolation);
  }
  return uncommitted_.get();
}

void KafkaAdmin::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  known_.erase(name);
}

std::optional<TopicDescription> KafkaAdmin::topic(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(name);
    if (known != known_.end() &&
        std::chrono::steady_clock::now() - known->second.time < kDescriptionAge) {
      return known->second.description;
    }
  }
  return freshTopic(name);
}

std::optional<TopicDescription> KafkaAdmin::freshTopic(const std::string& name) {
  if (name.empty()) {
    return std::nullopt;
  }
  const auto found = withPatience(*options_, fmt::format("look up topic {}", name),
                                  [&](Milliseconds timeout) { return lookUpTopic(name, timeout); });
  const std::lock_guard lock(mutex_);
  if (found) {
    known_.insert_or_assign(name, Known{*found, std::chrono::steady_clock::now()});
  } else {
    known_.erase(name);
  }
  return found;
}

std::optional<int32_t> KafkaAdmin::countPartitions(const std::string& name, Milliseconds timeout) {
  const std::string what = fmt::format("look up topic {}", name);
  const Metadata metadata = fetchMetadata(committed_.get(), name, what, timeout);
  if (metadata->topic_cnt != 1) {
    failKafka(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, what);
  }
  const rd_kafka_metadata_topic_t& topic = metadata->topics[0];
  if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      topic.err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
      topic.err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
    return std::nullopt;
  }
  if (topic.err != 0) {
    failKafka(topic.err, what);
  }
  const std::span partitions(topic.partitions, static_cast<size_t>(topic.partition_cnt));
  if (std::any_of(partitions.begin(), partitions.end(),
                  [](const auto& each) { return each.leader < 0; })) {
    failKafka(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, what);
  }
  return topic.partition_cnt;
}

std::optional<TopicDescription> KafkaAdmin::lookUpTopic(const std::string& name,
                                                        Milliseconds timeout) {
  const std::optional<int32_t> numPartitions = countPartitions(name, timeout);
  if (!numPartitions) {
    return std::nullopt;
  }
  TopicDescription topic;
  topic.name = name;
  topic.numPartitions = *numPartitions;
  topic.maxRecordBytes = kDefaultMaxRecordBytes;
  return describeConfig(topic, timeout) ? std::optional(topic) : std::nullopt;
}

bool KafkaAdmin::describeConfig(TopicDescription& topic, Milliseconds timeout) {
  const std::string what = fmt::format("describe topic {}", topic.name);
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str());
  const AdminOptions options =
      makeAdminOptions(committed_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
  const Event event = ask(committed_.get(), what, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DescribeConfigs(committed_.get(), &resource, 1, options.get(), queue);
    rd_kafka_ConfigResource_destroy(resource);
  });
  size_t numResources = 0;
  const rd_kafka_ConfigResource_t** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &numResources);
  if (numResources != 1) {
    failKafka(RD_KAFKA_RESP_ERR__BAD_MSG, what);
  }
  const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resources[0]);
  if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    return true;  // who may not look works with Kafka's defaults
  }
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
    return false;
  }
  if (code != 0) {
    failKafka(code, what);
  }
  size_t numEntries = 0;
  const rd_kafka_ConfigEntry_t** entries =
      rd_kafka_ConfigResource_configs(resources[0], &numEntries);
  for (size_t i = 0; i < numEntries; ++i) {
    const std::string_view name = rd_kafka_ConfigEntry_name(entries[i]);
    const char* const text = rd_kafka_ConfigEntry_value(entries[i]);
    const std::string_view value = text == nullptr ? "" : text;
    if (name == "max.message.bytes") {
      topic.maxRecordBytes = static_cast<size_t>(numberIn(value, kDefaultMaxRecordBytes));
    } else if (name == "message.timestamp.type") {
      topic.logAppendTime = value == "LogAppendTime";
    } else if (name == "cleanup.policy") {
      topic.compacted = value.find("compact") != std::string_view::npos;
    } else if (name == "retention.ms") {
      topic.retentionMs = numberIn(value, -1);
    } else if (isTimestampLimit(name)) {
      applyTimestampLimit(name, numberIn(value, -1), topic);
    }
  }
  return true;
}

std::vector<std::string> KafkaAdmin::topics() {
  const std::string what = "list topics";
  return withPatience(*options_, what, [&](Milliseconds timeout) {
    const Metadata metadata = fetchMetadata(committed_.get(), "", what, timeout);
    std::vector<std::string> names;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      names.emplace_back(metadata->topics[i].topic);
    }
    std::sort(names.begin(), names.end());
    return names;
  });
}

void KafkaAdmin::requestTopic(const TopicSpec& spec, Milliseconds timeout) {
  const std::string what = fmt::format("create topic {}", spec.name);
  std::array<char, kErrorTextBytes> text{};
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(spec.name.c_str(), spec.numPartitions,
                                                     spec.replicas, text.data(), text.size());
  if (topic == nullptr) {
    failKafka(RD_KAFKA_RESP_ERR__INVALID_ARG, what, text.data());
  }
  for (const auto& [name, value] : spec.config) {
    rd_kafka_NewTopic_set_config(topic, name.c_str(), value.c_str());
  }
  const AdminOptions options =
      makeAdminOptions(committed_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
  const Event event = ask(committed_.get(), what, [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(committed_.get(), &topic, 1, options.get(), queue);
    rd_kafka_NewTopic_destroy(topic);
  });
  size_t numResults = 0;
  const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(
      rd_kafka_event_CreateTopics_result(event.get()), &numResults);
  for (size_t i = 0; i < numResults; ++i) {
    if (rd_kafka_topic_result_error(results[i]) == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      awaitTopic(spec.name, timeout);
    }
    checkTopicResult(results[i], what);
  }
}

/// The broker that makes topics knows of one, which somebody else has just made, before others do.
void KafkaAdmin::awaitTopic(const std::string& name, Milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!countPartitions(name, timeout) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kTopicPause);
  }
}

void KafkaAdmin::createTopic(const TopicSpec& given) {
  forget(given.name);
  if (freshTopic(given.name)) {
    throw BrokerError(BrokerErrorKind::Rejected,
                      fmt::format("Topic {} exists already.", given.name));
  }
  TopicSpec spec = given;
  // Records carry event time: a broker must neither delete nor refuse them by it.
  spec.config.try_emplace("retention.ms", "-1");
  spec.config.try_emplace(kFutureLimit, std::to_string(std::numeric_limits<int64_t>::max()));
  const std::string purpose = fmt::format("create topic {}", spec.name);
  bool unanswered = false;
  withPatience(*options_, purpose, [&](Milliseconds timeout) {
    try {
      requestTopic(spec, timeout);
    } catch (const BrokerError& error) {
      // An attempt whose answer was lost may have made it.
      if (unanswered && error.kind() == BrokerErrorKind::Rejected &&
          countPartitions(spec.name, timeout) == spec.numPartitions) {
        return;
      }
      // Brokers before 3.6 do not know the limit, and have none.
      if (error.kind() == BrokerErrorKind::Rejected && !given.config.contains(kFutureLimit) &&
          std::string_view(error.what()).find(kFutureLimit) != std::string_view::npos &&
          spec.config.erase(kFutureLimit) == 1) {
        requestTopic(spec, timeout);
        return;
      }
      unanswered = error.kind() == BrokerErrorKind::Unavailable;
      throw;
    }
  });
  withPatience(*options_, purpose, [&](Milliseconds timeout) {
    if (countPartitions(spec.name, timeout) != spec.numPartitions) {
      failKafka(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, purpose);
    }
  });
  forget(spec.name);
}

void KafkaAdmin::deleteTopic(const std::string& name) {
  if (!freshTopic(name)) {
    rejectUnknownTopic(name);
  }
  const std::string what = fmt::format("delete topic {}", name);
  bool unanswered = false;
  withPatience(*options_, what, [&](Milliseconds timeout) {
    rd_kafka_DeleteTopic_t* topic = rd_kafka_DeleteTopic_new(name.c_str());
    const AdminOptions options =
        makeAdminOptions(committed_.get(), RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout);
    try {
      const Event event = ask(committed_.get(), what, [&](rd_kafka_queue_t* queue) {
        rd_kafka_DeleteTopics(committed_.get(), &topic, 1, options.get(), queue);
        rd_kafka_DeleteTopic_destroy(topic);
      });
      size_t numResults = 0;
      const rd_kafka_topic_result_t** results = rd_kafka_DeleteTopics_result_topics(
          rd_kafka_event_DeleteTopics_result(event.get()), &numResults);
      for (size_t i = 0; i < numResults; ++i) {
        const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (!(unanswered && code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)) {
          checkTopicResult(results[i], what);
        }
      }
    } catch (const BrokerError& error) {
      unanswered = error.kind() == BrokerErrorKind::Unavailable;
      throw;
    }
  });
  // Brokers hear of it a little later than the one that answered.
  withPatience(*options_, what, [&](Milliseconds timeout) {
    if (countPartitions(name, timeout)) {
      failKafka(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, what);
    }
  });
  forget(name);
}

void KafkaAdmin::checkPartition(const TopicPartition& partition) {
  const auto has = [&](const std::optional<TopicDescription>& topic) {
    return topic && partition.partition >= 0 && partition.partition < topic->numPartitions;
  };
  if (has(topic(partition.topic))) {
    return;
  }
  const std::optional<TopicDescription> now = freshTopic(partition.topic);
  if (!now) {
    rejectUnknownTopic(partition.topic);
  }
  if (!has(now)) {
    rejectUnknownPartition(partition);
  }
}

int64_t KafkaAdmin::beginOffset(const TopicPartition& partition) {
  return offsetAt(partition, kBeginning, Isolation::ReadUncommitted);
}

int64_t KafkaAdmin::endOffset(const TopicPartition& partition, Isolation isolation) {
  return offsetAt(partition, kEnd, isolation);
}

// Not rd_kafka_query_watermark_offsets: in librdkafka 2.0 it does not time out.
int64_t KafkaAdmin::offsetAt(const TopicPartition& partition, int64_t timestamp,
                             Isolation isolation) {
  checkPartition(partition);
  rd_kafka_t* const kafka = handle(isolation);
  const std::string what =
      fmt::format("ask for offsets of {}-{}", partition.topic, partition.partition);
  try {
    return withPatience(*options_, what, [&](Milliseconds timeout) {
      const KafkaPartitions list = makePartitions(Offsets{{partition, timestamp}});
      const rd_kafka_resp_err_t code =
          rd_kafka_offsets_for_times(kafka, list.get(), milliseconds(timeout));
      const rd_kafka_resp_err_t own = list->elems[0].err;
      if (code != 0 || own != 0) {
        failKafka(own != 0 ? own : code, what);
      }
      return list->elems[0].offset;
    });
  } catch (const BrokerError&) {
    forget(partition.topic);
    throw;
  }
}

Offsets KafkaAdmin::committedOffsets(const std::string& group,
                                     const std::vector<TopicPartition>& partitions) {
  return partitions.empty() ? Offsets() : fetchOffsets(group, partitions, true);
}

void KafkaAdmin::awaitGroup(const std::string& group, const TopicPartition& partition) {
  fetchOffsets(group, {partition}, false);
}

// By a consumer of the group that never joins it. Not by rd_kafka_ListConsumerGroupOffsets: in
// librdkafka 2.0 that crashes when the coordinator is just moving.
Offsets KafkaAdmin::fetchOffsets(const std::string& group,
                                 const std::vector<TopicPartition>& partitions, bool stable) {
  const std::string what = fmt::format("ask for committed offsets of group {}", group);
  const KafkaProperties fixed = {
      {"group.id", group},
      {"isolation.level", stable ? "read_committed" : "read_uncommitted"},
      {"enable.auto.commit", "false"},
      {"allow.auto.create.topics", "false"}};
  const KafkaHandle consumer = makeGrouplessConsumer(*options_, {}, fixed);
  return withPatience(*options_, what, [&](Milliseconds timeout) {
    const KafkaPartitions list = makePartitions(partitions);
    if (const auto code = rd_kafka_committed(consumer.get(), list.get(), milliseconds(timeout));
        code != 0) {
      failKafka(code, what);
    }
    Offsets offsets;
    for (const auto& each : std::span(list->elems, static_cast<size_t>(list->cnt))) {
      if (each.err != 0) {
        failKafka(each.err, what);
      }
      if (each.offset >= 0) {
        offsets[{each.topic, each.partition}] = each.offset;
      }
    }
    return offsets;
  });
}

void KafkaAdmin::deleteRecords(const TopicPartition& partition, int64_t offset) {
  checkPartition(partition);
  const std::string what =
      fmt::format("delete records of {}-{}", partition.topic, partition.partition);
  bool outOfRange = false;
  withPatience(*options_, what, [&](Milliseconds timeout) {
    const KafkaPartitions before = makePartitions(Offsets{{partition, offset}});
    rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(before.get());
    const AdminOptions options =
        makeAdminOptions(committed_.get(), RD_KAFKA_ADMIN_OP_DELETERECORDS, timeout);
    const Event event = ask(committed_.get(), what, [&](rd_kafka_queue_t* queue) {
      rd_kafka_DeleteRecords(committed_.get(), &request, 1, options.get(), queue);
      rd_kafka_DeleteRecords_destroy(request);
    });
    const rd_kafka_topic_partition_list_t* deleted =
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
    for (int i = 0; i < deleted->cnt; ++i) {
      outOfRange = deleted->elems[i].err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
      if (deleted->elems[i].err != 0 && !outOfRange) {
        failKafka(deleted->elems[i].err, what);
      }
    }
  });
  if (outOfRange) {
    rejectUnknownOffset(partition, offset, endOffset(partition, Isolation::ReadUncommitted));
  }
}

}  // namespace auspex::engine
