// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/MergedRecords.h"

#include <utility>

#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

/// So many at least are let go of at once, which means to copy all others.
constexpr size_t kMinReplaced = 1024;

size_t bytesOf(const operators::OutgoingRecord& record) {
  size_t bytes = sizeof(record.partition) + record.key->size() + record.value.value_or("").size();
  for (const operators::Header& header : record.headers) {
    bytes += header.key.size() + header.value.value_or("").size();
  }
  return bytes;
}

std::vector<operators::OutgoingRecord> withoutReplaced(
    const std::vector<operators::OutgoingRecord>& records) {
  std::vector<operators::OutgoingRecord> kept;
  for (const operators::OutgoingRecord& record : records) {
    if (record.key) {
      kept.push_back(record);
    }
  }
  return kept;
}

}  // namespace

operators::OutgoingRecord MergedRecords::keep(const operators::OutgoingRecord& record,
                                              std::string_view key) {
  operators::OutgoingRecord kept;
  kept.partition = record.partition;
  kept.key = key;
  if (record.value) {
    kept.value = bytes_.copy(*record.value);
  }
  kept.timestamp = record.timestamp;
  for (const operators::Header& header : record.headers) {
    operators::Header& copied = kept.headers.emplace_back();
    copied.key = bytes_.copy(header.key);
    if (header.value) {
      copied.value = bytes_.copy(*header.value);
    }
  }
  return kept;
}

void MergedRecords::add(const operators::OutgoingRecord& record) {
  AUSPEX_ASSERT(record.key.has_value());
  const auto found = byPlace_.find({record.partition, *record.key});
  std::string_view key;
  if (found == byPlace_.end()) {
    key = bytes_.copy(*record.key);
    byPlace_.emplace(Place{record.partition, key}, records_.size());
  } else {
    operators::OutgoingRecord& replaced = records_[found->second];
    sizeBytes_ -= bytesOf(replaced);
    key = *replaced.key;
    replaced.key.reset();
    ++numReplaced_;
    found->second = records_.size();
  }
  records_.push_back(keep(record, key));
  sizeBytes_ += bytesOf(records_.back());
  if (numReplaced_ >= kMinReplaced && 2 * numReplaced_ > records_.size()) {
    compact();
  }
}

void MergedRecords::compact() {
  const std::vector<operators::OutgoingRecord> records = withoutReplaced(records_);
  const stateStore::Arena before = std::exchange(bytes_, {});
  records_.clear();
  byPlace_.clear();
  numReplaced_ = 0;
  for (const operators::OutgoingRecord& record : records) {
    const std::string_view key = bytes_.copy(*record.key);
    byPlace_.emplace(Place{record.partition, key}, records_.size());
    records_.push_back(keep(record, key));
  }
}

void MergedRecords::writeTo(const Write& write) {
  if (records_.empty()) {
    return;
  }
  if (numReplaced_ == 0) {
    write(records_);
  } else {
    write(withoutReplaced(records_));
  }
  byPlace_.clear();
  records_.clear();
  numReplaced_ = 0;
  bytes_.clear();
  sizeBytes_ = 0;
}

}  // namespace auspex::engine
