// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/MergedRecords.h"

#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

constexpr size_t kPartitionBytes = sizeof(operators::OutgoingRecord::partition);

void setKey(std::string& key, const operators::OutgoingRecord& record) {
  key.assign(reinterpret_cast<const char*>(&record.partition), kPartitionBytes);
  key.append(*record.key);
}

}  // namespace

size_t MergedRecords::Entry::sizeBytes() const {
  size_t bytes = key.size() + (value ? value->size() : 0);
  for (const auto& [name, content] : headers) {
    bytes += name.size() + (content ? content->size() : 0);
  }
  return bytes;
}

void MergedRecords::fill(Entry& entry, const operators::OutgoingRecord& record) {
  entry.partition = record.partition;
  entry.timestamp = record.timestamp;
  if (!record.value) {
    entry.value.reset();
  } else if (entry.value) {
    entry.value->assign(*record.value);
  } else {
    entry.value.emplace(*record.value);
  }
  entry.headers.clear();
  for (const operators::Header& header : record.headers) {
    entry.headers.emplace_back(header.key, header.value);
  }
}

void MergedRecords::add(const operators::OutgoingRecord& record) {
  AUSPEX_ASSERT(record.key.has_value());
  setKey(searched_, record);
  const auto found = byKey_.find(searched_);
  if (found != byKey_.end()) {
    Entry& entry = *found->second;
    sizeBytes_ -= entry.sizeBytes();
    fill(entry, record);
    sizeBytes_ += entry.sizeBytes();
    entries_.splice(entries_.end(), entries_, found->second);
    return;
  }
  if (spare_.empty()) {
    spare_.emplace_back();
  }
  entries_.splice(entries_.end(), spare_, spare_.begin());
  Entry& entry = entries_.back();
  entry.key = searched_;
  fill(entry, record);
  sizeBytes_ += entry.sizeBytes();
  byKey_.emplace(entry.key, std::prev(entries_.end()));
}

void MergedRecords::writeTo(const Write& write) {
  if (entries_.empty()) {
    return;
  }
  outgoing_.clear();
  for (const Entry& entry : entries_) {
    operators::OutgoingRecord& record = outgoing_.emplace_back();
    record.partition = entry.partition;
    record.key = std::string_view(entry.key).substr(kPartitionBytes);
    record.value = entry.value;
    record.timestamp = entry.timestamp;
    for (const auto& [name, content] : entry.headers) {
      record.headers.push_back({name, content});
    }
  }
  write(outgoing_);
  byKey_.clear();
  spare_.splice(spare_.end(), entries_);
  sizeBytes_ = 0;
}

}  // namespace auspex::engine
