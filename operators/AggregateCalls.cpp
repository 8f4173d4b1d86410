// SPDX-License-Identifier: Apache-2.0
#include "operators/AggregateCalls.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "operators/data/Arena.h"
#include "operators/expressions/NestedKernels.h"

namespace auspex::operators {
namespace {

std::vector<ExpressionPtr> argumentsOf(const std::vector<AggregateCall>& calls) {
  std::vector<ExpressionPtr> arguments;
  for (const AggregateCall& call : calls) {
    arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
  }
  return arguments;
}

}  // namespace

std::vector<SqlType> storedTypesOf(const std::vector<AggregateCall>& calls) {
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

std::vector<std::optional<std::string_view>> GroupKeys::encode(
    const Batch& input, bool oldSide, Arena& arena, DrawContext& context,
    const OperatorDescription& place) const {
  const std::vector<ColumnPtr>& all = oldSide ? input.oldColumns : input.columns;
  const std::span<const ColumnPtr> columns(all.data(), numColumns_);
  std::vector<std::string_view> rows;
  codec_.encodeRows(columns, input.numRows, arena, rows);
  std::vector<std::optional<std::string_view>> keys(input.numRows);
  for (size_t row = 0; row < input.numRows; ++row) {
    if (oldSide ? !input.isOldPresent(row) : !input.isPresent(row)) {
      continue;
    }
    const bool hasNull = std::any_of(columns.begin(), columns.end(),
                                     [row](const ColumnPtr& key) { return key->isNull(row); });
    if (!hasNull) {
      keys[row] = rows[row];
    } else if (!oldSide) {
      context.errors.add(input.drawIndex[row], RowErrorKind::Expression, place.toString(),
                         "a grouping column is NULL: row dropped");
    }
  }
  return keys;
}

AggregateCalls::AggregateCalls(const std::vector<AggregateCall>& calls)
    : calls_(calls), codec_(storedTypesOf(calls)), arguments_(argumentsOf(calls)) {
  for (const AggregateCall& call : calls) {
    numStates_ += call.function->stateTypes().size();
  }
}

void AggregateCalls::load(stateStore::KeyValueStore& store, std::span<const std::string_view> keys,
                          GroupSteps& groups) const {
  std::vector<std::optional<std::string_view>> values(keys.size());
  store.getBatch(keys, values);
  std::vector<std::string_view> rows(keys.size());
  groups.fresh.assign(keys.size(), 0);
  // The store's views hold until the commit, but the new state may replace them sooner: copy.
  const auto copies = std::make_shared<Arena>();
  for (size_t i = 0; i < rows.size(); ++i) {
    groups.fresh[i] = values[i] ? 0 : 1;
    rows[i] = values[i] ? copies->copy(*values[i]) : std::string_view();
  }
  groups.stored = codec_.decode(rows, copies);
}

ColumnPtr AggregateCalls::withStored(const Result& result, const GroupSteps& groups,
                                     size_t call) const {
  const ColumnPtr both[] = {result.results[call], resultOf(groups.stored, call)};
  return concatenate(both);
}

std::vector<std::string_view> AggregateCalls::encode(Result result,
                                                     const std::vector<uint32_t>& lastStep,
                                                     std::vector<int64_t> times,
                                                     Arena& arena) const {
  const size_t numGroups = times.size();
  std::vector<ColumnPtr> columns = std::move(result.state);
  for (const ColumnPtr& results : result.results) {
    columns.push_back(gatherOrNull(results, lastStep));
  }
  columns.push_back(Column::make(SqlType::bigint(), std::move(times)));
  std::vector<std::string_view> rows;
  codec_.encodeRows(columns, numGroups, arena, rows);
  return rows;
}

std::vector<int64_t> storedTimesOf(const GroupSteps& groups) {
  const auto stored = groups.stored.back()->values<int64_t>();
  std::vector<int64_t> times(groups.fresh.size());
  for (size_t i = 0; i < times.size(); ++i) {
    times[i] = groups.fresh[i] != 0 ? std::numeric_limits<int64_t>::min() : stored[i];
  }
  return times;
}

AggregateCalls::Result AggregateCalls::run(const Batch& input, const GroupSteps& groups,
                                           RowErrors& errors) {
  const Evaluator::Sides arguments = arguments_.evaluateSides(input, errors);
  Result result;
  size_t firstArgument = 0;
  size_t firstState = 0;
  for (const AggregateCall& call : calls_) {
    const size_t numArguments = call.arguments.size();
    const size_t numStates = call.function->stateTypes().size();
    AggregateInput aggregateInput;
    aggregateInput.numGroups = groups.fresh.size();
    aggregateInput.state = std::span(groups.stored).subspan(firstState, numStates);
    aggregateInput.fresh = groups.fresh;
    aggregateInput.arguments = std::span(arguments.now).subspan(firstArgument, numArguments);
    if (input.carriesOld) {
      aggregateInput.oldArguments = std::span(arguments.old).subspan(firstArgument, numArguments);
    }
    aggregateInput.steps = groups.steps;
    AggregateOutput output = call.function->run(aggregateInput);
    result.state.insert(result.state.end(), output.state.begin(), output.state.end());
    result.results.push_back(std::move(output.results));
    firstArgument += numArguments;
    firstState += numStates;
  }
  return result;
}

Batch StoredGroups::decode(std::span<const StateRow> rows, bool windowed,
                           const Owner& owner) const {
  std::vector<std::string_view> keys;
  std::vector<std::string_view> values;
  std::vector<int64_t> starts;
  std::vector<int64_t> ends;
  for (const StateRow& row : rows) {
    keys.push_back(row.key);
    values.push_back(row.values[0]);
    starts.push_back(row.window.start);
    ends.push_back(row.window.end);
  }
  Batch batch;
  batch.columns = keys_.decode(keys, owner);
  if (windowed) {
    batch.columns.push_back(Column::make(SqlType::bigint(), std::move(starts)));
    batch.columns.push_back(Column::make(SqlType::bigint(), std::move(ends)));
  }
  const std::vector<ColumnPtr> stored = calls_.decode(values, owner);
  for (size_t call = 0; call < numCalls_; ++call) {
    batch.columns.push_back(calls_.resultOf(stored, call));
  }
  const auto times = stored.back()->values<int64_t>();
  batch.timestamps.assign(times.begin(), times.end());
  return batch;
}

std::vector<size_t> StoredGroups::keyColumns() const {
  std::vector<size_t> columns(keys_.numColumns());
  for (size_t i = 0; i < columns.size(); ++i) {
    columns[i] = i;
  }
  return columns;
}

}  // namespace auspex::operators
