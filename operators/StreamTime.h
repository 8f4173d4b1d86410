// SPDX-License-Identifier: Apache-2.0
// How far time has come for an operator: the highest timestamp of all rows so far.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "operators/OrderedBytes.h"
#include "operators/data/ClampedAdd.h"
#include "stateStore/KeyValueStore.h"

namespace auspex::operators {

/// Kept in the operator's store, so that it outlives the operator and goes back with the rows when
/// a transaction fails. One thread; begin() and end() around each draw.
class StreamTime {
 public:
  /// Where it stands in the store; shorter than the keys of rows, which say something of time.
  static constexpr std::string_view kKey = "t";

  /// maxStep: so far at most a row moves time that has begun, in milliseconds. A row from a far
  /// future then does not end all windows and make all later rows late.
  StreamTime(stateStore::KeyValueStore& store, int64_t maxStep)
      : store_(store), maxStep_(maxStep) {}

  void begin() {
    const auto stored = store_.get(kKey);
    now_ = stored ? readOrdered(*stored) : INT64_MIN;
  }
  void end() {
    std::string text;
    appendOrdered(text, now_);
    store_.put(kKey, text);
  }
  /// Whether the timestamp is the highest so far; time is there now, or a step nearer.
  bool advance(int64_t timestamp) {
    if (timestamp <= now_) {
      return false;
    }
    now_ = now_ == INT64_MIN ? timestamp : std::min(timestamp, addClamped(now_, maxStep_));
    return true;
  }
  int64_t now() const { return now_; }

 private:
  stateStore::KeyValueStore& store_;
  int64_t maxStep_;
  int64_t now_ = INT64_MIN;
};

}  // namespace auspex::operators
