// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/LocalLog.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

#include "engine/WallClock.h"

namespace auspex::engine {
namespace {

constexpr size_t kRunsAtOnce = 64;  // that a reader fetches of an index: 16 MiB of records at most
constexpr size_t kSectionBytes = 64;  // about, for deciding when a segment is full

}  // namespace

LocalLog::LocalLog(LocalBrokerOptions options) : options_(std::move(options)) {
  journal_ = std::make_unique<Journal>(
      options_.journal,
      [&](uint64_t segment, const Section& section) { state_.apply(segment, section); });
  for (const auto& [number, segment] : journal_->segments()) {
    if (number != journal_->newestSegment()) {
      for (const auto& [partition, extent] : segment->extents()) {
        state_.addExtent(number, partition, extent);
      }
      segment->dropIdle();
      segment->dropIdle();  // the first call only notes that it was used
    }
  }
  state_.settleExtents();
  for (const auto& [name, topic] : state_.topics()) {
    groups_->setTopic(name, topic->spec.numPartitions);
  }
  if (options_.maintenanceInterval.count() > 0) {
    maintenance_ = std::jthread([this](const std::stop_token& stop) { runMaintenance(stop); });
  }
}

LocalLog::~LocalLog() = default;

int64_t LocalLog::now() const {
  return options_.now ? options_.now() : wallClock();
}

std::shared_ptr<const LocalTopic> LocalLog::findTopic(const std::string& name) const {
  const std::shared_lock lock(stateMutex_);
  const auto found = state_.topics().find(name);
  return found == state_.topics().end() ? nullptr : found->second;
}

std::vector<std::string> LocalLog::topicNames() const {
  const std::shared_lock lock(stateMutex_);
  std::vector<std::string> names;
  for (const auto& [name, topic] : state_.topics()) {
    names.push_back(name);
  }
  return names;
}

std::shared_ptr<LocalPartition> LocalLog::partition(const TopicPartition& name) const {
  const std::shared_lock lock(stateMutex_);
  return state_.partition(name);
}

Offsets LocalLog::committedOffsets(const std::string& group,
                                   const std::vector<TopicPartition>& partitions) const {
  const std::shared_lock lock(stateMutex_);
  return state_.committedOffsets(group, partitions);
}

// Only writers change the state, and they hold writeMutex_: reading it needs no more here.
void LocalLog::write(const std::vector<Section>& sections, const FrameBody& body) {
  uint64_t bytes = body.spillBytes + sections.size() * kSectionBytes;
  for (const std::string_view part : body.parts) {
    bytes += part.size();
  }
  if (journal_->isFull(bytes)) {
    journal_->roll(state_.checkpoint());
  }
  const uint64_t segment = journal_->append(sections, body);
  const std::unique_lock lock(stateMutex_);
  for (const Section& section : sections) {
    state_.apply(segment, section);
  }
}

void LocalLog::createTopic(const TopicSpec& spec) {
  checkTopic(spec);
  {
    const std::lock_guard lock(writeMutex_);
    if (state_.topics().contains(spec.name)) {
      throw BrokerError(BrokerErrorKind::Rejected,
                        fmt::format("Topic '{}' already exists.", spec.name));
    }
    write({TopicCreatedSection{state_.nextTopicId(), spec}}, {});
  }
  groups_->setTopic(spec.name, spec.numPartitions);
}

void LocalLog::deleteTopic(const std::string& name) {
  std::shared_ptr<LocalTopic> deleted;
  {
    const std::lock_guard lock(writeMutex_);
    deleted = state_.topic(name);
    write({TopicDeletedSection{deleted->id}}, {});
  }
  groups_->setTopic(name, 0);
  for (const std::shared_ptr<LocalPartition>& partition : deleted->partitions) {
    partition->notify();
  }
}

void LocalLog::deleteRecords(const TopicPartition& name, int64_t offset) {
  const std::lock_guard lock(writeMutex_);
  const std::shared_ptr<LocalPartition> target = state_.partition(name);
  if (offset > target->nextOffset.load()) {
    rejectUnknownOffset(name, offset, target->nextOffset.load());
  }
  if (offset > target->beginOffset.load()) {
    write({BeginOffsetSection{target->id, offset}}, {});
  }
}

LocalLog::OpenedProducer LocalLog::openProducer(const std::string& transactionalId) {
  const std::lock_guard lock(writeMutex_);
  std::shared_ptr<ProducerEpoch> current;
  {
    const std::unique_lock stateLock(stateMutex_);
    current = state_.epoch(transactionalId);
  }
  const uint64_t epoch = current->load() + 1;
  write({ProducerSection{transactionalId, epoch}}, {});
  return {std::move(current), epoch};
}

void LocalLog::commit(const std::string& transactionalId, const OpenedProducer& producer,
                      const PendingTransaction& transaction) {
  std::set<LocalPartition*> touched;
  {
    const std::lock_guard lock(writeMutex_);
    if (producer.current->load() != producer.epoch) {
      throw BrokerError(
          BrokerErrorKind::Fenced,
          fmt::format("Another producer has the transactional id '{}'.", transactionalId));
    }
    std::vector<Section> sections;
    std::map<LocalPartition*, int64_t> nextOffsets;
    FrameBody body{transaction.spill.get(), transaction.spillBytes, {}};
    for (const PendingRun& run : transaction.runs) {
      LocalPartition* const partition = run.partition.get();
      if (partition->deleted.load()) {
        rejectUnknownTopic(partition->name.topic);
      }
      int64_t& next =
          nextOffsets.try_emplace(partition, partition->nextOffset.load()).first->second;
      sections.emplace_back(RunSection{partition->id, next, next + run.numRecords, run.maxTimestamp,
                                       run.sizeBytes, run.checksum});
      next += run.numRecords;
      touched.insert(partition);
      if (!run.bytes.empty()) {
        body.parts.push_back(run.bytes);
      }
    }
    sections.insert(sections.end(), transaction.offsets.begin(), transaction.offsets.end());
    if (sections.empty()) {
      return;
    }
    write(sections, body);
  }
  for (LocalPartition* const partition : touched) {
    partition->notify();
  }
}

std::vector<RunSource> LocalLog::findRuns(const LocalPartition& partition, int64_t position,
                                          int64_t end) {
  std::shared_ptr<Segment> segment;
  {
    const std::shared_lock lock(stateMutex_);
    const auto found = std::partition_point(
        partition.extents.begin(), partition.extents.end(),
        [&](const PlacedExtent& placed) { return placed.extent.nextOffset <= position; });
    if (found != partition.extents.end() && found->extent.firstOffset <= position) {
      segment = journal_->segment(found->segment);
    }
  }
  std::vector<RunSource> sources;
  if (segment != nullptr) {
    for (const RunPlace& place : segment->find(partition.id, position, kRunsAtOnce)) {
      if (place.firstOffset < end) {
        sources.push_back({segment, place});
      }
    }
  }
  if (sources.empty() || sources.front().place.firstOffset > position) {
    if (position < partition.beginOffset.load() || partition.deleted.load()) {
      failOutOfRange(partition, position);
    }
    throw BrokerError(
        BrokerErrorKind::Fatal,
        fmt::format("Offset {} of topic '{}', partition {}, is missing in the journal "
                    "in {}: a file of it is gone.",
                    position, partition.name.topic, partition.name.partition,
                    options_.journal.directory.string()));
  }
  return sources;
}

void LocalLog::maintain() {
  applyRetention();
  journal_->sync();
  {
    const std::lock_guard lock(writeMutex_);
    journal_->markSynced();
  }
  removeDeadSegments();
  for (const auto& [number, segment] : journal_->segments()) {
    segment->dropIdle();
  }
}

// Whole segments only, as in Kafka: a partition loses what a sealed segment has of it when its
// newest record is too old, or when what comes after is already as much as is to be kept.
void LocalLog::applyRetention() {
  const std::lock_guard lock(writeMutex_);
  const uint64_t newest = journal_->newestSegment();
  std::vector<Section> sections;
  for (const auto& [name, topic] : state_.topics()) {
    const int64_t retentionMs = topic->settings.description.retentionMs;
    const int64_t retentionBytes = topic->settings.retentionBytes;
    if (!topic->settings.deletes || (retentionMs < 0 && retentionBytes < 0)) {
      continue;
    }
    const int64_t oldest = now() - retentionMs;
    for (const std::shared_ptr<LocalPartition>& partition : topic->partitions) {
      uint64_t bytes = 0;
      for (const PlacedExtent& placed : partition->extents) {
        bytes += placed.extent.bytes;
      }
      int64_t begin = partition->beginOffset.load();
      for (const PlacedExtent& placed : partition->extents) {
        bytes -= placed.extent.bytes;
        const bool tooOld = retentionMs >= 0 && placed.extent.maxTimestamp < oldest;
        const bool tooMuch = retentionBytes >= 0 && bytes >= static_cast<uint64_t>(retentionBytes);
        if (placed.segment == newest || (!tooOld && !tooMuch)) {
          break;
        }
        begin = placed.extent.nextOffset;
      }
      if (begin > partition->beginOffset.load()) {
        sections.emplace_back(BeginOffsetSection{partition->id, begin});
      }
    }
  }
  if (!sections.empty()) {
    write(sections, {});
  }
}

// Syncs before: that the records are not wanted any more must be on the disk before they go.
void LocalLog::removeDeadSegments() {
  const std::lock_guard lock(writeMutex_);
  std::set<uint64_t> alive = {journal_->newestSegment()};
  for (const auto& [name, topic] : state_.topics()) {
    for (const std::shared_ptr<LocalPartition>& partition : topic->partitions) {
      for (const PlacedExtent& placed : partition->extents) {
        alive.insert(placed.segment);
      }
    }
  }
  std::vector<uint64_t> dead;
  for (const auto& [number, segment] : journal_->segments()) {
    if (!alive.contains(number)) {
      dead.push_back(number);
    }
  }
  if (dead.empty()) {
    return;
  }
  journal_->sync();
  for (const uint64_t number : dead) {
    journal_->remove(number);
  }
}

void LocalLog::runMaintenance(const std::stop_token& stop) {
  std::unique_lock lock(maintenanceMutex_);
  while (!stop.stop_requested()) {
    maintenanceWake_.wait_for(lock, stop, options_.maintenanceInterval, [] { return false; });
    if (stop.stop_requested()) {
      return;
    }
    try {
      maintain();
    } catch (const BrokerError& error) {
      spdlog::error("journal maintenance failed directory={} reason={}",
                    options_.journal.directory.string(), error.what());
    }
  }
}

void failOutOfRange(const LocalPartition& partition, int64_t position) {
  throw BrokerError(
      BrokerErrorKind::OutOfRange,
      fmt::format("Offset {} of topic '{}', partition {}, is out of range: {} to {} are there.",
                  position, partition.name.topic, partition.name.partition,
                  partition.beginOffset.load(), partition.nextOffset.load()));
}

}  // namespace auspex::engine
