// SPDX-License-Identifier: Apache-2.0
#include "stateStore/Overlay.h"

#include <fmt/format.h>

#include <cassert>
#include <functional>
#include <limits>
#include <utility>

#include "stateStore/StoreError.h"

namespace auspex::stateStore {

namespace {

constexpr Overlay::EntryIndex kEmptySlot = std::numeric_limits<Overlay::EntryIndex>::max();
constexpr std::size_t kFirstSlots = 256;
constexpr std::size_t kMaxRowBytes = std::size_t{1} << 30;  // sizes are 32 bits wide

std::uint32_t hashOf(std::string_view key) {
  const std::size_t hash = std::hash<std::string_view>{}(key);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
}

void checkSize(std::string_view bytes, std::string_view what) {
  if (bytes.size() > kMaxRowBytes) {
    throw StoreError(
        fmt::format("A {} of {} bytes is too large for a store, {} bytes are the limit", what,
                    bytes.size(), kMaxRowBytes));
  }
}

}  // namespace

Overlay::Overlay() : slots_(kFirstSlots, Slot{0, kEmptySlot}) {
}

void Overlay::locate(std::span<const std::string_view> keys, std::span<EntryIndex> entries,
                     std::vector<EntryIndex>& unread) {
  assert(keys.size() == entries.size());
  hashes_.resize(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    hashes_[i] = hashOf(keys[i]);
    __builtin_prefetch(&slots_[hashes_[i] & (slots_.size() - 1)]);
  }
  // The slots are on their way; the entries they point to come next.
  for (const std::uint32_t hash : hashes_) {
    const EntryIndex entry = slots_[hash & (slots_.size() - 1)].entry;
    if (entry != kEmptySlot) {
      __builtin_prefetch(&entries_[entry]);
    }
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const EntryIndex index = findOrAdd(keys[i], hashes_[i]);
    entries[i] = index;
    Entry& entry = entries_[index];
    entry.touched = true;
    if (entry.state == RowState::Unread && !entry.reported) {
      entry.reported = true;
      unread.push_back(index);
    }
  }
}

std::optional<Overlay::EntryIndex> Overlay::find(std::string_view key) const {
  const std::uint32_t hash = hashOf(key);
  for (std::size_t position = hash & (slots_.size() - 1); slots_[position].entry != kEmptySlot;
       position = (position + 1) & (slots_.size() - 1)) {
    const Slot slot = slots_[position];
    if (slot.hash == hash && entries_[slot.entry].key() == key) {
      return entries_[slot.entry].state == RowState::Changed ? std::optional(slot.entry)
                                                             : std::nullopt;
    }
  }
  return std::nullopt;
}

void Overlay::forgetUnread(std::span<const EntryIndex> unread) {
  for (const EntryIndex index : unread) {
    entries_[index].reported = false;
  }
}

void Overlay::fill(EntryIndex index, std::optional<std::string_view> value) {
  Entry& entry = entries_[index];
  assert(entry.state == RowState::Unread);
  entry.state = RowState::Clean;
  entry.reported = false;
  if (value) {
    checkSize(*value, "value");
    entry.valueBytes = value->data();
    entry.valueSize = static_cast<std::uint32_t>(value->size());
  }
}

void Overlay::put(std::string_view key, std::string_view value) {
  checkSize(value, "value");
  Entry& entry = change(key);
  const std::string_view kept = arena_.copy(value);
  entry.valueBytes = kept.data();
  entry.valueSize = static_cast<std::uint32_t>(kept.size());
}

void Overlay::erase(std::string_view key) {
  Entry& entry = change(key);
  entry.valueBytes = nullptr;
  entry.valueSize = 0;
}

void Overlay::eraseRange(std::string_view begin, std::string_view end) {
  for (Entry& entry : entries_) {
    if (entry.state != RowState::Unread && entry.key() >= begin && entry.key() < end) {
      entry.state = RowState::Clean;
      entry.valueBytes = nullptr;
      entry.valueSize = 0;
    }
  }
  std::erase_if(changed_,
                [this](EntryIndex index) { return entries_[index].state != RowState::Changed; });
  changedByKey_.clear();
  sorted_ = false;
  ++numWrites_;
}

Overlay::Entry& Overlay::change(std::string_view key) {
  const EntryIndex index = findOrAdd(key, hashOf(key));
  Entry& entry = entries_[index];
  if (entry.state != RowState::Changed) {
    entry.state = RowState::Changed;
    changed_.push_back(index);
    if (sorted_) {
      changedByKey_.emplace(entry.key(), index);
    }
  }
  entry.touched = true;
  ++numWrites_;
  return entry;
}

Overlay::EntryIndex Overlay::findOrAdd(std::string_view key, std::uint32_t hash) {
  std::size_t position = hash & (slots_.size() - 1);
  while (slots_[position].entry != kEmptySlot) {
    const Slot slot = slots_[position];
    if (slot.hash == hash && entries_[slot.entry].key() == key) {
      return slot.entry;
    }
    position = (position + 1) & (slots_.size() - 1);
  }
  checkSize(key, "key");
  assert(entries_.size() < kEmptySlot);
  const std::string_view kept = arena_.copy(key);
  const auto index = static_cast<EntryIndex>(entries_.size());
  entries_.push_back({.keyBytes = kept.data(),
                      .valueBytes = nullptr,
                      .keySize = static_cast<std::uint32_t>(kept.size()),
                      .valueSize = 0,
                      .hash = hash,
                      .state = RowState::Unread,
                      .touched = true,
                      .reported = false});
  slots_[position] = {hash, index};
  if (entries_.size() * 2 > slots_.size()) {
    growSlots(slots_.size() * 2);
  }
  return index;
}

void Overlay::growSlots(std::size_t numSlots) {
  slots_.assign(numSlots, Slot{0, kEmptySlot});
  for (std::size_t index = 0; index < entries_.size(); ++index) {
    std::size_t position = entries_[index].hash & (numSlots - 1);
    while (slots_[position].entry != kEmptySlot) {
      position = (position + 1) & (numSlots - 1);
    }
    slots_[position] = {entries_[index].hash, static_cast<EntryIndex>(index)};
  }
}

const Overlay::ChangedByKey& Overlay::changedByKey() {
  if (!sorted_) {
    for (const EntryIndex index : changed_) {
      changedByKey_.emplace(entries_[index].key(), index);
    }
    sorted_ = true;
  }
  return changedByKey_;
}

void Overlay::markCommitted(std::size_t keepBytes) {
  changed_.clear();
  changedByKey_.clear();
  sorted_ = false;
  std::size_t numLive = 0;
  for (Entry& entry : entries_) {
    if (entry.state == RowState::Changed) {
      entry.state = RowState::Clean;
    }
    numLive += entry.keySize + entry.valueSize + sizeof(Entry) + 2 * sizeof(Slot);
  }
  if (sizeBytes() > keepBytes) {
    // Half is left for what comes, so that this is paid once per half of the limit, not per commit.
    keepOnly(numLive > keepBytes / 2);
    if (sizeBytes() > keepBytes / 2 + kFirstSlots * sizeof(Slot)) {
      clear();
    }
  }
  for (Entry& entry : entries_) {
    entry.touched = false;
  }
}

void Overlay::keepOnly(bool touchedOnly) {
  Arena live;
  std::vector<Entry> kept;
  for (const Entry& entry : entries_) {
    if (entry.state == RowState::Unread || (touchedOnly && !entry.touched)) {
      continue;
    }
    Entry& copy = kept.emplace_back(entry);
    copy.keyBytes = live.copy(entry.key()).data();
    if (entry.valueBytes != nullptr) {
      copy.valueBytes = live.copy(*entry.value()).data();
    }
  }
  entries_ = std::move(kept);
  arena_ = std::move(live);
  std::size_t numSlots = kFirstSlots;
  while (numSlots < entries_.size() * 2) {
    numSlots *= 2;
  }
  growSlots(numSlots);
}

void Overlay::clear() {
  changed_.clear();
  changedByKey_.clear();
  sorted_ = false;
  entries_ = {};
  slots_ = std::vector<Slot>(kFirstSlots, Slot{0, kEmptySlot});
  arena_.clear();
}

std::size_t Overlay::sizeBytes() const {
  constexpr std::size_t kTreeNode = 64;  // about what the map takes for a key
  return arena_.usedBytes() + entries_.size() * sizeof(Entry) + slots_.size() * sizeof(Slot) +
         changed_.size() * sizeof(EntryIndex) + changedByKey_.size() * kTreeNode;
}

}  // namespace auspex::stateStore
