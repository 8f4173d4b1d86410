// SPDX-License-Identifier: Apache-2.0
// Finds what is over among the entries of a store that lie in the order of a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "operators/OrderedBytes.h"
#include "stateStore/KeyValueStore.h"

namespace auspex::operators {

/// Visits the entries of [begin, end), whose keys have a time behind `numBefore` bytes, the
/// earliest first, up to the first one whose time is not over; shorter keys (StreamTime's) are
/// passed over. Returns the time of that one, INT64_MAX when there is none. visit(key, time) may
/// neither change nor read the store.
template <typename IsOver, typename Visit>
int64_t visitEnded(stateStore::KeyValueStore& store, std::string_view begin,
                   std::optional<std::string_view> end, size_t numBefore, const IsOver& isOver,
                   const Visit& visit) {
  int64_t next = INT64_MAX;
  store.scan(begin, end, [&](std::string_view key, std::string_view) {
    if (key.size() < numBefore + kOrderedBytes) {
      return true;
    }
    const int64_t time = readOrdered(key.substr(numBefore));
    if (!isOver(time)) {
      next = time;
      return false;
    }
    visit(key, time);
    return true;
  });
  return next;
}

}  // namespace auspex::operators
