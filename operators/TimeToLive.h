// SPDX-License-Identifier: Apache-2.0
// When rows that are not updated leave a table: by the times of rows, in an index of a store.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/StreamTime.h"
#include "operators/data/Arena.h"

namespace auspex::operators {

/// A row of time t is over, and leaves its table, when the highest timestamp so far has reached
/// t + ttl: before the row that moves time there is looked at. What is over first leaves first, of
/// one time by key.
///
/// Store: time, the row's key: of each row at least one entry, whose time is the row's or an
/// earlier one, since a row that is updated keeps its entry until that time has come; and "t" for
/// the highest timestamp. One thread; the operator keeps the rows themselves.
class TimeToLive {
 public:
  TimeToLive(stateStore::KeyValueStore& store, int64_t ttl, int64_t maxTimeStep)
      : store_(store), ttl_(ttl), time_(store, maxTimeStep) {}

  /// Begins a draw; the lowest number stands for a row that moves no time. Returns the keys of the
  /// rows that may be over before its end, each perhaps several times; they live in `arena`.
  std::vector<std::string_view> begin(std::span<const int64_t> timestamps, Arena& arena);
  /// Goes on to a row of the draw: calls visit(key, when) for what is over then, given the time of
  /// the row with a key, if there is one, by timeOf(key). The rows change only by what visit does,
  /// which is to remove them, and by what is told to update().
  template <typename TimeOf, typename Visit>
  void advanceTo(size_t row, const TimeOf& timeOf, const Visit& visit) {
    now_ = nows_[row];
    while (!due_.empty() && isOver(due_.top().time)) {
      const Entry entry = takeDue();
      const std::optional<int64_t> time = timeOf(entry.key);
      if (time && *time > entry.time) {
        add(entry.key, *time);
      } else if (time == entry.time) {
        visit(entry.key, addClamped(entry.time, ttl_));
      }
    }
  }
  /// Whether a row of that time is over.
  bool isOver(int64_t time) const { return addClamped(time, ttl_) <= now_; }
  /// A row was written that had the time `before`, if it was there. The key lives until end().
  void update(std::string_view key, std::optional<int64_t> before, int64_t time);
  /// Ends the draw.
  void end() { time_.end(); }

 private:
  struct Entry {
    int64_t time;
    std::string_view key;
    bool operator>(const Entry& other) const {
      return time != other.time ? time > other.time : key > other.key;
    }
  };

  /// The earliest of the entries that are due, which the store has no more.
  Entry takeDue();
  void add(std::string_view key, int64_t time);

  stateStore::KeyValueStore& store_;
  int64_t ttl_;
  StreamTime time_;
  int64_t now_ = INT64_MIN;        // at the row of the draw
  int64_t firstTime_ = INT64_MIN;  // no entry has an earlier one; unknown at first
  std::vector<int64_t> nows_;      // at each row of the draw
  // The entries that are due before the draw's end, the earliest first.
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> due_;
};

}  // namespace auspex::operators
