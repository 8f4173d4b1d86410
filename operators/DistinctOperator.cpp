// SPDX-License-Identifier: Apache-2.0
#include "operators/DistinctOperator.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "operators/EndedEntries.h"
#include "operators/StreamTime.h"
#include "operators/data/Arena.h"
#include "operators/data/ClampedAdd.h"
#include "operators/data/KeyCodec.h"
#include "operators/data/RowCodec.h"
#include "operators/expressions/NestedKernels.h"

namespace auspex::operators {
namespace {

std::vector<std::string_view> encodedRows(const KeyCodec& codec,
                                          const std::vector<ColumnPtr>& columns, size_t numRows,
                                          Arena& arena) {
  std::vector<std::string_view> keys;
  codec.encodeRows(columns, numRows, arena, keys);
  return keys;
}

/// Rows of a stream, by a store.
class DistinctRows final : public Operator {
 public:
  DistinctRows(const DistinctDescription& description, stateStore::KeyValueStore& store,
               int64_t maxTimeStep)
      : description_(description),
        store_(store),
        codec_(description.types),
        time_(store, maxTimeStep) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    Arena arena(input.numRows * 32);
    std::vector<std::string_view> keys = encodedRows(codec_, input.columns, input.numRows, arena);
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (input.isPresent(row)) {
        rows.push_back(row);
      }
    }
    if (description_.window) {
      time_.begin();
      rows = intoWindows(input, rows, keys, arena, context);
      time_.end();
    }
    const std::vector<uint32_t> first = takeFirst(rows, keys);
    if (description_.window) {
      expire();
    }
    return first.size() == input.numRows ? std::move(input) : gatherRows(input, first);
  }

 private:
  int64_t closeOf(int64_t start) const {
    return addClamped(addClamped(start, description_.window->size), description_.window->grace);
  }

  /// Puts the start of its window before each key; returns the rows whose windows are not over.
  std::vector<uint32_t> intoWindows(const Batch& input, const std::vector<uint32_t>& rows,
                                    std::vector<std::string_view>& keys, Arena& arena,
                                    DrawContext& context) {
    std::vector<uint32_t> inTime;
    for (const uint32_t row : rows) {
      const int64_t timestamp = input.timestamps[row];
      time_.advance(timestamp);
      const int64_t start = timestamp - timestamp % description_.window->size;
      // No window begins before 1970.
      if (timestamp < 0 || closeOf(start) <= time_.now()) {
        context.errors.add(input.drawIndex[row], RowErrorKind::Expression, description_.toString(),
                           "the row is later than its window's end and grace period: dropped");
        continue;
      }
      std::string text;
      appendOrdered(text, start);
      text += keys[row];
      keys[row] = arena.copy(text);
      inTime.push_back(row);
    }
    return inTime;
  }

  /// The rows whose keys neither the store knows nor an earlier row has had; the store knows them
  /// then.
  std::vector<uint32_t> takeFirst(const std::vector<uint32_t>& rows,
                                  const std::vector<std::string_view>& keys) {
    std::vector<std::string_view> wanted;
    for (const uint32_t row : rows) {
      wanted.push_back(keys[row]);
    }
    std::vector<std::optional<std::string_view>> found(wanted.size());
    store_.getBatch(wanted, found);
    std::vector<uint32_t> first;
    seen_.clear();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!found[i] && seen_.insert(wanted[i]).second) {
        first.push_back(rows[i]);
      }
    }
    for (const std::string_view key : seen_) {
      store_.put(key, "");
      if (description_.window) {
        firstStart_ = std::min(firstStart_, readOrdered(key));
      }
    }
    return first;
  }

  void expire() {
    if (closeOf(firstStart_) > time_.now()) {
      return;
    }
    std::string begin;
    appendOrdered(begin, firstStart_);
    std::vector<std::string> ended;
    firstStart_ = visitEnded(
        store_, begin, std::nullopt, 0,
        [&](int64_t start) { return closeOf(start) <= time_.now(); },
        [&](std::string_view key, int64_t) { ended.emplace_back(key); });
    for (const std::string& key : ended) {
      store_.erase(key);
    }
  }

  const DistinctDescription& description_;
  stateStore::KeyValueStore& store_;
  KeyCodec codec_;
  StreamTime time_;
  int64_t firstStart_ = INT64_MIN;             // no stored window begins earlier; unknown at first
  std::unordered_set<std::string_view> seen_;  // of one draw
};

/// Rows that were read back from state: the same, without a store.
class DistinctReadRows final : public Operator {
 public:
  explicit DistinctReadRows(const DistinctDescription& description) : codec_(description.types) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    Arena arena(input.numRows * 32);
    const auto keys = encodedRows(codec_, input.columns, input.numRows, arena);
    std::vector<uint32_t> first;
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (seen_.emplace(keys[row]).second) {
        first.push_back(row);
      }
    }
    return gatherRows(input, first);
  }

 private:
  KeyCodec codec_;
  std::unordered_set<std::string> seen_;
};

class DistinctChanges final : public Operator {
 public:
  explicit DistinctChanges(const DistinctDescription& description) : codec_(description.types) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    Batch& input = inputs[0];
    if (input.numRows == 0 || !input.carriesOld) {
      return std::move(input);
    }
    Arena arena(input.numRows * 64);
    const auto now = encodedRows(codec_, input.columns, input.numRows, arena);
    const auto before = encodedRows(codec_, input.oldColumns, input.numRows, arena);
    std::vector<uint32_t> altered;
    for (uint32_t row = 0; row < input.numRows; ++row) {
      const bool isThere = input.isPresent(row);
      if (isThere != input.isOldPresent(row) || (isThere && now[row] != before[row])) {
        altered.push_back(row);
      }
    }
    return altered.size() == input.numRows ? std::move(input) : gatherRows(input, altered);
  }

 private:
  KeyCodec codec_;
};

/// How many rows of a table have the same values.
struct ValueCount {
  int64_t count = 0;
  int64_t time = 0;  // since when there are some
  bool isChanged = false;
};

class DistinctValues final : public Operator {
 public:
  DistinctValues(const DistinctDescription& description, stateStore::KeyValueStore& store)
      : store_(store), keys_(description.types), rows_(DistinctDescription::storedTypes()) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    Arena arena(input.numRows * 64);
    const auto now = encodedRows(keys_, input.columns, input.numRows, arena);
    std::vector<std::string_view> before;
    if (input.carriesOld) {
      before = encodedRows(keys_, input.oldColumns, input.numRows, arena);
    }
    load(input, now, before);
    Batch output;
    std::vector<uint32_t> pick;  // new sides, and behind those the old ones
    const auto count = [&](std::string_view key, uint32_t row, bool isOld) {
      ValueCount& values = counts_[key];
      values.isChanged = true;
      values.count += isOld ? -1 : 1;
      if (values.count == (isOld ? 0 : 1)) {
        values.time = input.timestamps[row];
        pick.push_back(row + (isOld ? static_cast<uint32_t>(input.numRows) : 0));
        output.present.push_back(isOld ? 0 : 1);
        output.oldPresent.push_back(isOld ? 1 : 0);
        output.timestamps.push_back(input.timestamps[row]);
        output.drawIndex.push_back(input.drawIndex[row]);
      }
    };
    for (uint32_t row = 0; row < input.numRows; ++row) {
      const bool isThere = input.isPresent(row);
      const bool wasThere = input.isOldPresent(row);
      if (isThere && wasThere && now[row] == before[row]) {
        continue;
      }
      if (wasThere) {
        count(before[row], row, true);
      }
      if (isThere) {
        count(now[row], row, false);
      }
    }
    save();
    addColumns(output, input, pick);
    return output;
  }

 private:
  void load(const Batch& input, const std::vector<std::string_view>& now,
            const std::vector<std::string_view>& before) {
    counts_.clear();
    for (size_t row = 0; row < input.numRows; ++row) {
      if (input.isPresent(row)) {
        counts_.try_emplace(now[row]);
      }
      if (input.isOldPresent(row)) {
        counts_.try_emplace(before[row]);
      }
    }
    std::vector<std::string_view> keys;
    for (const auto& [key, values] : counts_) {
      keys.push_back(key);
    }
    std::vector<std::optional<std::string_view>> found(keys.size());
    store_.getBatch(keys, found);
    std::vector<std::string_view> stored;
    std::vector<ValueCount*> places;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (found[i]) {
        stored.push_back(*found[i]);
        places.push_back(&counts_[keys[i]]);
      }
    }
    const std::vector<ColumnPtr> columns = rows_.decode(stored, nullptr);
    for (size_t i = 0; i < places.size(); ++i) {
      places[i]->count = columns[0]->values<int64_t>()[i];
      places[i]->time = columns[1]->values<int64_t>()[i];
    }
  }

  void save() {
    std::vector<std::string_view> keys;
    std::vector<int64_t> numbers;
    std::vector<int64_t> times;
    for (const auto& [key, values] : counts_) {
      if (values.isChanged && values.count > 0) {
        keys.push_back(key);
        numbers.push_back(values.count);
        times.push_back(values.time);
      } else if (values.isChanged) {
        store_.erase(key);
      }
    }
    const ColumnPtr columns[] = {Column::make(SqlType::bigint(), std::move(numbers)),
                                 Column::make(SqlType::bigint(), std::move(times))};
    Arena arena(keys.size() * 32);
    std::vector<std::string_view> stored;
    rows_.encodeRows(columns, keys.size(), arena, stored);
    for (size_t i = 0; i < keys.size(); ++i) {
      store_.put(keys[i], stored[i]);
    }
  }

  static void addColumns(Batch& output, const Batch& input, const std::vector<uint32_t>& pick) {
    output.numRows = pick.size();
    output.carriesOld = true;
    for (size_t i = 0; i < input.columns.size(); ++i) {
      const ColumnPtr both[] = {input.columns[i],
                                input.carriesOld ? input.oldColumns[i] : input.columns[i]};
      output.columns.push_back(gather(concatenate(both), pick));
    }
    output.oldColumns = output.columns;
  }

  stateStore::KeyValueStore& store_;
  KeyCodec keys_;
  RowCodec rows_;
  std::unordered_map<std::string_view, ValueCount> counts_;  // of one draw
};

class DistinctTable final : public KeyedStateTable {
 public:
  explicit DistinctTable(const DistinctDescription& description)
      : KeyedStateTable(description.store),
        keys_(description.types),
        rows_(DistinctDescription::storedTypes()) {}

  Batch decode(std::span<const StateRow> rows, const Owner& owner) const override {
    std::vector<std::string_view> keys;
    std::vector<std::string_view> values;
    for (const StateRow& row : rows) {
      keys.push_back(row.key);
      values.push_back(row.values[0]);
    }
    Batch batch;
    batch.columns = keys_.decode(keys, owner);
    const std::vector<ColumnPtr> stored = rows_.decode(values, owner);
    const auto times = stored[1]->values<int64_t>();
    batch.timestamps.assign(times.begin(), times.end());
    return batch;
  }
  std::vector<size_t> keyColumns() const override {
    std::vector<size_t> columns(keys_.types().size());
    for (size_t i = 0; i < columns.size(); ++i) {
      columns[i] = i;
    }
    return columns;
  }
  std::vector<SqlType> keyTypes() const override { return keys_.types(); }

 private:
  KeyCodec keys_;
  RowCodec rows_;
};

}  // namespace

std::vector<SqlType> DistinctDescription::storedTypes() {
  return {SqlType::bigint(), SqlType::bigint()};
}

std::unique_ptr<Operator> DistinctDescription::create(TaskServices& services) const {
  switch (kind) {
    case DistinctKind::Changes:
      return std::make_unique<DistinctChanges>(*this);
    case DistinctKind::Values:
      return std::make_unique<DistinctValues>(*this, services.store(store));
    case DistinctKind::Rows:
      break;
  }
  if (store.empty()) {
    return std::make_unique<DistinctReadRows>(*this);
  }
  return std::make_unique<DistinctRows>(*this, services.store(store), services.maxTimeStep());
}

std::string DistinctDescription::toString() const {
  constexpr const char* kNames[] = {"rows", "changes", "values"};
  std::string text = fmt::format("Distinct({}", kNames[static_cast<size_t>(kind)]);
  if (window) {
    text += fmt::format(", TUMBLING {} ms, grace={} ms", window->size, window->grace);
  }
  return text + (store.empty() ? ")" : fmt::format(", store={})", store));
}

std::unique_ptr<const StateTable> DistinctDescription::stateTable() const {
  return kind == DistinctKind::Values ? std::make_unique<DistinctTable>(*this) : nullptr;
}

}  // namespace auspex::operators
