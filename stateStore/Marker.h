// SPDX-License-Identifier: Apache-2.0
// The commit marker: what a task had consumed when its state was committed. It ends each
// transaction in the changelog and lies in the same RocksDB batch as the rows.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace auspex::stateStore {

/// The next offset to read of an input partition.
struct InputOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  bool operator==(const InputOffset&) const = default;
};

/// The largest event time seen, by name of the sub-topology (or of an operator that keeps its own).
struct StreamTime {
  std::string name;
  std::chrono::milliseconds time{};
  bool operator==(const StreamTime&) const = default;
};

/// One commit of one task. Two markers are equal if all their fields are: an ambiguous commit
/// happened if and only if the last marker in the changelog equals the intended one.
struct Marker {
  std::uint64_t sequence = 0;  // 1 for a task's first commit, then counts up
  std::string instance;        // the engine's instance id
  std::uint64_t attempt = 0;   // of this instance: makes two tries of one sequence differ
  std::vector<InputOffset> inputs;
  std::vector<StreamTime> streamTimes;
  bool operator==(const Marker&) const = default;

  /// Bytes with version and checksum: docs/stateLayout.md, "Marker".
  std::string encode() const;

  /// Reads what encode() wrote and nothing else. Throws StoreError on any other bytes.
  static Marker decode(std::string_view bytes);
};

}  // namespace auspex::stateStore
