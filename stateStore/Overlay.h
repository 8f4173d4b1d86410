// SPDX-License-Identifier: Apache-2.0
// The rows that a task changed since its last commit, with those it read since then: a hash in
// memory over one store. KeyValueStore puts it in front of a ByteReader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "stateStore/Arena.h"

namespace auspex::stateStore {

/// Rows of one store kept in memory. Open addressing over 8-byte slots; the entries are dense and
/// in the order of first touch; keys and values lie in an arena and are never overwritten, so that
/// views hold until commit or clear. One thread.
///
///   Unread --fill--> Clean --put, erase--> Changed --markCommitted--> Clean
///   clear: all gone
class Overlay {
 public:
  /// Position of an entry; valid until markCommitted or clear.
  using EntryIndex = std::uint32_t;

  Overlay();

  /// Finds the entry of each key, adding unread ones. entries[i] belongs to keys[i]; equal keys get
  /// the same entry. Appends each entry that nobody has filled yet to `unread`, once.
  void locate(std::span<const std::string_view> keys, std::span<EntryIndex> entries,
              std::vector<EntryIndex>& unread);

  /// The entry of a key that was put or erased, if it was.
  std::optional<EntryIndex> find(std::string_view key) const;

  /// Gives back entries that locate() reported as unread and that could not be filled.
  void forgetUnread(std::span<const EntryIndex> unread);

  /// Says what the store holds for an unread entry. The value must live in arena().
  void fill(EntryIndex entry, std::optional<std::string_view> value);

  std::string_view key(EntryIndex entry) const { return entries_[entry].key(); }
  std::optional<std::string_view> value(EntryIndex entry) const { return entries_[entry].value(); }

  /// Sets the value of a key, or removes it. Throws StoreError above 1 GiB.
  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);

  /// Forgets the changes of the keys with begin <= key < end: they are read as absent now, like all
  /// others there that are filled. What is unread stays so.
  void eraseRange(std::string_view begin, std::string_view end);

  /// The changed entries, in the order of first change.
  std::span<const EntryIndex> changed() const { return changed_; }

  /// The changed entries with begin <= key < end in key order. The first call after a commit sorts;
  /// later changes keep the order up to date.
  using ChangedByKey = std::map<std::string_view, EntryIndex>;
  const ChangedByKey& changedByKey();

  /// The store now holds every change: changed rows become read ones. Rows that were not touched
  /// since the last call go first when more than `keepBytes` are held, then all. Ends all views.
  void markCommitted(std::size_t keepBytes);

  /// Forgets everything. Ends all views.
  void clear();

  /// Memory in use, for deciding when to commit early.
  std::size_t sizeBytes() const;

  /// Grows with each put and erase; tells whether something changed in between.
  std::uint64_t numWrites() const { return numWrites_; }

  Arena& arena() { return arena_; }

 private:
  enum class RowState : std::uint8_t { Unread, Clean, Changed };

  struct Entry {
    const char* keyBytes;
    const char* valueBytes;  // null: no such row
    std::uint32_t keySize;
    std::uint32_t valueSize;
    std::uint32_t hash;
    RowState state;
    bool touched;   // used since the last commit
    bool reported;  // in the `unread` list of a caller

    std::string_view key() const { return {keyBytes, keySize}; }
    std::optional<std::string_view> value() const {
      return valueBytes == nullptr ? std::nullopt
                                   : std::optional(std::string_view(valueBytes, valueSize));
    }
  };

  struct Slot {
    std::uint32_t hash;
    EntryIndex entry;  // kEmptySlot: free
  };

  EntryIndex findOrAdd(std::string_view key, std::uint32_t hash);
  Entry& change(std::string_view key);
  void growSlots(std::size_t numSlots);
  void keepOnly(bool touchedOnly);

  Arena arena_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;
  std::vector<EntryIndex> changed_;
  std::vector<std::uint32_t> hashes_;
  ChangedByKey changedByKey_;
  bool sorted_ = false;  // changedByKey_ is kept up to date
  std::uint64_t numWrites_ = 0;
};

}  // namespace auspex::stateStore
