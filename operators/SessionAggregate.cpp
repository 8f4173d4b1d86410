// SPDX-License-Identifier: Apache-2.0
// Groups by sessions: rows that come no further apart than a gap.
#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "operators/EndedEntries.h"
#include "operators/StreamTime.h"
#include "operators/WindowAggregateOperator.h"
#include "operators/data/ClampedAdd.h"
#include "operators/expressions/NestedKernels.h"

namespace auspex::operators {
namespace {

/// A session as it stands at one moment; each row that joins it makes another of it.
struct Session {
  WindowBounds bounds;
  std::string_view key;  // of its group
  uint32_t group = 0;    // among those of the draw
  bool isStored = false;
};

/// A change that a draw gives out.
struct SessionChange {
  Session session;
  uint32_t row = 0;  // of the input: for its draw index
  bool isDeleted = false;
  uint32_t previousGroup = kNoRow;  // what the session was before
};

struct Sessions : GroupSteps {
  std::vector<std::string_view> storedRows;  // per group; without data for new ones
  std::vector<int64_t> times;                // per group: the largest timestamp of its rows
  std::vector<uint32_t> lastStep;            // per group, kNoRow for stored ones
  std::vector<SessionChange> changes;
  std::vector<Session> kept;  // that are over and go on being read
};

class SessionAggregate final : public Operator {
 public:
  SessionAggregate(const WindowAggregateDescription& description, stateStore::KeyValueStore& store,
                   int64_t maxTimeStep)
      : description_(description),
        window_(description.window),
        store_(store),
        time_(store, maxTimeStep),
        keys_(description.groupColumns),
        calls_(description.calls) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    const auto arena = std::make_shared<Arena>();
    time_.begin();
    open_.clear();
    mergedFrom_.clear();
    Sessions sessions;
    walk(input, *arena, context, sessions);
    time_.end();
    sessions.stored = calls_.decode(sessions.storedRows, arena);
    AggregateCalls::Result result = calls_.run(input, sessions, context.errors);
    completeTimes(sessions);
    Batch output = emit(input, sessions, result, arena);
    save(sessions, std::move(result));
    dropKept();
    return output;
  }

 private:
  int64_t closeOf(int64_t end) const {
    return addClamped(addClamped(end, window_.gap), window_.grace);
  }
  /// Nobody can read a session any more that ended there.
  bool isDropped(int64_t end) const {
    return std::max(closeOf(end), addClamped(end, window_.retention)) < time_.now();
  }
  /// No row can join a session any more that ends there.
  bool isOver(int64_t end) const { return closeOf(end) < time_.now(); }

  void walk(const Batch& input, Arena& arena, DrawContext& context, Sessions& sessions) {
    const auto keys = keys_.encode(input, false, arena, context, description_);
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (!keys[row]) {
        continue;
      }
      if (time_.advance(input.timestamps[row])) {
        endSessions(row, arena, sessions);
      }
      if (!addRow(*keys[row], input.timestamps[row], row, arena, sessions)) {
        context.errors.add(input.drawIndex[row], RowErrorKind::Expression, description_.toString(),
                           "the row is later than its session's end and grace period: dropped");
      }
    }
  }

  /// The sessions of a key, by their starts.
  std::map<int64_t, Session>& sessionsOf(std::string_view key, Arena& arena, Sessions& sessions) {
    const auto inserted = open_.try_emplace(key);
    std::map<int64_t, Session>& open = inserted.first->second;
    if (inserted.second) {
      std::string prefix = "k";
      prefix += key;
      store_.scanPrefix(prefix, [&](std::string_view stored, std::string_view row) {
        Session session;
        session.bounds = {readOrdered(stored.substr(prefix.size())),
                          readOrdered(stored.substr(prefix.size() + kOrderedBytes))};
        session.key = key;
        session.isStored = true;
        session.group = addGroup(sessions, arena.copy(row), INT64_MIN);
        open.emplace(session.bounds.start, session);
        return true;
      });
    }
    return open;
  }

  static uint32_t addGroup(Sessions& sessions, std::string_view storedRow, int64_t time) {
    sessions.storedRows.push_back(storedRow);
    sessions.fresh.push_back(storedRow.data() == nullptr ? 1 : 0);
    sessions.times.push_back(time);
    sessions.lastStep.push_back(kNoRow);
    return static_cast<uint32_t>(sessions.fresh.size() - 1);
  }

  bool addRow(std::string_view key, int64_t timestamp, uint32_t row, Arena& arena,
              Sessions& sessions) {
    std::map<int64_t, Session>& open = sessionsOf(key, arena, sessions);
    std::vector<Session> merged;
    Session joined;
    joined.bounds = {timestamp, timestamp};
    joined.key = key;
    for (const auto& [start, session] : open) {
      if (start <= addClamped(timestamp, window_.gap) &&
          session.bounds.end >= addClamped(timestamp, -window_.gap)) {
        merged.push_back(session);
        joined.bounds.start = std::min(joined.bounds.start, start);
        joined.bounds.end = std::max(joined.bounds.end, session.bounds.end);
      }
    }
    if (isOver(joined.bounds.end)) {
      return false;
    }
    joined.group = addGroup(sessions, std::string_view(), timestamp);
    const bool isExtended = joined.bounds.start != timestamp || joined.bounds.end != timestamp;
    uint32_t previous = kNoRow;
    for (const Session& session : merged) {
      if (isExtended && !window_.emitFinal) {
        sessions.changes.push_back({session, row, true, session.group});
      } else {
        previous = session.group;
      }
      sessions.steps.push_back({AggregateStep::Kind::Merge, joined.group, session.group});
      mergedFrom_.push_back({joined.group, session.group});
      open.erase(session.bounds.start);
      if (session.isStored) {
        eraseStored(session);
      }
    }
    sessions.lastStep[joined.group] = static_cast<uint32_t>(sessions.steps.size());
    sessions.steps.push_back({AggregateStep::Kind::Add, joined.group, row});
    if (!window_.emitFinal) {
      sessions.changes.push_back({joined, row, false, previous});
    }
    open.emplace(joined.bounds.start, joined);
    firstEnd_ = std::min(firstEnd_, joined.bounds.end);
    return true;
  }

  /// "k" for those that are open, "c" for those that are kept.
  static std::string storedKey(const char* kind, const Session& session) {
    std::string text = kind;
    text += session.key;
    appendOrdered(text, session.bounds.start);
    appendOrdered(text, session.bounds.end);
    return text;
  }

  /// "x" for those that are open, "d" for those that are kept.
  static std::string expiryKey(const char* kind, const Session& session,
                               const std::string& stored) {
    std::string text = kind;
    appendOrdered(text, session.bounds.end);
    return text + stored;
  }

  void eraseStored(const Session& session) {
    const std::string stored = storedKey("k", session);
    store_.erase(stored);
    store_.erase(expiryKey("x", session, stored));
  }

  /// Takes out the sessions that are over; they are given out now when each is to be given out
  /// once.
  void endSessions(uint32_t row, Arena& arena, Sessions& sessions) {
    if (!isOver(firstEnd_)) {
      return;
    }
    firstEnd_ = INT64_MAX;
    std::vector<Session> ended;
    for (auto& [key, open] : open_) {
      for (auto entry = open.begin(); entry != open.end();) {
        const int64_t end = entry->second.bounds.end;
        if (isOver(end)) {
          ended.push_back(entry->second);
          entry = open.erase(entry);
        } else {
          firstEnd_ = std::min(firstEnd_, end);
          ++entry;
        }
      }
    }
    std::vector<std::string> stored;
    const int64_t next = visitEnded(
        store_, "x", "y", 1, [&](int64_t end) { return isOver(end); },
        [&](std::string_view key, int64_t) { stored.emplace_back(key.substr(1 + kOrderedBytes)); });
    firstEnd_ = std::min(firstEnd_, next);
    for (const std::string& key : stored) {
      endStored(key, arena, sessions, ended);
    }
    std::stable_sort(ended.begin(), ended.end(), [](const Session& left, const Session& right) {
      return std::tuple(left.bounds.end, left.bounds.start, left.key) <
             std::tuple(right.bounds.end, right.bounds.start, right.key);
    });
    for (const Session& session : ended) {
      if (session.isStored) {
        eraseStored(session);
      }
      if (!isDropped(session.bounds.end)) {
        sessions.kept.push_back(session);
      }
      if (window_.emitFinal) {
        sessions.changes.push_back({session, row, false, kNoRow});
      }
    }
  }

  /// A stored session that is over and that the draw has not touched yet.
  void endStored(const std::string& stored, Arena& arena, Sessions& sessions,
                 std::vector<Session>& ended) {
    const std::string_view parts = std::string_view(stored).substr(1);
    const std::string_view bounds = parts.substr(parts.size() - 2 * kOrderedBytes);
    const std::string_view key = arena.copy(parts.substr(0, parts.size() - bounds.size()));
    if (open_.contains(key)) {
      return;  // it is among those of its key
    }
    Session session;
    session.bounds = {readOrdered(bounds), readOrdered(bounds.substr(kOrderedBytes))};
    session.key = key;
    session.isStored = true;
    const std::optional<std::string_view> row = store_.get(stored);
    session.group = addGroup(sessions, row ? arena.copy(*row) : std::string_view(), INT64_MIN);
    ended.push_back(session);
  }

  /// Stored groups know their times only once they are decoded, and merged ones are as late as what
  /// they were made of.
  void completeTimes(Sessions& sessions) const {
    const std::vector<int64_t> stored = storedTimesOf(sessions);
    for (size_t i = 0; i < stored.size(); ++i) {
      sessions.times[i] = std::max(sessions.times[i], stored[i]);
    }
    for (const auto& [into, from] : mergedFrom_) {
      sessions.times[into] = std::max(sessions.times[into], sessions.times[from]);
    }
  }

  Batch emit(const Batch& input, const Sessions& sessions, const AggregateCalls::Result& result,
             const Owner& owner) const {
    Batch output;
    output.numRows = sessions.changes.size();
    if (output.numRows == 0) {
      return output;
    }
    std::vector<std::string_view> keys;
    std::vector<int64_t> starts;
    std::vector<int64_t> ends;
    const auto numSteps = static_cast<uint32_t>(sessions.steps.size());
    // Results by step stand before the stored ones by group.
    const auto placeOf = [&](uint32_t group) {
      return sessions.lastStep[group] != kNoRow ? sessions.lastStep[group] : numSteps + group;
    };
    std::vector<uint32_t> pick;
    std::vector<uint32_t> pickOld;
    for (const SessionChange& change : sessions.changes) {
      keys.push_back(change.session.key);
      starts.push_back(change.session.bounds.start);
      ends.push_back(change.session.bounds.end);
      output.present.push_back(change.isDeleted ? 0 : 1);
      output.oldPresent.push_back(change.previousGroup != kNoRow ? 1 : 0);
      output.drawIndex.push_back(input.drawIndex[change.row]);
      output.timestamps.push_back(sessions.times[change.session.group]);
      pick.push_back(placeOf(change.session.group));
      pickOld.push_back(
          placeOf(change.previousGroup != kNoRow ? change.previousGroup : change.session.group));
    }
    output.columns = keys_.decode(keys, owner);
    output.columns.push_back(Column::make(SqlType::bigint(), std::move(starts)));
    output.columns.push_back(Column::make(SqlType::bigint(), std::move(ends)));
    output.carriesOld = true;
    output.oldColumns = output.columns;
    for (size_t call = 0; call < result.results.size(); ++call) {
      const ColumnPtr all = calls_.withStored(result, sessions, call);
      output.columns.push_back(gather(all, pick));
      output.oldColumns.push_back(gather(all, pickOld));
    }
    return output;
  }

  /// Stores the sessions that this draw has made, and puts those that have ended where nothing but
  /// readers meets them.
  void save(const Sessions& sessions, AggregateCalls::Result result) {
    Arena arena(sessions.times.size() * 32);
    const std::vector<std::string_view> rows =
        calls_.encode(std::move(result), sessions.lastStep, sessions.times, arena);
    for (const auto& [key, open] : open_) {
      for (const auto& [start, session] : open) {
        if (!session.isStored) {
          const std::string stored = storedKey("k", session);
          store_.put(stored, rows[session.group]);
          store_.put(expiryKey("x", session, stored), "");
        }
      }
    }
    for (const Session& session : sessions.kept) {
      const std::string stored = storedKey("c", session);
      store_.put(stored,
                 session.isStored ? sessions.storedRows[session.group] : rows[session.group]);
      store_.put(expiryKey("d", session, stored), "");
      firstKeptEnd_ = std::min(firstKeptEnd_, session.bounds.end);
    }
  }

  void dropKept() {
    if (!isDropped(firstKeptEnd_)) {
      return;
    }
    std::vector<std::string> dropped;
    firstKeptEnd_ = visitEnded(
        store_, "d", "e", 1, [&](int64_t end) { return isDropped(end); },
        [&](std::string_view key, int64_t) { dropped.emplace_back(key); });
    for (const std::string& key : dropped) {
      store_.erase(key);
      store_.erase(std::string_view(key).substr(1 + kOrderedBytes));
    }
  }

  const WindowAggregateDescription& description_;
  const AggregateWindow& window_;
  stateStore::KeyValueStore& store_;
  StreamTime time_;
  GroupKeys keys_;
  AggregateCalls calls_;
  // No open session ends earlier, and no kept one has; unknown at first.
  int64_t firstEnd_ = INT64_MIN;
  int64_t firstKeptEnd_ = INT64_MIN;
  // Of one draw: the sessions of each key that it has touched, and which group was merged into
  // which.
  std::unordered_map<std::string_view, std::map<int64_t, Session>> open_;
  std::vector<std::pair<uint32_t, uint32_t>> mergedFrom_;
};

}  // namespace

std::unique_ptr<Operator> makeSessionAggregate(const WindowAggregateDescription& description,
                                               stateStore::KeyValueStore& store,
                                               int64_t maxTimeStep) {
  return std::make_unique<SessionAggregate>(description, store, maxTimeStep);
}

}  // namespace auspex::operators
