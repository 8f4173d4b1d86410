// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/LocalBroker.h"

#include <fmt/format.h>

#include <utility>

#include "engine/brokers/local/LocalProducer.h"
#include "engine/brokers/local/LocalReader.h"

namespace auspex::engine {

LocalBroker::LocalBroker(LocalBrokerOptions options)
    : log_(std::make_shared<LocalLog>(std::move(options))) {
}

std::string LocalBroker::describe() const {
  return fmt::format("embedded broker in {}", log_->options().journal.directory.string());
}

std::optional<TopicDescription> LocalBroker::topic(const std::string& name) {
  const std::shared_ptr<const LocalTopic> found = log_->findTopic(name);
  return found == nullptr ? std::nullopt : std::optional(found->settings.description);
}

std::vector<std::string> LocalBroker::topics() {
  return log_->topicNames();
}

void LocalBroker::createTopic(const TopicSpec& spec) {
  log_->createTopic(spec);
}

void LocalBroker::deleteTopic(const std::string& name) {
  log_->deleteTopic(name);
}

int64_t LocalBroker::beginOffset(const TopicPartition& partition) {
  return log_->partition(partition)->beginOffset.load();
}

// Nothing uncommitted is ever in the journal: both isolations see the same.
int64_t LocalBroker::endOffset(const TopicPartition& partition, Isolation) {
  return log_->partition(partition)->nextOffset.load();
}

Offsets LocalBroker::committedOffsets(const std::string& group,
                                      const std::vector<TopicPartition>& partitions) {
  return log_->committedOffsets(group, partitions);
}

void LocalBroker::deleteRecords(const TopicPartition& partition, int64_t offset) {
  log_->deleteRecords(partition, offset);
}

std::unique_ptr<PartitionReader> LocalBroker::openReader(const TopicPartition& partition,
                                                         int64_t position, Isolation,
                                                         std::shared_ptr<Wakeup> wakeup) {
  std::shared_ptr<LocalPartition> found = log_->partition(partition);
  if (wakeup != nullptr) {
    found->addWakeup(wakeup);
  }
  return std::make_unique<LocalReader>(log_, std::move(found), position);
}

std::unique_ptr<TransactionalProducer> LocalBroker::openProducer(
    const std::string& transactionalId) {
  return std::make_unique<LocalProducer>(log_, transactionalId);
}

std::unique_ptr<RecordProducer> LocalBroker::openRecordProducer() {
  return std::make_unique<LocalRecordProducer>(log_);
}

std::unique_ptr<Membership> LocalBroker::join(const MembershipSpec& spec) {
  return log_->groups().join(spec);
}

void LocalBroker::maintain() {
  log_->maintain();
}

}  // namespace auspex::engine
