// SPDX-License-Identifier: Apache-2.0
// Windows and sessions read back from their stores by key and time.
#include <algorithm>
#include <utility>

#include "operators/OrderedBytes.h"
#include "operators/WindowAggregateOperator.h"
#include "operators/data/ClampedAdd.h"

namespace auspex::operators {
namespace {

constexpr int64_t kEarliest = std::numeric_limits<int64_t>::min();
constexpr int64_t kLatest = std::numeric_limits<int64_t>::max();

/// Keys of sessions: one of these letters, the group's key, start, end.
constexpr char kOpenSession = 'k';
constexpr char kKeptSession = 'c';  // it is over
constexpr size_t kSessionBoundsBytes = 2 * kOrderedBytes;

std::string orderedText(int64_t value) {
  std::string text;
  appendOrdered(text, value);
  return text;
}

/// The bytes that end a range which takes in all starts up to `last`.
std::optional<std::string> behind(int64_t last) {
  return last == kLatest ? std::nullopt : std::optional(orderedText(last + 1));
}

/// Base of both: rows are those of StoredGroups.
class WindowedTable : public StateTable {
 public:
  explicit WindowedTable(const WindowAggregateDescription& description)
      : description_(description), groups_(description.groupColumns, description.calls) {}

  Batch decode(std::span<const StateRow> rows, const Owner& owner) const final {
    return groups_.decode(rows, true, owner);
  }
  std::vector<size_t> keyColumns() const final { return groups_.keyColumns(); }
  std::vector<SqlType> keyTypes() const final { return typesOf(description_.groupColumns); }
  std::string stores() const final { return description_.store; }

 protected:
  const WindowAggregateDescription& description_;

 private:
  StoredGroups groups_;
};

/// Windows lie by their starts, and within one start by key. So all keys of some windows are one
/// scan, and some keys of all windows a step from start to start.
class TimeWindowTable final : public WindowedTable {
 public:
  using WindowedTable::WindowedTable;

  void scan(StateView& state, const StateRange& range,
            const StateRowVisitor& visit) const override {
    const int64_t size = description_.window.key.sizeMillis;
    const int64_t first = std::max<int64_t>(
        {range.minStart, range.minEnd == kEarliest ? kEarliest : addClamped(range.minEnd, -size),
         0});
    const int64_t last = std::min(
        range.maxStart, range.maxEnd == kLatest ? kLatest : addClamped(range.maxEnd, -size));
    if (first > last || range.keys.empty()) {
      return;
    }
    if (range.isWhole()) {
      scanRows(state, {orderedText(first), behind(last)}, visit);
      return;
    }
    for (int64_t next = first; next <= last;) {
      const std::optional<int64_t> start = first == last ? first : findStart(state, next, last);
      if (!start || !scanWindow(state, *start, range, visit) || *start == kLatest) {
        return;
      }
      next = *start + 1;
    }
  }

 private:
  std::optional<int64_t> findStart(StateView& state, int64_t from, int64_t last) const {
    std::optional<int64_t> found;
    state.scan(description_.store, orderedText(from), behind(last),
               [&](std::string_view key, std::string_view) {
                 found = readOrdered(key);
                 return false;
               });
    return found;
  }

  /// Returns false when nothing more is wanted.
  bool scanWindow(StateView& state, int64_t start, const StateRange& range,
                  const StateRowVisitor& visit) const {
    const std::string prefix = orderedText(start);
    for (const KeyRange& keys : range.keys) {
      KeyRange inWindow{prefix + keys.begin, behind(start), keys.isPoint};
      if (keys.end) {
        inWindow.end = prefix + *keys.end;
      }
      if (!scanRows(state, inWindow, visit)) {
        return false;
      }
    }
    return true;
  }

  bool scanRows(StateView& state, const KeyRange& range, const StateRowVisitor& visit) const {
    bool goesOn = true;
    state.scan(description_.store, range, [&](std::string_view key, std::string_view row) {
      const int64_t start = readOrdered(key);
      const WindowBounds window{start, addClamped(start, description_.window.key.sizeMillis)};
      goesOn = visit({key.substr(kOrderedBytes), {row, {}}, window});
      return goesOn;
    });
    return goesOn;
  }
};

/// Sessions lie by key, and of one key by their starts.
class SessionTable final : public WindowedTable {
 public:
  using WindowedTable::WindowedTable;

  void scan(StateView& state, const StateRange& range,
            const StateRowVisitor& visit) const override {
    for (const KeyRange& keys : range.keys) {
      // Of one key, those that are over began before those that are open.
      const bool goesOn =
          description_.window.retention == 0 || scanKind(kKeptSession, state, keys, range, visit);
      if (!goesOn || !scanKind(kOpenSession, state, keys, range, visit)) {
        return;
      }
    }
  }

 private:
  /// Returns false when nothing more is wanted.
  bool scanKind(char kind, StateView& state, const KeyRange& keys, const StateRange& range,
                const StateRowVisitor& visit) const {
    const std::string prefix(1, kind);
    const std::string behindAll(1, static_cast<char>(kind + 1));
    KeyRange stored{prefix + keys.begin, keys.end ? prefix + *keys.end : behindAll};
    if (keys.isPoint) {
      stored.end = stateStore::prefixEnd(stored.begin);
      if (const auto end = behind(range.maxStart)) {
        stored.end = stored.begin + *end;
      }
      stored.begin += orderedText(range.minStart);
    }
    return scanSessions(state, stored, range, visit);
  }

  bool scanSessions(StateView& state, const KeyRange& stored, const StateRange& range,
                    const StateRowVisitor& visit) const {
    bool goesOn = true;
    state.scan(description_.store, stored, [&](std::string_view key, std::string_view row) {
      const std::string_view bounds = key.substr(key.size() - kSessionBoundsBytes);
      const WindowBounds window{readOrdered(bounds), readOrdered(bounds.substr(kOrderedBytes))};
      if (range.contains(window)) {
        goesOn = visit({key.substr(1, key.size() - 1 - kSessionBoundsBytes), {row, {}}, window});
      }
      return goesOn;
    });
    return goesOn;
  }
};

}  // namespace

std::unique_ptr<const StateTable> WindowAggregateDescription::stateTable() const {
  if (window.key.isSession()) {
    return std::make_unique<SessionTable>(*this);
  }
  return std::make_unique<TimeWindowTable>(*this);
}

}  // namespace auspex::operators
