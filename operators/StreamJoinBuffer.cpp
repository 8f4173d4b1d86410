// SPDX-License-Identifier: Apache-2.0
#include "operators/StreamJoinBuffer.h"

#include <utility>
#include <vector>

#include "stateStore/ByteParser.h"

namespace auspex::operators {
namespace {

/// Bucket, timestamp and number: what every key of a row has. A shorter one is not a row's.
constexpr size_t kLeastKeyBytes = 3 * kOrderedBytes;

}  // namespace

void StreamJoinBuffer::clear() {
  rows_.clear();
  loaded_.clear();
}

int64_t StreamJoinBuffer::bucketOf(int64_t timestamp) const {
  const int64_t bucket = timestamp / bucketMillis_;
  return timestamp % bucketMillis_ < 0 ? bucket - 1 : bucket;
}

std::string StreamJoinBuffer::prefixOf(int64_t bucket, std::string_view key) const {
  std::string prefix;
  appendOrdered(prefix, bucket);
  stateStore::appendText(prefix, key);
  return prefix;
}

void StreamJoinBuffer::load(std::string_view key, int64_t from, int64_t to, Arena& arena) {
  for (int64_t bucket = bucketOf(from); bucket <= bucketOf(to); ++bucket) {
    if (!loaded_.emplace(key, bucket).second) {
      continue;
    }
    const std::string prefix = prefixOf(bucket, key);
    std::map<Arrival, std::string_view>& rows = rows_[key];
    store_.scanPrefix(prefix, [&](std::string_view stored, std::string_view row) {
      const std::string_view arrival = stored.substr(prefix.size());
      rows.emplace(Arrival(readOrdered(arrival),
                           static_cast<uint64_t>(readOrdered(arrival.substr(kOrderedBytes)))),
                   arena.copy(row));
      return true;
    });
  }
}

void StreamJoinBuffer::add(std::string_view key, Arrival arrival, std::string_view row) {
  std::string stored = prefixOf(bucketOf(arrival.first), key);
  appendOrdered(stored, arrival.first);
  appendOrdered(stored, static_cast<int64_t>(arrival.second));
  store_.put(stored, row);
  rows_[key].emplace(arrival, row);
}

void StreamJoinBuffer::expire(int64_t limit) {
  const int64_t bucket = bucketOf(limit);
  if (bucket <= firstBucket_) {
    return;
  }
  std::string begin;
  appendOrdered(begin, std::exchange(firstBucket_, bucket));
  std::string end;
  appendOrdered(end, bucket);
  std::vector<std::string> expired;
  store_.scan(begin, end, [&](std::string_view stored, std::string_view) {
    if (stored.size() >= kLeastKeyBytes) {
      expired.emplace_back(stored);
    }
    return true;
  });
  for (const std::string& stored : expired) {
    store_.erase(stored);
  }
}

}  // namespace auspex::operators
