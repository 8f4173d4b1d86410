// SPDX-License-Identifier: Apache-2.0
// The rows of one side of a join of streams: those of the store that a draw may need, and its own.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "operators/OrderedBytes.h"
#include "operators/data/Arena.h"
#include "stateStore/KeyValueStore.h"

namespace auspex::operators {

/// When a row came: its timestamp, and its number among all rows of the join.
using Arrival = std::pair<int64_t, uint64_t>;

/// One thread. Views live until clear().
class StreamJoinBuffer {
 public:
  /// bucketMillis: a row's partners lie in at most two buckets.
  StreamJoinBuffer(stateStore::KeyValueStore& store, int64_t bucketMillis)
      : store_(store), bucketMillis_(bucketMillis) {}

  /// Forgets the draw.
  void clear();
  /// Reads from the store the rows of `key` with from <= timestamp <= to, if they are not here yet.
  /// Texts are copied into `arena`.
  void load(std::string_view key, int64_t from, int64_t to, Arena& arena);
  /// Adds a row, here and in the store. `key` and `row` outlive the draw.
  void add(std::string_view key, Arrival arrival, std::string_view row);
  /// Calls visit(arrival, row) for the rows of `key` with from <= timestamp <= to, in order. They
  /// were loaded.
  template <typename Visit>
  void forEach(std::string_view key, int64_t from, int64_t to, Visit visit) const {
    const auto found = rows_.find(key);
    if (found == rows_.end()) {
      return;
    }
    const auto& rows = found->second;
    for (auto row = rows.lower_bound({from, 0}); row != rows.end() && row->first.first <= to;
         ++row) {
      visit(row->first, row->second);
    }
  }
  /// Removes from the store what is older than `limit`, by whole buckets.
  void expire(int64_t limit);

 private:
  int64_t bucketOf(int64_t timestamp) const;
  std::string prefixOf(int64_t bucket, std::string_view key) const;

  stateStore::KeyValueStore& store_;
  int64_t bucketMillis_;
  int64_t firstBucket_ = INT64_MIN;  // nothing is stored before it; at first that is not known
  std::unordered_map<std::string_view, std::map<Arrival, std::string_view>> rows_;
  std::set<std::pair<std::string_view, int64_t>> loaded_;
};

}  // namespace auspex::operators
