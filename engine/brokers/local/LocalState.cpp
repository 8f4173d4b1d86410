// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/LocalState.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace auspex::engine {

void LocalPartition::addWakeup(const std::shared_ptr<Wakeup>& wakeup) {
  const std::lock_guard lock(mutex_);
  std::erase_if(wakeups_, [&](const std::weak_ptr<Wakeup>& other) {
    const std::shared_ptr<Wakeup> alive = other.lock();
    return alive == nullptr || alive == wakeup;
  });
  wakeups_.push_back(wakeup);
}

void LocalPartition::notify() {
  std::vector<std::shared_ptr<Wakeup>> waiting;
  {
    const std::lock_guard lock(mutex_);
    for (const std::weak_ptr<Wakeup>& wakeup : wakeups_) {
      waiting.push_back(wakeup.lock());
    }
  }
  for (const std::shared_ptr<Wakeup>& wakeup : waiting) {
    if (wakeup != nullptr) {
      wakeup->notify();
    }
  }
}

void LocalState::apply(uint64_t segment, const Section& section) {
  std::visit(
      [&](const auto& kind) {
        using Kind = std::decay_t<decltype(kind)>;
        if constexpr (std::is_same_v<Kind, RunSection>) {
          addRun(segment, kind);
        } else if constexpr (std::is_same_v<Kind, GroupOffsetSection>) {
          groupOffsets_[kind.group][kind.partition] = kind.offset;
        } else if constexpr (std::is_same_v<Kind, TopicCreatedSection>) {
          create(kind);
        } else if constexpr (std::is_same_v<Kind, TopicDeletedSection>) {
          remove(kind);
        } else if constexpr (std::is_same_v<Kind, BeginOffsetSection>) {
          if (LocalPartition* const partition = find(kind.partition)) {
            moveBegin(*partition, kind.offset);
          }
        } else if constexpr (std::is_same_v<Kind, ProducerSection>) {
          epoch(kind.transactionalId)->store(kind.epoch);
        } else if constexpr (std::is_same_v<Kind, NextOffsetSection>) {
          if (LocalPartition* const partition = find(kind.partition)) {
            partition->nextOffset.store(kind.offset);
          }
        } else {
          static_assert(std::is_same_v<Kind, NextTopicSection>);
          nextTopicId_ = std::max(nextTopicId_, kind.id);
        }
      },
      section);
}

void LocalState::create(const TopicCreatedSection& section) {
  auto topic = std::make_shared<LocalTopic>();
  topic->id = section.id;
  topic->spec = section.spec;
  topic->settings = checkTopic(section.spec);
  for (int32_t i = 0; i < section.spec.numPartitions; ++i) {
    topic->partitions.push_back(std::make_shared<LocalPartition>(
        TopicPartition{section.spec.name, i}, PartitionId{section.id, i}));
  }
  topics_[section.spec.name] = topic;
  topicsById_[section.id] = topic;
  nextTopicId_ = std::max(nextTopicId_, section.id + 1);
}

// The groups' offsets go too: they would point into another topic if it is created again.
void LocalState::remove(const TopicDeletedSection& section) {
  const auto found = topicsById_.find(section.id);
  if (found == topicsById_.end()) {
    return;
  }
  const std::string name = found->second->spec.name;
  for (const std::shared_ptr<LocalPartition>& partition : found->second->partitions) {
    partition->deleted.store(true);
  }
  for (auto& [group, offsets] : groupOffsets_) {
    std::erase_if(offsets, [&](const auto& entry) { return entry.first.topic == name; });
  }
  topicsById_.erase(found);
  topics_.erase(name);
}

LocalPartition* LocalState::find(const PartitionId& id) const {
  const auto found = topicsById_.find(id.topic);
  if (found == topicsById_.end() || id.partition < 0 ||
      static_cast<size_t>(id.partition) >= found->second->partitions.size()) {
    return nullptr;
  }
  return found->second->partitions[static_cast<size_t>(id.partition)].get();
}

void LocalState::addRun(uint64_t segment, const RunSection& run) {
  LocalPartition* const partition = find(run.partition);
  if (partition == nullptr) {
    return;
  }
  if (partition->extents.empty() || partition->extents.back().segment != segment) {
    partition->extents.push_back(
        {segment, {run.firstOffset, run.firstOffset, run.maxTimestamp, 0}});
  }
  Extent& extent = partition->extents.back().extent;
  extent.nextOffset = run.nextOffset;
  extent.maxTimestamp = std::max(extent.maxTimestamp, run.maxTimestamp);
  extent.bytes += run.bytes;
  partition->nextOffset.store(run.nextOffset, std::memory_order_release);
}

void LocalState::addExtent(uint64_t segment, const PartitionId& id, const Extent& extent) {
  LocalPartition* const partition = find(id);
  if (partition != nullptr && extent.nextOffset > partition->beginOffset.load()) {
    partition->extents.push_back({segment, extent});
  }
}

void LocalState::settleExtents() {
  for (const auto& [name, topic] : topics_) {
    for (const std::shared_ptr<LocalPartition>& partition : topic->partitions) {
      std::sort(partition->extents.begin(), partition->extents.end(),
                [](const PlacedExtent& a, const PlacedExtent& b) {
                  return a.extent.firstOffset < b.extent.firstOffset;
                });
    }
  }
}

void LocalState::moveBegin(LocalPartition& partition, int64_t offset) {
  partition.beginOffset.store(std::max(offset, partition.beginOffset.load()));
  partition.nextOffset.store(std::max(offset, partition.nextOffset.load()));
  std::erase_if(partition.extents,
                [&](const PlacedExtent& placed) { return placed.extent.nextOffset <= offset; });
}

std::vector<Section> LocalState::checkpoint() const {
  std::vector<Section> sections;
  sections.emplace_back(NextTopicSection{nextTopicId_});
  for (const auto& [name, topic] : topics_) {
    sections.emplace_back(TopicCreatedSection{topic->id, topic->spec});
    for (const std::shared_ptr<LocalPartition>& partition : topic->partitions) {
      sections.emplace_back(BeginOffsetSection{partition->id, partition->beginOffset.load()});
      sections.emplace_back(NextOffsetSection{partition->id, partition->nextOffset.load()});
    }
  }
  for (const auto& [group, offsets] : groupOffsets_) {
    for (const auto& [partition, offset] : offsets) {
      sections.emplace_back(GroupOffsetSection{group, partition, offset});
    }
  }
  for (const auto& [id, epoch] : epochs_) {
    sections.emplace_back(ProducerSection{id, epoch->load()});
  }
  return sections;
}

const std::shared_ptr<LocalTopic>& LocalState::topic(const std::string& name) const {
  const auto found = topics_.find(name);
  if (found == topics_.end()) {
    rejectUnknownTopic(name);
  }
  return found->second;
}

const std::shared_ptr<LocalPartition>& LocalState::partition(const TopicPartition& name) const {
  const std::shared_ptr<LocalTopic>& owner = topic(name.topic);
  if (name.partition < 0 || static_cast<size_t>(name.partition) >= owner->partitions.size()) {
    rejectUnknownPartition(name);
  }
  return owner->partitions[static_cast<size_t>(name.partition)];
}

Offsets LocalState::committedOffsets(const std::string& group,
                                     const std::vector<TopicPartition>& partitions) const {
  Offsets offsets;
  const auto found = groupOffsets_.find(group);
  if (found == groupOffsets_.end()) {
    return offsets;
  }
  for (const TopicPartition& partition : partitions) {
    if (const auto offset = found->second.find(partition); offset != found->second.end()) {
      offsets.insert(*offset);
    }
  }
  return offsets;
}

const std::shared_ptr<ProducerEpoch>& LocalState::epoch(const std::string& transactionalId) {
  std::shared_ptr<ProducerEpoch>& epoch = epochs_[transactionalId];
  if (epoch == nullptr) {
    epoch = std::make_shared<ProducerEpoch>(0);
  }
  return epoch;
}

}  // namespace auspex::engine
