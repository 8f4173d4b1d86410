// SPDX-License-Identifier: Apache-2.0
#include "operators/AggregateOperator.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "operators/data/Arena.h"
#include "operators/expressions/NestedKernels.h"

namespace auspex::operators {
namespace {

constexpr uint32_t kNoGroup = std::numeric_limits<uint32_t>::max();

/// The groups that a draw touches, what happens to them, and what the store holds of them.
struct Groups : GroupSteps {
  std::vector<std::string_view> keys;
  std::vector<uint32_t> groupOfRow;     // per row of the batch, of its new side, or kNoGroup
  std::vector<uint32_t> oldGroupOfRow;  // of its old side; empty for streams
  std::vector<uint32_t> outputs;        // the steps after which the group is given out, ascending
};

class AggregateOperator final : public Operator {
 public:
  AggregateOperator(const AggregateDescription& description, stateStore::KeyValueStore& store)
      : description_(description),
        store_(store),
        keys_(description.groupColumns),
        calls_(description.calls) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    Arena arena(input.numRows * 32);
    Groups groups;
    groupIndex_.clear();
    groups.groupOfRow = group(input, false, arena, context, groups);
    if (input.carriesOld) {
      groups.oldGroupOfRow = group(input, true, arena, context, groups);
    }
    if (groups.keys.empty()) {
      return {};
    }
    calls_.load(store_, groups.keys, groups);
    makeSteps(groups);
    return groups.outputs.empty() ? Batch{} : aggregate(input, groups, context);
  }

 private:
  /// The group of each row's new or old side, or kNoGroup where there is none.
  std::vector<uint32_t> group(const Batch& input, bool oldSide, Arena& arena, DrawContext& context,
                              Groups& groups) {
    const auto keys = keys_.encode(input, oldSide, arena, context, description_);
    std::vector<uint32_t> groupOfRow(input.numRows, kNoGroup);
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (!keys[row]) {
        continue;
      }
      const auto [entry, isNew] =
          groupIndex_.try_emplace(*keys[row], static_cast<uint32_t>(groups.keys.size()));
      if (isNew) {
        groups.keys.push_back(*keys[row]);
      }
      groupOfRow[row] = entry->second;
    }
    return groupOfRow;
  }

  /// A row leaves the group of its old side, if that knows of it, then joins that of its new side;
  /// where both are the same the group is given out once.
  static void makeSteps(Groups& groups) {
    std::vector<uint8_t> known(groups.keys.size());
    for (size_t g = 0; g < known.size(); ++g) {
      known[g] = groups.fresh[g] == 0 ? 1 : 0;
    }
    const auto add = [&](AggregateStep::Kind kind, uint32_t group, uint32_t row, bool isOutput) {
      if (isOutput) {
        groups.outputs.push_back(static_cast<uint32_t>(groups.steps.size()));
      }
      groups.steps.push_back({kind, group, row});
    };
    for (uint32_t row = 0; row < groups.groupOfRow.size(); ++row) {
      const uint32_t joined = groups.groupOfRow[row];
      const uint32_t left = groups.oldGroupOfRow.empty() ? kNoGroup : groups.oldGroupOfRow[row];
      if (left != kNoGroup && known[left] != 0) {
        add(AggregateStep::Kind::Undo, left, row, left != joined);
      }
      if (joined != kNoGroup) {
        known[joined] = 1;
        add(AggregateStep::Kind::Add, joined, row, true);
      }
    }
  }

  Batch aggregate(const Batch& input, const Groups& groups, DrawContext& context) {
    AggregateCalls::Result result = calls_.run(input, groups, context.errors);
    Batch output;
    output.numRows = groups.outputs.size();
    // Walk the outputs once: the group's timestamp so far, and its previous and last result.
    std::vector<int64_t> groupTime = storedTimesOf(groups);
    std::vector<uint32_t> lastStep(groups.keys.size(), kNoRow);
    std::vector<uint32_t> previous(output.numRows);
    output.timestamps.resize(output.numRows);
    output.drawIndex.resize(output.numRows);
    for (size_t i = 0; i < output.numRows; ++i) {
      const AggregateStep& step = groups.steps[groups.outputs[i]];
      groupTime[step.group] = std::max(groupTime[step.group], input.timestamps[step.row]);
      output.timestamps[i] = groupTime[step.group];
      output.drawIndex[i] = input.drawIndex[step.row];
      previous[i] = std::exchange(lastStep[step.group], groups.outputs[i]);
    }
    addGroupColumns(output, input, groups);
    const bool isEachStep = groups.outputs.size() == groups.steps.size();
    for (const ColumnPtr& results : result.results) {
      output.columns.push_back(isEachStep ? results : gather(results, groups.outputs));
    }
    if (description_.emitOld) {
      addOldSide(output, groups, result, previous);
    }
    save(groups, lastStep, std::move(result), std::move(groupTime));
    return output;
  }

  /// The grouping columns of each output: of the row's old side when it has left the group.
  void addGroupColumns(Batch& output, const Batch& input, const Groups& groups) const {
    std::vector<uint32_t> pick(output.numRows);
    for (size_t i = 0; i < output.numRows; ++i) {
      const AggregateStep& step = groups.steps[groups.outputs[i]];
      const bool isOld = step.kind == AggregateStep::Kind::Undo;
      pick[i] = step.row + (isOld ? static_cast<uint32_t>(input.numRows) : 0);
    }
    for (size_t key = 0; key < keys_.numColumns(); ++key) {
      if (input.carriesOld) {
        const ColumnPtr both[] = {input.columns[key], input.oldColumns[key]};
        output.columns.push_back(gather(concatenate(both), pick));
      } else {
        output.columns.push_back(gather(input.columns[key], pick));
      }
    }
  }

  /// The result before each output: that of the group's output before, else the stored one.
  void addOldSide(Batch& output, const Groups& groups, const AggregateCalls::Result& result,
                  const std::vector<uint32_t>& previous) const {
    output.carriesOld = true;
    output.oldPresent.resize(output.numRows);
    std::vector<uint32_t> pick(output.numRows);
    const auto numSteps = static_cast<uint32_t>(groups.steps.size());
    for (size_t i = 0; i < output.numRows; ++i) {
      const uint32_t g = groups.steps[groups.outputs[i]].group;
      output.oldPresent[i] = previous[i] != kNoRow || groups.fresh[g] == 0 ? 1 : 0;
      pick[i] = previous[i] != kNoRow ? previous[i] : numSteps + g;
    }
    output.oldColumns.assign(output.columns.begin(),
                             output.columns.begin() + static_cast<ptrdiff_t>(keys_.numColumns()));
    for (size_t call = 0; call < result.results.size(); ++call) {
      output.oldColumns.push_back(gather(calls_.withStored(result, groups, call), pick));
    }
  }

  /// Stores the groups that anything has happened to.
  void save(const Groups& groups, const std::vector<uint32_t>& lastStep,
            AggregateCalls::Result result, std::vector<int64_t> times) {
    Arena arena(groups.keys.size() * 32);
    const std::vector<std::string_view> rows =
        calls_.encode(std::move(result), lastStep, std::move(times), arena);
    for (size_t g = 0; g < groups.keys.size(); ++g) {
      if (lastStep[g] != kNoRow) {
        store_.put(groups.keys[g], rows[g]);
      }
    }
  }

  const AggregateDescription& description_;
  stateStore::KeyValueStore& store_;
  GroupKeys keys_;
  AggregateCalls calls_;
  std::unordered_map<std::string_view, uint32_t> groupIndex_;
};

class AggregateTable final : public KeyedStateTable {
 public:
  explicit AggregateTable(const AggregateDescription& description)
      : KeyedStateTable(description.store),
        description_(description),
        groups_(description.groupColumns, description.calls) {}

  Batch decode(std::span<const StateRow> rows, const Owner& owner) const override {
    return groups_.decode(rows, false, owner);
  }
  std::vector<size_t> keyColumns() const override { return groups_.keyColumns(); }
  std::vector<SqlType> keyTypes() const override { return typesOf(description_.groupColumns); }

 private:
  const AggregateDescription& description_;
  StoredGroups groups_;
};

}  // namespace

std::unique_ptr<Operator> AggregateDescription::create(TaskServices& services) const {
  if (ttl > 0) {
    return makeExpiringAggregate(*this, services);
  }
  return std::make_unique<AggregateOperator>(*this, services.store(store));
}

std::unique_ptr<const StateTable> AggregateDescription::stateTable() const {
  return std::make_unique<AggregateTable>(*this);
}

std::string AggregateDescription::toString() const {
  std::string text = "Aggregate(by=[";
  for (size_t i = 0; i < groupColumns.size(); ++i) {
    text += (i == 0 ? "" : ", ") + groupColumns[i].name;
  }
  text += "], ";
  for (size_t i = 0; i < calls.size(); ++i) {
    text += (i == 0 ? "" : ", ") + calls[i].text;
  }
  if (ttl > 0) {
    text += fmt::format(", ttl={} ms", ttl);
  }
  return text + ", store=" + store + ")";
}

}  // namespace auspex::operators
