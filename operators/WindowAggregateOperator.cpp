// SPDX-License-Identifier: Apache-2.0
#include "operators/WindowAggregateOperator.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "operators/EndedEntries.h"
#include "operators/StreamTime.h"
#include "operators/data/ClampedAdd.h"
#include "operators/expressions/NestedKernels.h"

namespace auspex::operators {
namespace {

constexpr size_t kStartBytes = 8;

/// The windows that a draw touches.
struct Windows : GroupSteps {
  std::vector<std::string_view> keys;  // of the store
  std::vector<int64_t> starts;
  std::vector<uint32_t> rows;      // one of each, for its grouping columns
  std::vector<int64_t> stepTimes;  // after each step the timestamp of its window
  std::vector<int64_t> times;      // of each window after all steps
  std::vector<uint32_t> lastStep;  // of each window
};

/// A window that is over, to be given out once.
struct FinalWindow {
  std::string_view key;    // of the store
  uint32_t place = 0;      // in the columns of what may be given out
  uint32_t drawIndex = 0;  // of the row that moved time
};

/// A row that moved time.
struct TimeStep {
  int64_t time;
  uint32_t drawIndex;
};

class WindowAggregate final : public Operator {
 public:
  WindowAggregate(const WindowAggregateDescription& description, stateStore::KeyValueStore& store,
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
    before_ = time_.now();
    timeSteps_.clear();
    places_.clear();
    Windows windows;
    assign(input, *arena, context, windows);
    time_.end();
    calls_.load(store_, windows.keys, windows);
    walkSteps(input, windows);
    AggregateCalls::Result result = calls_.run(input, windows, context.errors);
    Batch output = window_.emitFinal ? emitFinal(input, windows, result, arena)
                                     : emitChanges(input, windows, result);
    save(windows, std::move(result));
    expire();
    return output;
  }

 private:
  int64_t endOf(int64_t start) const { return addClamped(start, window_.key.sizeMillis); }
  int64_t closeOf(int64_t start) const { return addClamped(endOf(start), window_.grace); }
  /// When nobody can read it any more.
  int64_t dropOf(int64_t start) const {
    return std::max(closeOf(start), addClamped(start, window_.retention));
  }

  /// Gives each row its windows.
  void assign(const Batch& input, Arena& arena, DrawContext& context, Windows& windows) {
    const auto keys = keys_.encode(input, false, arena, context, description_);
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (!keys[row]) {
        continue;
      }
      const int64_t timestamp = input.timestamps[row];
      if (time_.advance(timestamp)) {
        timeSteps_.push_back({time_.now(), input.drawIndex[row]});
      }
      if (!addToWindows(*keys[row], timestamp, row, arena, windows)) {
        context.errors.add(input.drawIndex[row], RowErrorKind::Expression, description_.toString(),
                           "the row is later than its window's end and grace period: dropped");
      }
    }
  }

  bool addToWindows(std::string_view key, int64_t timestamp, uint32_t row, Arena& arena,
                    Windows& windows) {
    bool isAdded = false;
    // No window begins before 1970.
    const int64_t first =
        std::max<int64_t>(0, addClamped(timestamp, window_.advance - window_.key.sizeMillis));
    const int64_t firstNumber = first / window_.advance;
    const int64_t lastNumber = timestamp < 0 ? -1 : timestamp / window_.advance;
    for (int64_t number = firstNumber; number <= lastNumber; ++number) {
      const int64_t start = number * window_.advance;
      if (closeOf(start) <= time_.now()) {
        continue;
      }
      std::string text;
      appendOrdered(text, start);
      text += key;
      const auto found = places_.find(text);
      uint32_t place = 0;
      if (found == places_.end()) {
        place = static_cast<uint32_t>(windows.keys.size());
        windows.keys.push_back(arena.copy(text));
        windows.starts.push_back(start);
        windows.rows.push_back(row);
        places_.emplace(windows.keys.back(), place);
      } else {
        place = found->second;
      }
      windows.steps.push_back({AggregateStep::Kind::Add, place, row});
      isAdded = true;
    }
    return isAdded;
  }

  /// The timestamps of windows after each step and at the end, and the last step of each.
  static void walkSteps(const Batch& input, Windows& windows) {
    windows.times = storedTimesOf(windows);
    windows.lastStep.assign(windows.keys.size(), kNoRow);
    for (uint32_t i = 0; i < windows.steps.size(); ++i) {
      const AggregateStep& step = windows.steps[i];
      int64_t& time = windows.times[step.group];
      time = std::max(time, input.timestamps[step.row]);
      windows.stepTimes.push_back(time);
      windows.lastStep[step.group] = i;
    }
  }

  Batch emitChanges(const Batch& input, const Windows& windows,
                    const AggregateCalls::Result& result) const {
    Batch output;
    output.numRows = windows.steps.size();
    if (output.numRows == 0) {
      return output;
    }
    output.timestamps = windows.stepTimes;
    std::vector<uint32_t> rows;
    std::vector<int64_t> starts;
    std::vector<int64_t> ends;
    for (const AggregateStep& step : windows.steps) {
      output.drawIndex.push_back(input.drawIndex[step.row]);
      rows.push_back(step.row);
      starts.push_back(windows.starts[step.group]);
      ends.push_back(endOf(windows.starts[step.group]));
    }
    for (size_t i = 0; i < keys_.numColumns(); ++i) {
      output.columns.push_back(gather(input.columns[i], rows));
    }
    output.columns.push_back(Column::make(SqlType::bigint(), std::move(starts)));
    output.columns.push_back(Column::make(SqlType::bigint(), std::move(ends)));
    output.columns.insert(output.columns.end(), result.results.begin(), result.results.end());
    if (description_.emitOld) {
      addOldSide(output, windows, result);
    }
    return output;
  }

  void addOldSide(Batch& output, const Windows& windows,
                  const AggregateCalls::Result& result) const {
    output.carriesOld = true;
    const auto numSteps = static_cast<uint32_t>(windows.steps.size());
    std::vector<uint32_t> lastStep(windows.keys.size(), kNoRow);
    std::vector<uint32_t> pick(numSteps);
    for (uint32_t i = 0; i < numSteps; ++i) {
      const uint32_t place = windows.steps[i].group;
      const uint32_t previous = std::exchange(lastStep[place], i);
      output.oldPresent.push_back(previous != kNoRow || windows.fresh[place] == 0 ? 1 : 0);
      pick[i] = previous != kNoRow ? previous : numSteps + place;
    }
    const size_t numKeys = keys_.numColumns() + 2;
    output.oldColumns.assign(output.columns.begin(),
                             output.columns.begin() + static_cast<ptrdiff_t>(numKeys));
    for (size_t call = 0; call < result.results.size(); ++call) {
      output.oldColumns.push_back(gather(calls_.withStored(result, windows, call), pick));
    }
  }

  /// The windows that ended in this draw: those of the draw, and others that are stored.
  Batch emitFinal(const Batch& input, const Windows& windows, const AggregateCalls::Result& result,
                  const std::shared_ptr<Arena>& arena) {
    std::vector<FinalWindow> ended;
    for (uint32_t i = 0; i < windows.keys.size(); ++i) {
      if (closeOf(windows.starts[i]) <= time_.now()) {
        ended.push_back({windows.keys[i], i, drawIndexOf(windows.starts[i])});
      }
    }
    std::vector<std::string_view> keys;
    std::vector<std::string_view> rows;
    scanEnded([&](std::string_view key, std::string_view row) {
      if (places_.contains(key)) {
        return;
      }
      const auto place = static_cast<uint32_t>(windows.keys.size() + keys.size());
      const std::string_view copied = arena->copy(key);
      ended.push_back({copied, place, drawIndexOf(readOrdered(key))});
      keys.push_back(copied.substr(kStartBytes));
      rows.push_back(arena->copy(row));
    });
    if (ended.empty()) {
      return {};
    }
    std::stable_sort(ended.begin(), ended.end(), [](const auto& left, const auto& right) {
      return std::pair(left.drawIndex, left.key) < std::pair(right.drawIndex, right.key);
    });
    return gatherFinal(input, windows, result, ended, keys_.decode(keys, arena),
                       calls_.decode(rows, arena));
  }

  /// Columns of windows of the draw stand before those of the others that ended.
  Batch gatherFinal(const Batch& input, const Windows& windows,
                    const AggregateCalls::Result& result, const std::vector<FinalWindow>& ended,
                    const std::vector<ColumnPtr>& otherKeys,
                    const std::vector<ColumnPtr>& otherRows) const {
    std::vector<uint32_t> pick;
    std::vector<int64_t> starts;
    std::vector<int64_t> ends;
    Batch output;
    output.numRows = ended.size();
    for (const FinalWindow& window : ended) {
      pick.push_back(window.place);
      starts.push_back(readOrdered(window.key));
      ends.push_back(endOf(starts.back()));
      output.drawIndex.push_back(window.drawIndex);
    }
    for (size_t i = 0; i < keys_.numColumns(); ++i) {
      const ColumnPtr both[] = {gather(input.columns[i], windows.rows), otherKeys[i]};
      output.columns.push_back(gather(concatenate(both), pick));
    }
    output.columns.push_back(Column::make(SqlType::bigint(), std::move(starts)));
    output.columns.push_back(Column::make(SqlType::bigint(), std::move(ends)));
    for (size_t call = 0; call < result.results.size(); ++call) {
      const ColumnPtr both[] = {gatherOrNull(result.results[call], windows.lastStep),
                                calls_.resultOf(otherRows, call)};
      output.columns.push_back(gather(concatenate(both), pick));
    }
    const ColumnPtr both[] = {Column::make(SqlType::bigint(), windows.times), otherRows.back()};
    const ColumnPtr picked = gather(concatenate(both), pick);
    output.timestamps.assign(picked->values<int64_t>().begin(), picked->values<int64_t>().end());
    if (description_.emitOld) {
      output.carriesOld = true;  // there was nothing: each window comes once
      output.oldPresent.assign(output.numRows, 0);
      output.oldColumns = output.columns;
    }
    return output;
  }

  /// The row with which time reached the end of a window that has ended.
  uint32_t drawIndexOf(int64_t start) const {
    const auto found =
        std::find_if(timeSteps_.begin(), timeSteps_.end(),
                     [&](const TimeStep& step) { return closeOf(start) <= step.time; });
    return found == timeSteps_.end() ? 0 : found->drawIndex;
  }

  /// Calls visit(key, row) for the stored windows that ended in this draw; the others that are over
  /// were given out when time came there, and are only kept.
  template <typename Visit>
  void scanEnded(Visit visit) {
    const int64_t ended = addClamped(before_, -addClamped(window_.key.sizeMillis, window_.grace));
    const int64_t first = ended < 0 ? 0 : (ended / window_.advance + 1) * window_.advance;
    if (closeOf(first) > time_.now()) {
      return;
    }
    std::string begin;
    appendOrdered(begin, first);
    store_.scan(begin, std::nullopt, [&](std::string_view key, std::string_view row) {
      if (closeOf(readOrdered(key)) > time_.now()) {
        return false;
      }
      visit(key, row);
      return true;
    });
  }

  void save(const Windows& windows, AggregateCalls::Result result) {
    Arena arena(windows.keys.size() * 32);
    const std::vector<std::string_view> rows =
        calls_.encode(std::move(result), windows.lastStep, windows.times, arena);
    for (size_t i = 0; i < windows.keys.size(); ++i) {
      store_.put(windows.keys[i], rows[i]);
      firstDrop_ = std::min(firstDrop_, dropOf(windows.starts[i]));
    }
  }

  /// No row can change a window that is over; it may be kept for readers.
  void expire() {
    if (store_.erasesRanges()) {
      expireRange();
      return;
    }
    if (firstDrop_ > time_.now()) {
      return;
    }
    std::vector<std::string> ended;
    std::string begin;
    appendOrdered(begin, erasedTo_);
    const int64_t next = visitEnded(
        store_, begin, std::nullopt, 0, [&](int64_t start) { return dropOf(start) <= time_.now(); },
        [&](std::string_view key, int64_t start) {
          ended.emplace_back(key);
          erasedTo_ = start;
        });
    firstDrop_ = dropOf(next);
    for (const std::string& key : ended) {
      store_.erase(key);
    }
  }

  /// Without looking for them: a window's key begins with its start.
  void expireRange() {
    const int64_t kept =
        std::max(addClamped(window_.key.sizeMillis, window_.grace), window_.retention);
    const int64_t last = addClamped(time_.now(), -kept);  // the latest start that is dropped
    const int64_t next = last < 0 ? 0 : (last / window_.advance + 1) * window_.advance;
    if (next <= std::max<int64_t>(erasedTo_, 0)) {
      return;
    }
    std::string begin;
    std::string end;
    std::string above;
    appendOrdered(begin, 0);
    appendOrdered(end, next);
    appendOrdered(above, addClamped(time_.now(), 1));
    store_.eraseRange(begin, end, above);
    erasedTo_ = next;
  }

  const WindowAggregateDescription& description_;
  const AggregateWindow& window_;
  stateStore::KeyValueStore& store_;
  StreamTime time_;
  GroupKeys keys_;
  AggregateCalls calls_;
  int64_t before_ = INT64_MIN;     // time at the beginning of the draw
  int64_t firstDrop_ = INT64_MIN;  // no stored window is dropped before; at first it is not known
  int64_t erasedTo_ = INT64_MIN;   // the start of the last one that was: none is stored before
  std::vector<TimeStep> timeSteps_;
  std::unordered_map<std::string_view, uint32_t> places_;
};

}  // namespace

std::unique_ptr<Operator> WindowAggregateDescription::create(TaskServices& services) const {
  stateStore::KeyValueStore& stored = services.store(store);
  if (window.key.isSession()) {
    return makeSessionAggregate(*this, stored, services.maxTimeStep());
  }
  return std::make_unique<WindowAggregate>(*this, stored, services.maxTimeStep());
}

std::string WindowAggregateDescription::toString() const {
  std::string text = "WindowAggregate(by=[";
  for (size_t i = 0; i < groupColumns.size(); ++i) {
    text += (i == 0 ? "" : ", ") + groupColumns[i].name;
  }
  text += fmt::format("], {} {} ms", nameOf(window.key.type),
                      window.key.isSession() ? window.gap : window.key.sizeMillis);
  if (window.key.type == WindowType::Hopping) {
    text += fmt::format(" by {} ms", window.advance);
  }
  text += fmt::format(", grace={} ms{}, ", window.grace, window.emitFinal ? ", final" : "");
  for (size_t i = 0; i < calls.size(); ++i) {
    text += (i == 0 ? "" : ", ") + calls[i].text;
  }
  return text + ", store=" + store + ")";
}

}  // namespace auspex::operators
