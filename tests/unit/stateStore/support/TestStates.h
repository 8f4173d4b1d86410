// SPDX-License-Identifier: Apache-2.0
// Task states over each kind of byte store, so that one test runs against all, and what tests
// compare: the rows of a store, seeds, markers.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "stateStore/TaskState.h"
#include "stateStore/WriteBehindStore.h"
#include "stateStore/memory/MemoryStore.h"
#include "stateStore/rocksdb/RocksStore.h"
#include "stateStore/rocksdb/StateMemory.h"
#include "tests/unit/stateStore/support/TemporaryDirectory.h"

namespace auspex::stateStore {

enum class StoreKind { Memory, Rocks, WriteBehind };

inline constexpr StoreKind kStoreKinds[] = {StoreKind::Memory, StoreKind::Rocks,
                                            StoreKind::WriteBehind};

inline std::string_view nameOf(StoreKind kind) {
  switch (kind) {
    case StoreKind::Memory:
      return "memory";
    case StoreKind::Rocks:
      return "rocksdb";
    case StoreKind::WriteBehind:
      return "rocksdb, three commits at once";
  }
  return "";
}

inline std::shared_ptr<const StateMemory> smallMemory() {
  return std::make_shared<StateMemory>(std::size_t{32} << 20);
}

inline std::unique_ptr<ByteStore> makeBytes(StoreKind kind, const TemporaryDirectory& directory,
                                            const std::vector<std::string>& names) {
  if (kind == StoreKind::Memory) {
    return std::make_unique<MemoryStore>(names.size());
  }
  auto rocks = std::make_unique<RocksStore>(directory.path() / "task", names, smallMemory());
  if (kind == StoreKind::Rocks) {
    return rocks;
  }
  const WriteBehindStore::Limits limits{3, std::size_t{1} << 20};
  return std::make_unique<WriteBehindStore>(std::move(rocks), names.size(), limits);
}

inline std::unique_ptr<TaskState> makeState(StoreKind kind, const TemporaryDirectory& directory,
                                            std::vector<StoreSpec> specs,
                                            TaskStateOptions options) {
  if (kind == StoreKind::Memory) {
    return TaskState::inMemory(std::move(specs), options);
  }
  options.commitsPerWrite = kind == StoreKind::Rocks ? 1 : 3;
  return TaskState::open(directory.path() / "task", std::move(specs), smallMemory(), options);
}

using Rows = std::map<std::string, std::string>;

inline Rows rowsOf(KeyValueStore& store) {
  Rows rows;
  store.scan("", std::nullopt, [&rows](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    return true;
  });
  return rows;
}

/// A marker that says nothing but its number.
inline Marker numbered(std::uint64_t sequence) {
  Marker marker;
  marker.sequence = sequence;
  marker.instance = "instance-1";
  marker.inputs = {{"payments", 0, static_cast<std::int64_t>(sequence * 10)}};
  return marker;
}

/// AUSPEX_SEED, or a new one.
inline std::uint64_t testSeed() {
  const char* const given = std::getenv("AUSPEX_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

}  // namespace auspex::stateStore
