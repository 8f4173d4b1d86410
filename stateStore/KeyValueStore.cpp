// SPDX-License-Identifier: Apache-2.0
#include "stateStore/KeyValueStore.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace auspex::stateStore {

KeyValueStore::KeyValueStore(std::string name, StoreIndex index, const ByteReader& committed,
                             std::size_t cacheBytes, bool erasesRanges)
    : name_(std::move(name)),
      index_(index),
      committed_(committed),
      cacheBytes_(cacheBytes),
      erasesRanges_(erasesRanges) {
}

void KeyValueStore::getBatch(std::span<const std::string_view> keys,
                             std::span<std::optional<std::string_view>> values) {
  assert(keys.size() == values.size());
  entries_.resize(keys.size());
  unread_.clear();
  overlay_.locate(keys, entries_, unread_);
  if (!unread_.empty()) {
    readUnread();
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    values[i] = overlay_.value(entries_[i]);
  }
}

std::optional<std::string_view> KeyValueStore::get(std::string_view key) {
  std::optional<std::string_view> value;
  getBatch({&key, 1}, {&value, 1});
  return value;
}

void KeyValueStore::readUnread() {
  std::sort(unread_.begin(), unread_.end(),
            [this](auto left, auto right) { return overlay_.key(left) < overlay_.key(right); });
  unreadKeys_.clear();
  for (const Overlay::EntryIndex entry : unread_) {
    unreadKeys_.push_back(overlay_.key(entry));
  }
  unreadValues_.assign(unread_.size(), std::nullopt);
  try {
    committed_.multiGet(index_, unreadKeys_, overlay_.arena(), unreadValues_);
  } catch (...) {
    overlay_.forgetUnread(unread_);
    throw;
  }
  for (std::size_t i = 0; i < unread_.size(); ++i) {
    const bool isErased = erased_ && erased_->keys.contains(unreadKeys_[i]);
    overlay_.fill(unread_[i], isErased ? std::nullopt : unreadValues_[i]);
  }
}

void KeyValueStore::eraseRange(std::string_view begin, std::string_view end,
                               std::string_view above) {
  assert(erasesRanges_ && begin < end && end <= above);
  assert(!erased_ || (begin == erased_->keys.begin && erased_->keys.end <= end));
  overlay_.eraseRange(begin, end);
  erased_ = ErasedRange{{std::string(begin), std::string(end)}, std::string(above)};
}

void KeyValueStore::scan(std::string_view begin, std::optional<std::string_view> end,
                         const RowVisitor& visitor) {
  if (end && *end <= begin) {
    return;
  }
  const Overlay::ChangedByKey& changed = overlay_.changedByKey();
  struct Merge {
    const Overlay& overlay;
    const RowVisitor& visitor;
    Overlay::ChangedByKey::const_iterator next;
    Overlay::ChangedByKey::const_iterator stop;

    // Visits the next changed row, unless it was erased; returns whether to go on.
    bool visitChanged() {
      const auto row = next++;
      const std::optional<std::string_view> value = overlay.value(row->second);
      return !value || visitor(row->first, *value);
    }
  };
  Merge merge{overlay_, visitor, changed.lower_bound(begin),
              end ? changed.lower_bound(*end) : changed.end()};
  bool goOn = true;
  const auto isErased = [this](std::string_view key) {
    return erased_ && erased_->keys.contains(key);
  };
  committed_.scan(
      index_, begin, end, [&merge, &goOn, &isErased](std::string_view key, std::string_view value) {
        while (goOn && merge.next != merge.stop && merge.next->first < key) {
          goOn = merge.visitChanged();
        }
        if (goOn) {
          const bool changedHere = merge.next != merge.stop && merge.next->first == key;
          goOn = changedHere ? merge.visitChanged() : isErased(key) || merge.visitor(key, value);
        }
        return goOn;
      });
  while (goOn && merge.next != merge.stop) {
    goOn = merge.visitChanged();
  }
}

void KeyValueStore::scanPrefix(std::string_view prefix, const RowVisitor& visitor) {
  const std::optional<std::string> end = prefixEnd(prefix);
  scan(prefix, end ? std::optional<std::string_view>(*end) : std::nullopt, visitor);
}

std::optional<std::string> prefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) {
    end.pop_back();
  }
  if (end.empty()) {
    return std::nullopt;
  }
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace auspex::stateStore
