// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/simulated/SimulatedBroker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/WallClock.h"
#include "engine/brokers/simulated/SimulatedCore.h"

namespace auspex::engine {

SimulatedBroker::SimulatedBroker(uint64_t seed) : core_(std::make_shared<SimulatedCore>(seed)) {
}

SimulatedBroker::~SimulatedBroker() = default;

void SimulatedBroker::setFaults(const Faults& faults) {
  const std::lock_guard lock(core_->mutex);
  core_->faults = faults;
}

uint64_t SimulatedBroker::steps() const {
  const std::lock_guard lock(core_->mutex);
  return core_->steps;
}

void SimulatedBroker::restart() {
  const std::lock_guard lock(core_->mutex);
  ++core_->currentProcess;
  core_->crashed = false;
  core_->steps = 0;
  core_->wakeups.clear();
  // A new coordinator instead of evictions: nothing of the dead process is a member any more.
  core_->groups = std::make_shared<GroupCoordinator>();
  for (const auto& [name, topic] : core_->log.topics()) {
    core_->groups->setTopic(name, topic.description.numPartitions);
  }
}

bool SimulatedBroker::crashed() const {
  const std::lock_guard lock(core_->mutex);
  return core_->crashed;
}

void SimulatedBroker::append(const std::string& topic,
                             std::span<const operators::OutgoingRecord> records) {
  const std::lock_guard lock(core_->mutex);
  const int64_t now = wallClock();
  for (const operators::OutgoingRecord& record : records) {
    checkRecord(core_->log.topic(topic).description, record, now);
    core_->log.append(0, topic, record);
  }
  core_->wakeReaders();
}

std::vector<SimulatedRead> SimulatedBroker::records(const std::string& topic, int32_t partition,
                                                    Isolation isolation, int64_t from) const {
  const std::lock_guard lock(core_->mutex);
  const SimulatedPartition& source = core_->log.partition({topic, partition});
  int64_t position = std::max(from, source.beginOffset());
  std::vector<SimulatedRead> records;
  for (const auto& [offset, record] :
       source.read(position, std::numeric_limits<size_t>::max(), isolation)) {
    records.push_back({offset, *record});
  }
  return records;
}

int32_t SimulatedBroker::numPartitions(const std::string& topic) const {
  const std::lock_guard lock(core_->mutex);
  const auto found = core_->log.topics().find(topic);
  return found == core_->log.topics().end() ? 0 : found->second.description.numPartitions;
}

void SimulatedBroker::setPendingOffsetsTimeout(std::chrono::milliseconds timeout) {
  const std::lock_guard lock(core_->mutex);
  core_->pendingOffsetsTimeout = timeout;
}

void SimulatedBroker::limitReads(const std::string& topic, int64_t offset) {
  const std::lock_guard lock(core_->mutex);
  core_->readLimits[topic] = offset;
  core_->wakeReaders();
}

void SimulatedBroker::limitRecordBytes(const std::string& topic, size_t bytes) {
  const std::lock_guard lock(core_->mutex);
  core_->log.topic(topic).description.maxRecordBytes = bytes;
}

void SimulatedBroker::loseMemberships(const std::string& group) {
  const std::lock_guard lock(core_->mutex);
  core_->groups->evict(group);
}

void SimulatedBroker::fence(const std::string& transactionalId) {
  const std::lock_guard lock(core_->mutex);
  core_->log.openProducer(transactionalId);
  core_->settled.notify_all();
  core_->wakeReaders();
}

std::string SimulatedBroker::describe() const {
  return "simulated broker in memory";
}

std::optional<TopicDescription> SimulatedBroker::topic(const std::string& name) {
  return core_->stepNow(BrokerCall::Topics, [&](const StepVerdict&) {
    const auto found = core_->log.topics().find(name);
    return found == core_->log.topics().end()
               ? std::optional<TopicDescription>()
               : std::optional<TopicDescription>(found->second.description);
  });
}

std::vector<std::string> SimulatedBroker::topics() {
  return core_->stepNow(BrokerCall::Topics, [&](const StepVerdict&) {
    std::vector<std::string> names;
    for (const auto& [name, topic] : core_->log.topics()) {
      names.push_back(name);
    }
    return names;
  });
}

void SimulatedBroker::createTopic(const TopicSpec& spec) {
  core_->stepNow(BrokerCall::Topics, [&](const StepVerdict&) {
    core_->log.createTopic(spec);
    core_->groups->setTopic(spec.name, spec.numPartitions);
  });
}

void SimulatedBroker::deleteTopic(const std::string& name) {
  core_->stepNow(BrokerCall::Topics, [&](const StepVerdict&) {
    core_->log.deleteTopic(name);
    core_->groups->setTopic(name, 0);
  });
}

int64_t SimulatedBroker::beginOffset(const TopicPartition& partition) {
  return core_->stepNow(BrokerCall::AskOffsets, [&](const StepVerdict&) {
    return core_->log.partition(partition).beginOffset();
  });
}

int64_t SimulatedBroker::endOffset(const TopicPartition& partition, Isolation isolation) {
  return core_->stepNow(BrokerCall::AskOffsets, [&](const StepVerdict&) {
    return core_->log.partition(partition).endOffset(isolation);
  });
}

Offsets SimulatedBroker::committedOffsets(const std::string& group,
                                          const std::vector<TopicPartition>& partitions) {
  core_->stepNow(BrokerCall::AskOffsets, [](const StepVerdict&) {});
  std::unique_lock lock(core_->mutex);
  core_->log.settleGroup(group);
  const bool stable = core_->settled.wait_for(lock, core_->pendingOffsetsTimeout, [&] {
    return !core_->log.hasPendingOffsets(group, partitions);
  });
  if (!stable) {
    throw BrokerError(
        BrokerErrorKind::Unavailable,
        fmt::format("Offsets of group '{}' wait for a transaction that is still open.", group));
  }
  core_->log.settleGroup(group);
  return core_->log.committedOffsets(group, partitions);
}

void SimulatedBroker::deleteRecords(const TopicPartition& partition, int64_t offset) {
  core_->stepNow(BrokerCall::Topics, [&](const StepVerdict&) {
    SimulatedPartition& target = core_->log.partition(partition);
    if (offset > target.highWatermark()) {
      rejectUnknownOffset(partition, offset, target.highWatermark());
    }
    target.deleteRecords(offset);
  });
}

std::unique_ptr<PartitionReader> SimulatedBroker::openReader(const TopicPartition& partition,
                                                             int64_t position, Isolation isolation,
                                                             std::shared_ptr<Wakeup> wakeup) {
  return core_->stepNow(BrokerCall::OpenReader, [&](const StepVerdict&) {
    core_->log.partition(partition);  // throws when there is none
    if (wakeup != nullptr) {
      core_->wakeups.push_back(wakeup);
    }
    return makeSimulatedReader(core_, core_->currentProcess, partition, position, isolation);
  });
}

std::unique_ptr<TransactionalProducer> SimulatedBroker::openProducer(
    const std::string& transactionalId) {
  return core_->stepNow(BrokerCall::OpenProducer, [&](const StepVerdict&) {
    const uint64_t epoch = core_->log.openProducer(transactionalId);
    core_->settled.notify_all();
    core_->wakeReaders();
    return makeSimulatedProducer(core_, core_->currentProcess, transactionalId, epoch);
  });
}

std::unique_ptr<RecordProducer> SimulatedBroker::openRecordProducer() {
  return core_->stepNow(BrokerCall::OpenProducer, [&](const StepVerdict&) {
    return makeSimulatedRecordProducer(core_, core_->currentProcess);
  });
}

std::unique_ptr<Membership> SimulatedBroker::join(const MembershipSpec& spec) {
  return core_->stepNow(BrokerCall::Join, [&](const StepVerdict&) {
    return makeSimulatedMembership(core_, core_->currentProcess, core_->groups->join(spec));
  });
}

}  // namespace auspex::engine
