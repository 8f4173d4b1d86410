// SPDX-License-Identifier: Apache-2.0
// One named store of a task as operators see it: committed rows with the task's own uncommitted
// changes on top, read in batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stateStore/ByteStore.h"
#include "stateStore/ErasedKeys.h"
#include "stateStore/Overlay.h"

namespace auspex::stateStore {

/// What eraseRange() was told.
struct ErasedRange {
  ErasedKeys keys;
  std::string above;  ///< no row had a key from here on
};

/// Keys to values. Belongs to the thread of its task; others read a StateSnapshot of the TaskState.
/// Views returned stay valid, and keep their bytes, until the task's next applyCommit() or abort().
class KeyValueStore {
 public:
  /// `committed` must outlive this object. `cacheBytes`: rows kept in memory from one commit to the
  /// next. `erasesRanges`: it is the only store of its task.
  KeyValueStore(std::string name, StoreIndex index, const ByteReader& committed,
                std::size_t cacheBytes, bool erasesRanges);

  KeyValueStore(const KeyValueStore&) = delete;
  KeyValueStore& operator=(const KeyValueStore&) = delete;

  const std::string& name() const { return name_; }
  StoreIndex index() const { return index_; }

  /// Reads keys in any order, repeated or not: values[i] belongs to keys[i], absent if there is no
  /// such row. Each distinct key goes to the disk at most once per commit. Throws StoreError.
  void getBatch(std::span<const std::string_view> keys,
                std::span<std::optional<std::string_view>> values);

  /// Reads one key. Prefer getBatch: one by one misses cost more. Throws StoreError.
  std::optional<std::string_view> get(std::string_view key);

  /// Sets the value of the key; bytes are copied. Throws StoreError above 1 GiB.
  void put(std::string_view key, std::string_view value) { overlay_.put(key, value); }

  /// Removes the key, which need not exist.
  void erase(std::string_view key) { overlay_.erase(key); }

  /// Whether eraseRange() may be called: what it erases leaves the changelog with the records
  /// before it, of which none may be needed by another store.
  bool erasesRanges() const { return erasesRanges_; }

  /// Removes all rows with begin <= key < end without reading them, as one change. All ranges of a
  /// store begin at the same key, and none ends before another did; no key in one is put again. All
  /// rows lie before `above`, which grows: once a range reaches there, all that was written until
  /// now is over. Rows outside, of which there are few, are written at least as often as ranges.
  void eraseRange(std::string_view begin, std::string_view end, std::string_view above);

  /// Visits the rows with begin <= key < end in key order, own changes included; no end means to
  /// the last row. The visitor must not change or read this store. Throws StoreError.
  void scan(std::string_view begin, std::optional<std::string_view> end, const RowVisitor& visitor);

  /// Visits the rows whose key starts with the prefix, as scan().
  void scanPrefix(std::string_view prefix, const RowVisitor& visitor);

  /// Memory used by uncommitted and cached rows; commit early when it is large.
  std::size_t sizeBytes() const { return overlay_.sizeBytes(); }

  /// Number of rows changed since the last commit.
  std::size_t numChanged() const { return overlay_.changed().size(); }

  // What follows is the commit's, called by TaskState.

  /// Grows with each put and erase.
  std::uint64_t numWrites() const { return overlay_.numWrites(); }

  /// Visits each changed row once, in the order of first change: key, and value or absent.
  template <class Visitor>
  void visitChanged(Visitor&& visitor) const {
    for (const Overlay::EntryIndex entry : overlay_.changed()) {
      visitor(overlay_.key(entry), overlay_.value(entry));
    }
  }

  /// What was erased at once since the last commit.
  const std::optional<ErasedRange>& erasedRange() const { return erased_; }

  /// The changes are in the ByteReader now.
  void markCommitted() {
    overlay_.markCommitted(cacheBytes_);
    erased_.reset();
  }

  /// Forgets the changes.
  void abort() {
    overlay_.clear();
    erased_.reset();
  }

 private:
  void readUnread();

  std::string name_;
  StoreIndex index_;
  const ByteReader& committed_;
  std::size_t cacheBytes_;
  bool erasesRanges_;
  Overlay overlay_;
  std::optional<ErasedRange> erased_;
  // Scratch of getBatch, kept to save allocations.
  std::vector<Overlay::EntryIndex> entries_;
  std::vector<Overlay::EntryIndex> unread_;
  std::vector<std::string_view> unreadKeys_;
  std::vector<std::optional<std::string_view>> unreadValues_;
};

/// The smallest key above all keys with this prefix; absent if there is none (the prefix is empty
/// or all 0xFF).
std::optional<std::string> prefixEnd(std::string_view prefix);

}  // namespace auspex::stateStore
