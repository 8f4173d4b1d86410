// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/simulated/SimulatedLog.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

constexpr uint64_t kNow = std::numeric_limits<uint64_t>::max();

SimulatedRecord copyOf(const operators::OutgoingRecord& record) {
  SimulatedRecord copy;
  copy.key = record.key;
  copy.value = record.value;
  copy.timestamp = record.timestamp;
  for (const operators::Header& header : record.headers) {
    copy.headers.emplace_back(header.key, header.value);
  }
  return copy;
}

}  // namespace

int64_t SimulatedPartition::lastStableOffset() const {
  int64_t offset = highWatermark();
  for (const auto& [transaction, first] : open_) {
    offset = std::min(offset, first);
  }
  return std::max(offset, begin_);
}

int64_t SimulatedPartition::endOffset(Isolation isolation) const {
  return isolation == Isolation::ReadCommitted ? lastStableOffset() : highWatermark();
}

void SimulatedPartition::append(TransactionNumber transaction, SimulatedRecord record) {
  if (transaction != 0) {
    open_.try_emplace(transaction, highWatermark());
  }
  entries_.push_back({transaction, std::make_shared<const SimulatedRecord>(std::move(record))});
}

void SimulatedPartition::end(TransactionNumber transaction, bool commit) {
  AUSPEX_ASSERT(open_.erase(transaction) == 1);
  if (!commit) {
    aborted_.insert(transaction);
  }
  entries_.push_back({transaction, nullptr});
}

void SimulatedPartition::deleteRecords(int64_t offset) {
  const int64_t until = std::min(offset, highWatermark());
  while (begin_ < until) {
    entries_.pop_front();
    ++begin_;
  }
}

std::vector<std::pair<int64_t, std::shared_ptr<const SimulatedRecord>>> SimulatedPartition::read(
    int64_t& position, size_t maxRecords, Isolation isolation) const {
  std::vector<std::pair<int64_t, std::shared_ptr<const SimulatedRecord>>> records;
  const int64_t end = endOffset(isolation);
  while (position < end && records.size() < maxRecords) {
    const Entry& entry = entries_[static_cast<size_t>(position - begin_)];
    const bool hidden =
        isolation == Isolation::ReadCommitted && aborted_.contains(entry.transaction);
    if (entry.record != nullptr && !hidden) {
      records.emplace_back(position, entry.record);
    }
    ++position;
  }
  return records;
}

void SimulatedLog::createTopic(const TopicSpec& spec) {
  const TopicSettings settings = checkTopic(spec);
  if (topics_.contains(spec.name)) {
    throw BrokerError(BrokerErrorKind::Rejected,
                      fmt::format("Topic '{}' already exists.", spec.name));
  }
  SimulatedTopic& topic = topics_[spec.name];
  topic.description = settings.description;
  topic.partitions.resize(static_cast<size_t>(spec.numPartitions));
}

void SimulatedLog::deleteTopic(const std::string& name) {
  if (topics_.erase(name) == 0) {
    rejectUnknownTopic(name);
  }
  const auto ofTopic = [&](const auto& entry) { return entry.first.topic == name; };
  for (auto& [number, transaction] : transactions_) {
    std::erase_if(transaction.partitions, [&](const auto& item) { return item.topic == name; });
    std::erase_if(transaction.markersDue, ofTopic);
    for (auto& [group, offsets] : transaction.offsets) {
      std::erase_if(offsets, ofTopic);
    }
  }
  for (auto& [group, offsets] : groupOffsets_) {
    std::erase_if(offsets, ofTopic);
  }
}

SimulatedTopic& SimulatedLog::topic(const std::string& name) {
  const auto found = topics_.find(name);
  if (found == topics_.end()) {
    rejectUnknownTopic(name);
  }
  return found->second;
}

SimulatedPartition& SimulatedLog::partition(const TopicPartition& partition) {
  SimulatedTopic& owner = topic(partition.topic);
  if (partition.partition < 0 || partition.partition >= owner.description.numPartitions) {
    rejectUnknownPartition(partition);
  }
  return owner.partitions[static_cast<size_t>(partition.partition)];
}

uint64_t SimulatedLog::openProducer(const std::string& transactionalId) {
  Producer& producer = producers_[transactionalId];
  if (producer.transaction && !transaction(*producer.transaction).ended) {
    end(*producer.transaction, false, {});
  }
  settleProducer(transactionalId);
  return ++producer.epoch;
}

uint64_t SimulatedLog::epoch(const std::string& transactionalId) const {
  const auto found = producers_.find(transactionalId);
  return found == producers_.end() ? 0 : found->second.epoch;
}

TransactionNumber SimulatedLog::begin(const std::string& transactionalId) {
  settleProducer(transactionalId);
  const TransactionNumber number = nextTransaction_++;
  transactions_[number];
  producers_[transactionalId].transaction = number;
  return number;
}

void SimulatedLog::append(TransactionNumber transaction, const std::string& topicName,
                          const operators::OutgoingRecord& record) {
  const TopicPartition place{topicName, record.partition};
  SimulatedPartition& target = partition(place);
  if (transaction != 0) {
    transactions_.at(transaction).partitions.insert(place);
  }
  SimulatedRecord copy = copyOf(record);
  copy.sequence = nextSequence_++;
  target.append(transaction, std::move(copy));
}

void SimulatedLog::addOffsets(TransactionNumber transaction, const std::string& group,
                              const Offsets& offsets) {
  Offsets& pending = transactions_.at(transaction).offsets[group];
  for (const auto& [partition, offset] : offsets) {
    pending[partition] = offset;
  }
}

const SimulatedTransaction& SimulatedLog::transaction(TransactionNumber number) const {
  return transactions_.at(number);
}

void SimulatedLog::end(TransactionNumber number, bool commit,
                       const std::map<TopicPartition, uint64_t>& markersDue) {
  SimulatedTransaction& ended = transactions_.at(number);
  AUSPEX_ASSERT(!ended.ended);
  ended.ended = true;
  ended.commit = commit;
  for (const TopicPartition& partition : ended.partitions) {
    const auto due = markersDue.find(partition);
    ended.markersDue[partition] = due == markersDue.end() ? 0 : due->second;
  }
  writeMarkers(0);
}

bool SimulatedLog::writeMarkers(SimulatedTransaction& transaction, TransactionNumber number,
                                uint64_t now) {
  const size_t numWritten = std::erase_if(transaction.markersDue, [&](const auto& marker) {
    if (marker.second > now) {
      return false;
    }
    partition(marker.first).end(number, transaction.commit);
    return true;
  });
  return numWritten > 0;
}

bool SimulatedLog::writeMarkers(uint64_t now) {
  bool written = false;
  for (auto& [number, transaction] : transactions_) {
    written = writeMarkers(transaction, number, now) || written;
  }
  forgetSettled();
  return written;
}

// Offsets become stable with the last marker: a group's readers wait for the whole transaction.
void SimulatedLog::forgetSettled() {
  std::erase_if(transactions_, [&](const auto& entry) {
    const SimulatedTransaction& transaction = entry.second;
    if (!transaction.ended || !transaction.markersDue.empty()) {
      return false;
    }
    for (const auto& [group, offsets] : transaction.offsets) {
      for (const auto& [partition, offset] : offsets) {
        if (transaction.commit) {
          groupOffsets_[group][partition] = offset;
        }
      }
    }
    for (auto& [id, producer] : producers_) {
      if (producer.transaction == entry.first) {
        producer.transaction.reset();
      }
    }
    return true;
  });
}

void SimulatedLog::settleProducer(const std::string& transactionalId) {
  const Producer& producer = producers_[transactionalId];
  if (producer.transaction && transaction(*producer.transaction).ended) {
    writeMarkers(transactions_.at(*producer.transaction), *producer.transaction, kNow);
    forgetSettled();
  }
}

void SimulatedLog::settleGroup(const std::string& group) {
  for (auto& [number, transaction] : transactions_) {
    if (transaction.ended && transaction.offsets.contains(group)) {
      writeMarkers(transaction, number, kNow);
    }
  }
  forgetSettled();
}

bool SimulatedLog::hasPendingOffsets(const std::string& group,
                                     const std::vector<TopicPartition>& partitions) const {
  for (const auto& [number, transaction] : transactions_) {
    const auto pending = transaction.offsets.find(group);
    if (pending == transaction.offsets.end() || transaction.ended) {
      continue;
    }
    for (const TopicPartition& partition : partitions) {
      if (pending->second.contains(partition)) {
        return true;
      }
    }
  }
  return false;
}

Offsets SimulatedLog::committedOffsets(const std::string& group,
                                       const std::vector<TopicPartition>& partitions) const {
  Offsets offsets;
  const auto found = groupOffsets_.find(group);
  for (const TopicPartition& partition : partitions) {
    if (found == groupOffsets_.end()) {
      break;
    }
    if (const auto offset = found->second.find(partition); offset != found->second.end()) {
      offsets.insert(*offset);
    }
  }
  return offsets;
}

}  // namespace auspex::engine
