// SPDX-License-Identifier: Apache-2.0
#include "operators/AggregateOperator.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "operators/data/RowCodec.h"
#include "operators/expressions/Evaluator.h"

namespace auspex::operators {
namespace {

/// The groups that a draw touches: which row belongs to which, and what the store holds of them.
struct Groups {
  std::vector<uint32_t> rows;        // rows of the batch that take part, ascending
  std::vector<uint32_t> groupOfRow;  // parallel to rows
  std::vector<uint32_t> firstRow;    // per group
  std::vector<std::string_view> keys;
  std::vector<ColumnPtr> stored;  // storedTypes(), a row per group
  std::vector<uint8_t> fresh;     // per group: nothing stored
};

std::vector<SqlType> typesOf(const std::vector<SchemaColumn>& columns) {
  std::vector<SqlType> types;
  for (const SchemaColumn& column : columns) {
    types.push_back(column.type);
  }
  return types;
}

std::vector<ExpressionPtr> argumentsOf(const std::vector<AggregateCall>& calls) {
  std::vector<ExpressionPtr> arguments;
  for (const AggregateCall& call : calls) {
    arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
  }
  return arguments;
}

class AggregateOperator final : public Operator {
 public:
  AggregateOperator(const AggregateDescription& description, stateStore::KeyValueStore& store)
      : description_(description),
        store_(store),
        keyCodec_(typesOf(description.groupColumns)),
        rowCodec_(description.storedTypes()),
        arguments_(argumentsOf(description.calls)) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    Arena arena(input.numRows * 32);
    Groups groups = group(input, arena, context);
    if (groups.rows.empty()) {
      return {};
    }
    load(groups);
    return aggregate(input, groups, context);
  }

 private:
  Groups group(const Batch& input, Arena& arena, DrawContext& context) {
    Groups groups;
    const size_t numKeys = description_.groupColumns.size();
    const std::span<const ColumnPtr> keyColumns(input.columns.data(), numKeys);
    std::vector<std::string_view> keys;
    keyCodec_.encodeRows(keyColumns, input.numRows, arena, keys);
    groupIndex_.clear();
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (!input.isPresent(row)) {
        continue;
      }
      const bool hasNull = std::any_of(keyColumns.begin(), keyColumns.end(),
                                       [row](const ColumnPtr& key) { return key->isNull(row); });
      if (hasNull) {
        context.errors.add(input.drawIndex[row], RowErrorKind::Expression, description_.toString(),
                           "a grouping column is NULL: row dropped");
        continue;
      }
      const auto [entry, isNew] =
          groupIndex_.try_emplace(keys[row], static_cast<uint32_t>(groups.keys.size()));
      if (isNew) {
        groups.keys.push_back(keys[row]);
        groups.firstRow.push_back(row);
      }
      groups.rows.push_back(row);
      groups.groupOfRow.push_back(entry->second);
    }
    return groups;
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
    const std::vector<ColumnPtr> arguments =
        arguments_.evaluate(EvaluationInput::newSide(input), context.errors);
    std::vector<AggregateStep> steps(groups.rows.size());
    for (size_t i = 0; i < steps.size(); ++i) {
      steps[i] = {AggregateStep::Kind::Add, groups.groupOfRow[i], groups.rows[i]};
    }
    std::vector<ColumnPtr> newState;
    std::vector<ColumnPtr> results;
    size_t firstArgument = 0;
    size_t firstState = 0;
    for (const AggregateCall& call : description_.calls) {
      AggregateInput aggregateInput;
      aggregateInput.numGroups = groups.keys.size();
      aggregateInput.state =
          std::span(groups.stored).subspan(firstState, call.function->stateTypes().size());
      aggregateInput.fresh = groups.fresh;
      aggregateInput.arguments = std::span(arguments).subspan(firstArgument, call.arguments.size());
      aggregateInput.steps = steps;
      AggregateOutput output = call.function->run(aggregateInput);
      newState.insert(newState.end(), output.state.begin(), output.state.end());
      results.push_back(std::move(output.results));
      firstArgument += call.arguments.size();
      firstState += call.function->stateTypes().size();
    }
    return emit(input, groups, std::move(newState), results, firstState);
  }

  Batch emit(const Batch& input, const Groups& groups, std::vector<ColumnPtr> newState,
             const std::vector<ColumnPtr>& results, size_t numStates) {
    const size_t numGroups = groups.keys.size();
    Batch output;
    output.numRows = groups.rows.size();
    // Walk the rows once: the group's timestamp so far, and its previous and last result.
    const auto stored = groups.stored.back()->values<int64_t>();
    std::vector<int64_t> groupTime(numGroups);
    std::vector<uint32_t> lastStep(numGroups, kNone);
    for (size_t g = 0; g < numGroups; ++g) {
      groupTime[g] = groups.fresh[g] != 0 ? std::numeric_limits<int64_t>::min() : stored[g];
    }
    std::vector<uint32_t> previous(output.numRows);
    output.timestamps.resize(output.numRows);
    output.drawIndex.resize(output.numRows);
    for (uint32_t i = 0; i < output.numRows; ++i) {
      const uint32_t g = groups.groupOfRow[i];
      groupTime[g] = std::max(groupTime[g], input.timestamps[groups.rows[i]]);
      output.timestamps[i] = groupTime[g];
      output.drawIndex[i] = input.drawIndex[groups.rows[i]];
      previous[i] = std::exchange(lastStep[g], i);
    }
    for (size_t key = 0; key < description_.groupColumns.size(); ++key) {
      output.columns.push_back(gather(input.columns[key], groups.rows));
    }
    output.columns.insert(output.columns.end(), results.begin(), results.end());
    if (description_.emitOld) {
      addOldSide(output, groups, results, previous, numStates);
    }
    for (const ColumnPtr& result : results) {
      newState.push_back(gather(result, lastStep));
    }
    newState.push_back(Column::make(SqlType::bigint(), std::move(groupTime)));
    save(groups, newState);
    return output;
  }

  /// The result before each step: the previous step's of the group, else the stored one.
  void addOldSide(Batch& output, const Groups& groups, const std::vector<ColumnPtr>& results,
                  const std::vector<uint32_t>& previous, size_t numStates) const {
    output.carriesOld = true;
    output.oldPresent.resize(output.numRows);
    std::vector<uint32_t> pick(output.numRows);
    const auto numSteps = static_cast<uint32_t>(output.numRows);
    for (uint32_t i = 0; i < numSteps; ++i) {
      const uint32_t g = groups.groupOfRow[i];
      output.oldPresent[i] = previous[i] != kNone || groups.fresh[g] == 0 ? 1 : 0;
      pick[i] = previous[i] != kNone ? previous[i] : numSteps + g;
    }
    const size_t numKeys = description_.groupColumns.size();
    output.oldColumns.assign(output.columns.begin(),
                             output.columns.begin() + static_cast<ptrdiff_t>(numKeys));
    for (size_t call = 0; call < results.size(); ++call) {
      const ColumnPtr both[] = {results[call], groups.stored[numStates + call]};
      output.oldColumns.push_back(gather(concatenate(both), pick));
    }
  }

  void save(const Groups& groups, const std::vector<ColumnPtr>& columns) {
    Arena arena(groups.keys.size() * 32);
    std::vector<std::string_view> rows;
    rowCodec_.encodeRows(columns, groups.keys.size(), arena, rows);
    for (size_t g = 0; g < groups.keys.size(); ++g) {
      store_.put(groups.keys[g], rows[g]);
    }
  }

  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  const AggregateDescription& description_;
  stateStore::KeyValueStore& store_;
  RowCodec keyCodec_;
  RowCodec rowCodec_;
  Evaluator arguments_;
  std::unordered_map<std::string_view, uint32_t> groupIndex_;
  std::vector<std::optional<std::string_view>> values_;
};

}  // namespace

std::vector<SqlType> AggregateDescription::storedTypes() const {
  std::vector<SqlType> types;
  for (const AggregateCall& call : calls) {
    const auto& state = call.function->stateTypes();
    types.insert(types.end(), state.begin(), state.end());
  }
  for (const AggregateCall& call : calls) {
    types.push_back(call.function->resultType());
  }
  types.push_back(SqlType::bigint());
  return types;
}

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
