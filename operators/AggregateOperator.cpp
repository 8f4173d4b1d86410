// SPDX-License-Identifier: Apache-2.0
#include "operators/AggregateOperator.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "operators/data/RowCodec.h"
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

std::vector<SqlType> typesOf(const std::vector<SchemaColumn>& columns) {
  std::vector<SqlType> types;
  for (const SchemaColumn& column : columns) {
    types.push_back(column.type);
  }
  return types;
}

class AggregateOperator final : public Operator {
 public:
  AggregateOperator(const AggregateDescription& description, stateStore::KeyValueStore& store)
      : description_(description),
        store_(store),
        keyCodec_(typesOf(description.groupColumns)),
        rowCodec_(storedTypesOf(description.calls)),
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
    load(groups);
    makeSteps(groups);
    return groups.outputs.empty() ? Batch{} : aggregate(input, groups, context);
  }

 private:
  /// The group of each row's new or old side, or kNoGroup where there is none.
  std::vector<uint32_t> group(const Batch& input, bool oldSide, Arena& arena, DrawContext& context,
                              Groups& groups) {
    const std::span<const ColumnPtr> keyColumns = groupColumns(input, oldSide);
    std::vector<std::string_view> keys;
    keyCodec_.encodeRows(keyColumns, input.numRows, arena, keys);
    std::vector<uint32_t> groupOfRow(input.numRows, kNoGroup);
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (oldSide ? !input.isOldPresent(row) : !input.isPresent(row)) {
        continue;
      }
      const bool hasNull = std::any_of(keyColumns.begin(), keyColumns.end(),
                                       [row](const ColumnPtr& key) { return key->isNull(row); });
      if (hasNull) {
        // The old side has been reported when it was new.
        if (!oldSide) {
          context.errors.add(input.drawIndex[row], RowErrorKind::Expression,
                             description_.toString(), "a grouping column is NULL: row dropped");
        }
        continue;
      }
      const auto [entry, isNew] =
          groupIndex_.try_emplace(keys[row], static_cast<uint32_t>(groups.keys.size()));
      if (isNew) {
        groups.keys.push_back(keys[row]);
      }
      groupOfRow[row] = entry->second;
    }
    return groupOfRow;
  }

  std::span<const ColumnPtr> groupColumns(const Batch& input, bool oldSide) const {
    const std::vector<ColumnPtr>& columns = oldSide ? input.oldColumns : input.columns;
    return {columns.data(), description_.groupColumns.size()};
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

  void load(Groups& groups) {
    values_.assign(groups.keys.size(), std::nullopt);
    store_.getBatch(groups.keys, values_);
    std::vector<std::string_view> rows(groups.keys.size());
    groups.fresh.assign(groups.keys.size(), 0);
    // The store's views hold until the commit, but the new state may replace them sooner: copy.
    auto copies = std::make_shared<Arena>();
    for (size_t i = 0; i < rows.size(); ++i) {
      groups.fresh[i] = values_[i] ? 0 : 1;
      rows[i] = values_[i] ? copies->copy(*values_[i]) : std::string_view();
    }
    groups.stored = rowCodec_.decode(rows, copies);
  }

  Batch aggregate(const Batch& input, const Groups& groups, DrawContext& context) {
    AggregateCalls::Result result = calls_.run(input, groups, context.errors);
    return emit(input, groups, std::move(result.state), result.results, calls_.numStates());
  }

  Batch emit(const Batch& input, const Groups& groups, std::vector<ColumnPtr> newState,
             const std::vector<ColumnPtr>& results, size_t numStates) {
    const size_t numGroups = groups.keys.size();
    Batch output;
    output.numRows = groups.outputs.size();
    // Walk the outputs once: the group's timestamp so far, and its previous and last result.
    const auto stored = groups.stored.back()->values<int64_t>();
    std::vector<int64_t> groupTime(numGroups);
    std::vector<uint32_t> lastStep(numGroups, kNoRow);
    for (size_t g = 0; g < numGroups; ++g) {
      groupTime[g] = groups.fresh[g] != 0 ? std::numeric_limits<int64_t>::min() : stored[g];
    }
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
    for (const ColumnPtr& result : results) {
      output.columns.push_back(isEachStep ? result : gather(result, groups.outputs));
    }
    if (description_.emitOld) {
      addOldSide(output, groups, results, previous, numStates);
    }
    for (const ColumnPtr& result : results) {
      newState.push_back(gatherOrNull(result, lastStep));
    }
    newState.push_back(Column::make(SqlType::bigint(), std::move(groupTime)));
    save(groups, lastStep, newState);
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
    for (size_t key = 0; key < description_.groupColumns.size(); ++key) {
      if (input.carriesOld) {
        const ColumnPtr both[] = {input.columns[key], input.oldColumns[key]};
        output.columns.push_back(gather(concatenate(both), pick));
      } else {
        output.columns.push_back(gather(input.columns[key], pick));
      }
    }
  }

  /// The result before each output: that of the group's output before, else the stored one.
  void addOldSide(Batch& output, const Groups& groups, const std::vector<ColumnPtr>& results,
                  const std::vector<uint32_t>& previous, size_t numStates) const {
    output.carriesOld = true;
    output.oldPresent.resize(output.numRows);
    std::vector<uint32_t> pick(output.numRows);
    const auto numSteps = static_cast<uint32_t>(groups.steps.size());
    for (size_t i = 0; i < output.numRows; ++i) {
      const uint32_t g = groups.steps[groups.outputs[i]].group;
      output.oldPresent[i] = previous[i] != kNoRow || groups.fresh[g] == 0 ? 1 : 0;
      pick[i] = previous[i] != kNoRow ? previous[i] : numSteps + g;
    }
    const size_t numKeys = description_.groupColumns.size();
    output.oldColumns.assign(output.columns.begin(),
                             output.columns.begin() + static_cast<ptrdiff_t>(numKeys));
    for (size_t call = 0; call < results.size(); ++call) {
      const ColumnPtr both[] = {results[call], groups.stored[numStates + call]};
      output.oldColumns.push_back(gather(concatenate(both), pick));
    }
  }

  /// Stores the groups that anything has happened to.
  void save(const Groups& groups, const std::vector<uint32_t>& lastStep,
            const std::vector<ColumnPtr>& columns) {
    Arena arena(groups.keys.size() * 32);
    std::vector<std::string_view> rows;
    rowCodec_.encodeRows(columns, groups.keys.size(), arena, rows);
    for (size_t g = 0; g < groups.keys.size(); ++g) {
      if (lastStep[g] != kNoRow) {
        store_.put(groups.keys[g], rows[g]);
      }
    }
  }

  const AggregateDescription& description_;
  stateStore::KeyValueStore& store_;
  RowCodec keyCodec_;
  RowCodec rowCodec_;
  AggregateCalls calls_;
  std::unordered_map<std::string_view, uint32_t> groupIndex_;
  std::vector<std::optional<std::string_view>> values_;
};

}  // namespace

std::unique_ptr<Operator> AggregateDescription::create(TaskServices& services) const {
  return std::make_unique<AggregateOperator>(*this, services.store(store));
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
  return text + ", store=" + store + ")";
}

}  // namespace auspex::operators
