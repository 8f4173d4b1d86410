// SPDX-License-Identifier: Apache-2.0
// Changes of a table on their way into its topic, of which only the last of each key is written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory_resource>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operators/data/Record.h"
#include "stateStore/Arena.h"

namespace auspex::engine {

/// Keeps records with a key until they are written: one of the same partition and key takes the
/// place of the one before, and stands last then. So they are written in the order in which the
/// rows that they come from were processed. One thread.
/// Source: ksqlDB's cache.max.bytes.buffering; its record cache orders the same way.
class MergedRecords {
 public:
  using Write = std::function<void(std::span<const operators::OutgoingRecord>)>;

  /// Copies what it keeps. record.key must be there.
  void add(const operators::OutgoingRecord& record);
  /// Gives all to `write`, in order, in one call, and is empty then. Nothing is forgotten when
  /// that throws.
  void writeTo(const Write& write);
  /// Of the partitions, keys, values and headers that are kept. Those that others have taken the
  /// place of take as much again, at most, or a little.
  size_t sizeBytes() const { return sizeBytes_; }

 private:
  struct Place {
    int32_t partition = 0;
    std::string_view key;
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct PlaceHash {
    size_t operator()(const Place& place) const noexcept {
      return std::hash<std::string_view>()(place.key) + static_cast<size_t>(place.partition);
    }
  };

  /// A copy whose bytes are in the arena; the key's are there already.
  operators::OutgoingRecord keep(const operators::OutgoingRecord& record, std::string_view key);
  /// Lets go of the records that others have taken the place of.
  void compact();

  std::vector<operators::OutgoingRecord> records_;  // without a key: another has taken its place
  size_t numReplaced_ = 0;
  stateStore::Arena bytes_;  // of records_
  std::pmr::unsynchronized_pool_resource nodes_;
  std::pmr::unordered_map<Place, size_t, PlaceHash> byPlace_{&nodes_};  // into records_
  size_t sizeBytes_ = 0;
};

}  // namespace auspex::engine
