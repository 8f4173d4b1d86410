// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaReaderPool.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <string>

#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

// The more partitions are read at once, the less each may fetch ahead, so that the sum stays about
// options.readBufferBytes. A record that waits costs librdkafka some 400 bytes besides its own.
struct Tier {
  size_t partitionsBefore;  // read already when the instance is made
  size_t partitions;
  size_t shareOfBuffer;  // bytes per partition are the buffer divided by this
  size_t records;
};
constexpr std::array<Tier, 5> kTiers = {{
    {0, 4, 8, 24576},
    {4, 8, 16, 8192},
    {12, 16, 64, 4096},
    {28, 64, 256, 1024},
    {92, 256, 1024, 256},
}};

constexpr size_t kLeastBytes = 64UL * 1024;
constexpr size_t kMostFetchBytes = 1024UL * 1024;  // per partition and request
constexpr size_t kRequestBytes = 8UL * 1024 * 1024;
constexpr int kNudgeTimeoutMs = 1000;

/// What state is restored from: damage there has to be seen. Checksums cost a copy a tenth more.
bool isChecked(const std::string& topic) {
  return topic.ends_with("-changelog") || topic.ends_with("-changelog-w") ||
         topic.starts_with("_auspex-");
}

KafkaHandle makeFetchHandle(const KafkaBrokerOptions& options, Isolation isolation, bool checked,
                            const FetchLimits& limits) {
  const KafkaProperties defaults = {
      {"fetch.wait.max.ms", "100"},
      {"fetch.min.bytes", "1"},
      {"fetch.error.backoff.ms", "100"},
  };
  const size_t fetchBytes = std::min(limits.bytes, kMostFetchBytes);
  const KafkaProperties fixed = {
      {"isolation.level",
       isolation == Isolation::ReadCommitted ? "read_committed" : "read_uncommitted"},
      {"auto.offset.reset", "error"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "true"},
      {"check.crcs", checked ? "true" : "false"},
      {"allow.auto.create.topics", "false"},
      {"queued.min.messages", std::to_string(limits.records)},
      {"queued.max.messages.kbytes", std::to_string(limits.bytes / 1024)},
      {"fetch.message.max.bytes", std::to_string(fetchBytes)},
      {"fetch.max.bytes", std::to_string(kRequestBytes)},
  };
  return makeGrouplessConsumer(options, defaults, fixed);
}

}  // namespace

KafkaFetcher::KafkaFetcher(const KafkaBrokerOptions& options, Isolation isolation, bool checked,
                           FetchLimits limits)
    : isolation_(isolation),
      checked_(checked),
      limits_(limits),
      handle_(makeFetchHandle(options, isolation, checked, limits)),
      answers_(rd_kafka_queue_new(handle_.get())) {
}

KafkaFetcher::~KafkaFetcher() {
  AUSPEX_ASSERT(taken_.empty());
}

// Any request to the broker wakes its thread; this one is small, changes nothing, and its answer,
// a refusal included, does not matter.
void KafkaFetcher::nudge(int32_t brokerId) {
  while (rd_kafka_event_t* event = rd_kafka_queue_poll(answers_.get(), 0)) {
    rd_kafka_event_destroy(event);
  }
  const std::string broker = std::to_string(brokerId);
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, broker.c_str());
  rd_kafka_ConfigResource_set_config(resource, "broker.id", "");  // else it tells all
  rd_kafka_AdminOptions_t* options =
      rd_kafka_AdminOptions_new(handle_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  std::array<char, 128> text{};
  rd_kafka_AdminOptions_set_request_timeout(options, kNudgeTimeoutMs, text.data(), text.size());
  rd_kafka_DescribeConfigs(handle_.get(), &resource, 1, options, answers_.get());
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_ConfigResource_destroy(resource);
}

FetchLimits KafkaReaderPool::nextLimits() const {
  size_t numTaken = 0;
  for (const auto& fetcher : fetchers_) {
    numTaken += fetcher->taken_.size();
  }
  const Tier* tier = &kTiers.front();
  for (const Tier& each : kTiers) {
    if (numTaken >= each.partitionsBefore) {
      tier = &each;
    }
  }
  FetchLimits limits;
  limits.partitions = tier->partitions;
  limits.bytes = std::max(kLeastBytes, options_->readBufferBytes / tier->shareOfBuffer);
  limits.records = tier->records;
  return limits;
}

std::shared_ptr<KafkaFetcher> KafkaReaderPool::take(const TopicPartition& partition,
                                                    Isolation isolation) {
  const bool checked = isChecked(partition.topic);
  const std::lock_guard lock(mutex_);
  for (const auto& fetcher : fetchers_) {
    if (fetcher->isolation_ == isolation && fetcher->checked_ == checked &&
        fetcher->taken_.size() < fetcher->limits_.partitions &&
        fetcher->taken_.insert(partition).second) {
      return fetcher;
    }
  }
  fetchers_.push_back(std::make_shared<KafkaFetcher>(*options_, isolation, checked, nextLimits()));
  fetchers_.back()->taken_.insert(partition);
  return fetchers_.back();
}

void KafkaReaderPool::release(KafkaFetcher& fetcher, const TopicPartition& partition) {
  const std::lock_guard lock(mutex_);
  const size_t numErased = fetcher.taken_.erase(partition);
  AUSPEX_ASSERT(numErased == 1);
}

}  // namespace auspex::engine
