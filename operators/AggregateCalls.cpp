// SPDX-License-Identifier: Apache-2.0
#include "operators/AggregateCalls.h"

#include <utility>

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

AggregateCalls::AggregateCalls(const std::vector<AggregateCall>& calls)
    : calls_(calls), arguments_(argumentsOf(calls)) {
  for (const AggregateCall& call : calls) {
    numStates_ += call.function->stateTypes().size();
  }
}

AggregateCalls::Result AggregateCalls::run(const Batch& input, const GroupSteps& groups,
                                           RowErrors& errors) {
  const std::vector<ColumnPtr> arguments =
      arguments_.evaluate(EvaluationInput::newSide(input), errors);
  std::vector<ColumnPtr> oldArguments;
  if (input.carriesOld) {
    RowErrors reportedBefore;
    oldArguments = arguments_.evaluate(EvaluationInput::oldSide(input), reportedBefore);
  }
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
    aggregateInput.arguments = std::span(arguments).subspan(firstArgument, numArguments);
    if (input.carriesOld) {
      aggregateInput.oldArguments = std::span(oldArguments).subspan(firstArgument, numArguments);
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

}  // namespace auspex::operators
