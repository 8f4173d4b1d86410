// SPDX-License-Identifier: Apache-2.0
// How far time has come for an operator: the highest timestamp of all rows so far.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "operators/OrderedBytes.h"
#include "stateStore/KeyValueStore.h"

namespace auspex::operators {

/// Kept in the operator's store, so that it outlives the operator and goes back with the rows when
/// a transaction fails. One thread; begin() and end() around each draw.
class StreamTime {
 public:
  /// Where it stands in the store; shorter than the keys of rows, which say something of time.
  static constexpr std::string_view kKey = "t";

  explicit StreamTime(stateStore::KeyValueStore& store) : store_(store) {}

  void begin() {
    const auto stored = store_.get(kKey);
    now_ = stored ? readOrdered(*stored) : INT64_MIN;
  }
  void end() {
    std::string text;
    appendOrdered(text, now_);
    store_.put(kKey, text);
  }
  /// Whether the timestamp is the highest so far; time is there now.
  bool advance(int64_t timestamp) {
    const bool moves = timestamp > now_;
    now_ = moves ? timestamp : now_;
    return moves;
  }
  int64_t now() const { return now_; }

 private:
  stateStore::KeyValueStore& store_;
  int64_t now_ = INT64_MIN;
};

}  // namespace auspex::operators
