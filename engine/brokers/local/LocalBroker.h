// SPDX-License-Identifier: Apache-2.0
// The embedded broker: topics, transactions and groups in one directory, for one process, durable
// without any server. Every commit is one checksummed frame of a journal, so it is there whole or
// not at all, also after kill -9.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/local/LocalLog.h"

namespace auspex::engine {

/// Any thread; each handle by one. The caller holds the data directory's process lock. Handles may
/// outlive the broker object; the journal is closed with the last of them.
class LocalBroker final : public Broker {
 public:
  /// Opens or creates the journal in options.journal.directory. Throws BrokerError: Fatal, naming
  /// file and offset, when the journal is damaged; Unavailable when the directory cannot be used.
  explicit LocalBroker(LocalBrokerOptions options);

  std::string describe() const override;
  std::optional<TopicDescription> topic(const std::string& name) override;
  std::vector<std::string> topics() override;
  void createTopic(const TopicSpec& spec) override;
  void deleteTopic(const std::string& name) override;
  int64_t beginOffset(const TopicPartition& partition) override;
  int64_t endOffset(const TopicPartition& partition, Isolation isolation) override;
  Offsets committedOffsets(const std::string& group,
                           const std::vector<TopicPartition>& partitions) override;
  void deleteRecords(const TopicPartition& partition, int64_t offset) override;
  std::unique_ptr<PartitionReader> openReader(const TopicPartition& partition, int64_t position,
                                              Isolation isolation,
                                              std::shared_ptr<Wakeup> wakeup) override;
  std::unique_ptr<TransactionalProducer> openProducer(const std::string& transactionalId) override;
  std::unique_ptr<RecordProducer> openRecordProducer() override;
  std::unique_ptr<Membership> join(const MembershipSpec& spec) override;

  /// What the background thread does every maintenanceInterval: sync, apply retention, give back
  /// segments in which nothing is live.
  void maintain();

 private:
  std::shared_ptr<LocalLog> log_;
};

}  // namespace auspex::engine
