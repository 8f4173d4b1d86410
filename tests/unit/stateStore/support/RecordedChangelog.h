// SPDX-License-Identifier: Apache-2.0
// A changelog in memory, with offsets, that can be replayed into a TaskState.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stateStore/Changelog.h"
#include "stateStore/TaskState.h"

namespace auspex::stateStore {

/// Remembers what was appended; a record's offset is its position.
class RecordedChangelog final : public Changelog {
 public:
  struct Entry {
    std::string key;
    std::optional<std::string> value;
    bool operator==(const Entry&) const = default;
  };

  void append(std::string_view key, std::optional<std::string_view> value) override {
    entries.push_back(
        {std::string(key), value ? std::optional(std::string(*value)) : std::nullopt});
  }

  std::int64_t lastOffset() const { return static_cast<std::int64_t>(entries.size()) - 1; }

  /// Feeds the records with begin <= offset < end.
  void replay(TaskState& state, std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end; ++i) {
      state.restoreRecord(entries[i].key, entries[i].value, static_cast<std::int64_t>(i));
    }
  }

  std::vector<Entry> entries;
};

/// Commits a task's changes through the changelog, as the engine does.
inline void commit(TaskState& state, RecordedChangelog& changelog, const Marker& marker) {
  state.prepareCommit(changelog, marker);
  state.applyCommit(marker, changelog.lastOffset());
}

}  // namespace auspex::stateStore
