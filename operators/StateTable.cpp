// SPDX-License-Identifier: Apache-2.0
#include "operators/StateTable.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "operators/data/Arena.h"

namespace auspex::operators {

bool StateRange::hasWindowBounds() const {
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();
  return minStart != kLowest || maxStart != kHighest || minEnd != kLowest || maxEnd != kHighest;
}

std::optional<std::string> StateView::get(std::string_view store, std::string_view key) {
  std::optional<std::string> row = snapshot_.get(store, key);
  rowsRead_ += row ? 1 : 0;
  return row;
}

void StateView::scan(std::string_view store, std::string_view begin,
                     std::optional<std::string_view> end, const stateStore::RowVisitor& visitor) {
  snapshot_.scan(store, begin, end, [&](std::string_view key, std::string_view row) {
    ++rowsRead_;
    return visitor(key, row);
  });
}

void StateView::scan(std::string_view store, const KeyRange& range,
                     const stateStore::RowVisitor& visitor) {
  if (!range.isPoint) {
    scan(store, range.begin, range.end, visitor);
  } else if (const std::optional<std::string> row = get(store, range.begin)) {
    visitor(range.begin, *row);
  }
}

void KeyedStateTable::scan(StateView& state, const StateRange& range,
                           const StateRowVisitor& visit) const {
  bool goesOn = true;
  for (const KeyRange& keys : range.keys) {
    state.scan(store_, keys, [&](std::string_view key, std::string_view row) {
      goesOn = visit({key, {row, {}}, {}});
      return goesOn;
    });
    if (!goesOn) {
      return;
    }
  }
}

void readState(const StateTable& table, StateView& state, const StateRange& range, size_t chunkRows,
               const std::function<bool(Batch)>& take) {
  auto arena = std::make_shared<Arena>();
  std::vector<StateRow> rows;
  const auto hand = [&] {
    Batch batch = table.decode(rows, arena);
    batch.numRows = rows.size();
    batch.drawIndex.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      batch.drawIndex[i] = static_cast<uint32_t>(i);
    }
    rows.clear();
    arena = std::make_shared<Arena>();
    return take(std::move(batch));
  };
  const auto copy = [&](std::string_view text) {
    return text.data() == nullptr ? text : arena->copy(text);
  };
  bool goesOn = true;
  table.scan(state, range, [&](const StateRow& row) {
    rows.push_back({copy(row.key), {copy(row.values[0]), copy(row.values[1])}, row.window});
    goesOn = rows.size() < chunkRows || hand();
    return goesOn;
  });
  if (goesOn && !rows.empty()) {
    hand();
  }
}

std::string describeAccess(const StateTable& table, const StateRange& range) {
  if (range.keys.empty()) {
    return "Nothing(WHERE holds for no key)";
  }
  const bool arePoints = std::all_of(range.keys.begin(), range.keys.end(),
                                     [](const KeyRange& keys) { return keys.isPoint; });
  std::string text = arePoints          ? fmt::format("KeyLookup(keys={}", range.keys.size())
                     : !range.isWhole() ? fmt::format("KeyRange(ranges={}", range.keys.size())
                     : range.hasWindowBounds() ? "WindowScan("
                                               : "TableScan(";
  const auto add = [&](const std::string& part) {
    text += text.back() == '(' ? part : ", " + part;
  };
  const auto addBounds = [&](const char* name, int64_t low, int64_t high) {
    if (low != std::numeric_limits<int64_t>::min()) {
      add(fmt::format("{} >= {}", name, low));
    }
    if (high != std::numeric_limits<int64_t>::max()) {
      add(fmt::format("{} <= {}", name, high));
    }
  };
  addBounds("WINDOWSTART", range.minStart, range.maxStart);
  addBounds("WINDOWEND", range.minEnd, range.maxEnd);
  add("store=" + table.stores());
  return text + ")";
}

}  // namespace auspex::operators
