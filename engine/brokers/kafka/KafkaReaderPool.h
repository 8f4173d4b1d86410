// SPDX-License-Identifier: Apache-2.0
// Consumers that read partitions without a group, shared by all readers of a broker. An instance of
// librdkafka can read a partition once; a second reader of the same partition gets another one.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "engine/brokers/kafka/KafkaHandle.h"

namespace auspex::engine {

/// How much one partition may fetch ahead of its reader.
struct FetchLimits {
  size_t partitions = 0;  ///< of one instance
  size_t records = 0;     ///< waiting, per partition; more are fetched only below this
  size_t bytes = 0;       ///< the same in bytes of keys and values
};

/// One instance and the partitions that it reads now. Everything that came from it keeps it alive.
class KafkaFetcher {
 public:
  /// checked: compares the checksums of record batches.
  KafkaFetcher(const KafkaBrokerOptions& options, Isolation isolation, bool checked,
               FetchLimits limits);
  ~KafkaFetcher();

  rd_kafka_s* handle() const { return handle_.get(); }
  const FetchLimits& limits() const { return limits_; }
  /// Makes the thread that fetches from broker `brokerId` look again which partitions want more.
  /// librdkafka 2.0 does so only once a second when all of them were full.
  void nudge(int32_t brokerId);

 private:
  friend class KafkaReaderPool;

  const Isolation isolation_;
  const bool checked_;
  const FetchLimits limits_;
  const KafkaHandle handle_;
  const KafkaQueueHandle answers_;  // of nudges
  std::set<TopicPartition> taken_;  // guarded by the pool's mutex
};

/// Any thread.
class KafkaReaderPool {
 public:
  explicit KafkaReaderPool(std::shared_ptr<const KafkaBrokerOptions> options)
      : options_(std::move(options)) {}

  /// An instance that may read the partition until release().
  std::shared_ptr<KafkaFetcher> take(const TopicPartition& partition, Isolation isolation);
  void release(KafkaFetcher& fetcher, const TopicPartition& partition);

 private:
  FetchLimits nextLimits() const;

  const std::shared_ptr<const KafkaBrokerOptions> options_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::shared_ptr<KafkaFetcher>> fetchers_;
};

}  // namespace auspex::engine
