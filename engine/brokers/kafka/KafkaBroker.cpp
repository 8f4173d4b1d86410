// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaBroker.h"

#include <utility>

#include "engine/brokers/kafka/KafkaAdmin.h"
#include "engine/brokers/kafka/KafkaMembership.h"
#include "engine/brokers/kafka/KafkaProducer.h"
#include "engine/brokers/kafka/KafkaReader.h"
#include "engine/brokers/kafka/KafkaReaderPool.h"
#include "engine/brokers/kafka/KafkaRecordProducer.h"

namespace auspex::engine {

KafkaBroker::KafkaBroker(KafkaBrokerOptions options)
    : options_(std::make_shared<const KafkaBrokerOptions>(std::move(options))),
      admin_(std::make_shared<KafkaAdmin>(options_)),
      readers_(std::make_shared<KafkaReaderPool>(options_)) {
}

KafkaBroker::~KafkaBroker() = default;

std::string KafkaBroker::describe() const {
  return "Kafka at " + options_->bootstrapServers;
}

std::optional<TopicDescription> KafkaBroker::topic(const std::string& name) {
  return admin_->topic(name);
}

std::vector<std::string> KafkaBroker::topics() {
  return admin_->topics();
}

void KafkaBroker::createTopic(const TopicSpec& spec) {
  admin_->createTopic(spec);
}

void KafkaBroker::deleteTopic(const std::string& name) {
  admin_->deleteTopic(name);
}

int64_t KafkaBroker::beginOffset(const TopicPartition& partition) {
  return admin_->beginOffset(partition);
}

int64_t KafkaBroker::endOffset(const TopicPartition& partition, Isolation isolation) {
  return admin_->endOffset(partition, isolation);
}

Offsets KafkaBroker::committedOffsets(const std::string& group,
                                      const std::vector<TopicPartition>& partitions) {
  return admin_->committedOffsets(group, partitions);
}

void KafkaBroker::deleteRecords(const TopicPartition& partition, int64_t offset) {
  admin_->deleteRecords(partition, offset);
}

std::unique_ptr<PartitionReader> KafkaBroker::openReader(const TopicPartition& partition,
                                                         int64_t position, Isolation isolation,
                                                         std::shared_ptr<Wakeup> wakeup) {
  admin_->checkPartition(partition);
  return std::make_unique<KafkaReader>(readers_, partition, position, isolation, std::move(wakeup));
}

std::unique_ptr<TransactionalProducer> KafkaBroker::openProducer(
    const std::string& transactionalId) {
  return std::make_unique<KafkaProducer>(options_, admin_, transactionalId);
}

std::unique_ptr<RecordProducer> KafkaBroker::openRecordProducer() {
  return std::make_unique<KafkaRecordProducer>(options_, admin_);
}

std::unique_ptr<Membership> KafkaBroker::join(const MembershipSpec& spec) {
  return std::make_unique<KafkaMembership>(options_, spec);
}

}  // namespace auspex::engine
