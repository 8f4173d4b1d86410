// SPDX-License-Identifier: Apache-2.0
// Keys that were erased at once, by their range.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stateStore/ByteStore.h"

namespace auspex::stateStore {

/// All keys with begin <= key < end.
struct ErasedKeys {
  std::string begin;
  std::string end;

  bool contains(std::string_view key) const { return key >= begin && key < end; }
};

/// Those of one store of a task.
struct ErasedRows {
  StoreIndex store;
  ErasedKeys keys;

  /// Views into this object.
  RowChange change() const { return {store, keys.begin, std::nullopt, keys.end}; }
};

/// Whether one of them has the key.
inline bool isErased(std::span<const ErasedRows> erased, StoreIndex store, std::string_view key) {
  return std::any_of(erased.begin(), erased.end(), [&](const ErasedRows& rows) {
    return rows.store == store && rows.keys.contains(key);
  });
}

}  // namespace auspex::stateStore
