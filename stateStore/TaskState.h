// SPDX-License-Identifier: Apache-2.0
// The state of one task: its stores, the commit over all of them, and the way back from the
// changelog. The engine's Task owns one and places the calls around the broker's transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stateStore/ByteStore.h"
#include "stateStore/Changelog.h"
#include "stateStore/KeyValueStore.h"
#include "stateStore/Marker.h"

namespace auspex::stateStore {

class Restore;
class StateMemory;

/// A store that a plan asks for.
struct StoreSpec {
  std::string name;       // 1 to 255 bytes, stable from plan to plan; not "meta" or "default"
  std::string rowLayout;  // fingerprint of how keys and values are encoded; compared on opening
};

/// Limits of a task's state.
struct TaskStateOptions {
  std::size_t cacheBytes = std::size_t{16} << 20;  // per store, kept from commit to commit
  std::size_t commitsPerWrite = 32;  // go to the disk at once: 3 seconds of them by default
  std::size_t writeBehindBytes = std::size_t{16} << 20;    // or when their rows take this much
  std::size_t restoreBufferBytes = std::size_t{64} << 20;  // rows in memory while restoring
  std::size_t ingestBytes = std::size_t{4}
                            << 20;  // from here on restored rows go in as sorted files
};

/// Committed rows of a task as of one commit. Any thread. May outlive the TaskState, but when that
/// lay on disk, reading throws StoreError then.
class StateSnapshot {
 public:
  StateSnapshot(std::vector<std::string> storeNames, std::unique_ptr<const ByteReader> rows);

  /// The commit this shows; absent before the first. Throws StoreError.
  std::optional<Marker> marker() const;

  /// Reads one key. Throws StoreError, also for an unknown store.
  std::optional<std::string> get(std::string_view store, std::string_view key) const;

  /// Visits begin <= key < end in key order; no end means to the last row. Throws StoreError.
  void scan(std::string_view store, std::string_view begin, std::optional<std::string_view> end,
            const RowVisitor& visitor) const;

 private:
  StoreIndex indexOf(std::string_view store) const;

  std::vector<std::string> storeNames_;
  std::unique_ptr<const ByteReader> rows_;
};

/// Stores of a task with one commit over all. One thread, except snapshot().
///
///   Running:   puts, gets --prepareCommit--> Prepared --applyCommit--> Running
///              abort() from either goes back to the last commit
///   Restoring: beginRestore .. restoreRecord .. applyRestored .. finishRestore --> Running
///
/// A commit: prepareCommit(changelog, marker), then the broker's transaction commits, then
/// applyCommit(marker, offset). A crash before the last step is healed by restoring from
/// changelogOffset() + 1. After a StoreError of applyCommit the object is closed and opened again.
class TaskState {
 public:
  /// Opens, or creates, the state in a directory (StateDirectory::taskPath), in RocksDB. Throws
  /// StoreError: damage, a lock, or stores that the kept rows do not fit (the message says which).
  static std::unique_ptr<TaskState> open(const std::filesystem::path& directory,
                                         std::vector<StoreSpec> stores,
                                         std::shared_ptr<const StateMemory> memory,
                                         TaskStateOptions options);

  /// State that lives in memory and ends with the object.
  static std::unique_ptr<TaskState> inMemory(std::vector<StoreSpec> stores,
                                             TaskStateOptions options);

  /// Over any stores. `bytes` has one store for meta and one for each of `stores`, in order. Throws
  /// StoreError as open().
  TaskState(std::unique_ptr<ByteStore> bytes, std::vector<StoreSpec> stores,
            TaskStateOptions options);
  ~TaskState();

  TaskState(const TaskState&) = delete;
  TaskState& operator=(const TaskState&) = delete;

  /// The store of this name, for the life of this object. Throws StoreError if the plan named none
  /// such.
  KeyValueStore& store(std::string_view name);

  /// The last commit applied here, on the disk or still to be written; absent in new state.
  const std::optional<Marker>& marker() const { return marker_; }

  /// Offset of that commit's marker record in the changelog: restoring starts one further on.
  /// Absent with the marker.
  std::optional<std::int64_t> changelogOffset() const { return changelogOffset_; }

  /// Records of the changelog before this offset say nothing any more: whoever restores without
  /// them has the same state. Grows only while ranges are erased.
  std::optional<std::int64_t> neededFrom() const { return neededFrom_; }

  /// Memory of all overlays; commit early when it is large.
  std::size_t sizeBytes() const;

  /// Logs each changed row once, then the marker as the last record. Changes nothing here, so that
  /// it can be repeated in another transaction. Returns the number of records. No store may be
  /// written between this and applyCommit (asserted).
  std::size_t prepareCommit(Changelog& changelog, const Marker& marker);

  /// Takes over what prepareCommit logged, with the marker and the offset of its record: on the
  /// disk in one atomic batch, now or with commits that follow. Throws StoreError.
  void applyCommit(const Marker& marker, std::int64_t changelogOffset);

  /// Forgets all changes since the last commit.
  void abort();

  /// Bounds what a power failure can take back (it is replayed from the changelog). Throws
  /// StoreError.
  void sync();

  /// Begins restoring from the changelog. Until it is finished no store may be written (asserted).
  void beginRestore();

  /// Takes the next record of the changelog. Rows count only when the marker that follows them is
  /// seen. Throws StoreError on records that are not a changelog's or that belong to another plan.
  void restoreRecord(std::string_view key, std::optional<std::string_view> value,
                     std::int64_t offset);

  /// Applies what markers have sealed so far and goes on: for standbys, which never finish.
  void applyRestored();

  /// Applies the sealed rows, drops rows after the last marker, and returns the marker in force.
  std::optional<Marker> finishRestore();

  /// Committed rows for readers in other threads, while this object lives. Never the overlay.
  std::shared_ptr<const StateSnapshot> snapshot() const;

 private:
  std::vector<std::pair<std::string, std::string>> metaRows() const;
  void noteErased();
  void readMeta();
  void checkLayouts();
  void checkLayout(const StoreSpec& spec, std::string_view kept) const;
  std::uint64_t numWrites() const;

  std::vector<StoreSpec> specs_;
  TaskStateOptions options_;
  std::unique_ptr<ByteStore> bytes_;
  std::vector<std::unique_ptr<KeyValueStore>> stores_;
  std::vector<std::string> layoutKeys_;  // of the meta store, one per spec
  bool layoutsKept_ = false;             // they are in the meta store and in the changelog
  std::optional<Marker> marker_;
  std::optional<std::int64_t> changelogOffset_;
  std::optional<std::int64_t> neededFrom_;
  // All rows that the changelog held at this offset lie before this key.
  std::optional<std::pair<std::int64_t, std::string>> rowsUntil_;
  std::optional<std::uint64_t> preparedWrites_;  // numWrites() at prepareCommit
  std::unique_ptr<Restore> restore_;
};

}  // namespace auspex::stateStore
