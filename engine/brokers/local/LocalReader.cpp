// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/LocalReader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/brokers/local/Crc32c.h"

namespace auspex::engine {

std::shared_ptr<const operators::FetchedRecords> LocalReader::poll(size_t maxRecords) {
  if (partition_->deleted.load()) {
    rejectUnknownTopic(partition_->name.topic);
  }
  const int64_t end = partition_->nextOffset.load(std::memory_order_acquire);
  if (position_ < partition_->beginOffset.load() || position_ > end) {
    failOutOfRange(*partition_, position_);
  }
  atEnd_ = position_ == end;
  if (atEnd_ || maxRecords == 0) {
    return nullptr;
  }
  auto fetched = std::make_shared<operators::FetchedRecords>();
  auto owners = std::make_shared<std::vector<RunBytes>>();
  fetched->topic = partition_->name.topic;
  fetched->partition = partition_->name.partition;
  while (position_ < end && fetched->records.size() < maxRecords) {
    if (records_.atEnd()) {
      loadRun(end);
    }
    if (owners->empty() || owners->back() != bytes_) {
      owners->push_back(bytes_);
      // What the run still holds, unless that is more than asked for.
      const auto left = static_cast<size_t>(current_.place.nextOffset - position_);
      fetched->records.reserve(std::min(maxRecords, fetched->records.size() + left));
    }
    while (!records_.atEnd() && fetched->records.size() < maxRecords) {
      operators::Record& record = fetched->records.emplace_back();
      if (!records_.next(record)) {
        failDamagedRun();
      }
      if (record.offset < position_) {
        fetched->records.pop_back();  // opened in the middle of a run
        continue;
      }
      position_ = record.offset + 1;
    }
    if (records_.atEnd()) {
      position_ = current_.place.nextOffset;
    }
  }
  atEnd_ = position_ == end;
  fetched->owner = std::move(owners);
  return fetched->records.empty() ? nullptr : fetched;
}

void LocalReader::loadRun(int64_t end) {
  if (ahead_.empty()) {
    for (RunSource& source : log_->findRuns(*partition_, position_, end)) {
      ahead_.push_back(std::move(source));
    }
  }
  current_ = std::move(ahead_.front());
  ahead_.pop_front();
  const size_t sizeBytes = current_.place.bytes;
  std::shared_ptr<char[]> bytes = std::make_shared_for_overwrite<char[]>(sizeBytes);
  try {
    current_.segment->file()->read(current_.place.position,
                                   std::span<char>(bytes.get(), sizeBytes));
  } catch (const BrokerError&) {
    ahead_.clear();
    records_ = RecordRunReader();
    if (position_ < partition_->beginOffset.load()) {
      failOutOfRange(*partition_, position_);  // the segment was given back in between
    }
    throw;
  }
  const std::string_view view(bytes.get(), sizeBytes);
  if (crc32c(view) != current_.place.checksum) {
    failDamagedRun();
  }
  bytes_ = std::move(bytes);
  records_ = RecordRunReader(view, current_.place.firstOffset);
}

void LocalReader::failDamagedRun() const {
  failDamaged(current_.segment->path(), current_.place.position);
}

}  // namespace auspex::engine
