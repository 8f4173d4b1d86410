// SPDX-License-Identifier: Apache-2.0
// Changes of a table on their way into its topic, of which only the last of each key is written.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "operators/data/Record.h"

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
  /// Of the keys, values and headers that are kept.
  size_t sizeBytes() const { return sizeBytes_; }

 private:
  struct Entry {
    std::string key;  // behind the number of the partition
    std::optional<std::string> value;
    int32_t partition = 0;
    int64_t timestamp = 0;
    std::vector<std::pair<std::string, std::optional<std::string>>> headers;

    size_t sizeBytes() const;
  };
  using Entries = std::list<Entry>;

  static void fill(Entry& entry, const operators::OutgoingRecord& record);

  Entries entries_;
  Entries spare_;  // nodes of earlier entries, for their memory
  std::unordered_map<std::string_view, Entries::iterator> byKey_;
  std::string searched_;
  std::vector<operators::OutgoingRecord> outgoing_;
  size_t sizeBytes_ = 0;
};

}  // namespace auspex::engine
