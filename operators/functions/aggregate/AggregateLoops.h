// SPDX-License-Identifier: Apache-2.0
// What aggregates share: their types, reading states of a plain type, walking the steps.
#pragma once

#include <cstdlib>
#include <utility>
#include <vector>

#include "operators/expressions/PhysicalTypes.h"
#include "operators/functions/AggregateFunction.h"

namespace auspex::operators {

/// Keeps what every aggregate has to answer.
class TypedAggregate : public AggregateFunction {
 public:
  TypedAggregate(std::vector<SqlType> stateTypes, SqlType resultType, bool canUndo)
      : stateTypes_(std::move(stateTypes)), resultType_(std::move(resultType)), canUndo_(canUndo) {}

  const std::vector<SqlType>& stateTypes() const final { return stateTypes_; }
  const SqlType& resultType() const final { return resultType_; }
  bool canUndo() const final { return canUndo_; }

 private:
  std::vector<SqlType> stateTypes_;
  SqlType resultType_;
  bool canUndo_;
};

/// What an aggregate that keeps values themselves works on: one column of the arguments, the old
/// ones and the elements of the stored ARRAY or MAP keys, so that a value is a row of it.
struct ValuePool {
  ColumnPtr column;
  uint32_t oldBegin = 0;     ///< where the old arguments begin
  uint32_t storedBegin = 0;  ///< where the elements of state column 0 begin
};

inline ValuePool makeValuePool(const AggregateInput& input) {
  ValuePool pool;
  std::vector<ColumnPtr> parts{input.arguments[0]};
  pool.oldBegin = static_cast<uint32_t>(parts[0]->size());
  pool.storedBegin = pool.oldBegin;
  if (!input.oldArguments.empty()) {
    parts.push_back(input.oldArguments[0]);
    pool.storedBegin += static_cast<uint32_t>(parts[1]->size());
  }
  if (!input.state.empty()) {
    parts.push_back(input.state[0]->children()[0]);
  }
  pool.column = parts.size() == 1 ? parts[0] : concatenate(parts);
  return pool;
}

/// The values of state column `index` by group; fresh groups get `initial`.
template <typename T>
std::vector<T> loadState(const AggregateInput& input, size_t index, T initial) {
  std::vector<T> values(input.numGroups, initial);
  if (input.state.empty()) {
    return values;
  }
  const Column& column = *input.state[index];
  const std::span<const T> stored = column.values<T>();
  for (size_t group = 0; group < input.numGroups; ++group) {
    if (input.fresh[group] == 0 && !column.isNull(group)) {
      values[group] = stored[group];
    }
  }
  return values;
}

/// Which groups have a value in state column `index`.
inline std::vector<uint8_t> loadPresence(const AggregateInput& input, size_t index) {
  std::vector<uint8_t> present(input.numGroups, 0);
  for (size_t group = 0; group < input.numGroups && !input.state.empty(); ++group) {
    present[group] = input.fresh[group] == 0 && !input.state[index]->isNull(group) ? 1 : 0;
  }
  return present;
}

/// The argument of the step's side: new for Add, old for Undo.
inline const Column& argumentOf(const AggregateInput& input, const AggregateStep& step,
                                size_t index) {
  const bool isUndo = step.kind == AggregateStep::Kind::Undo;
  AUSPEX_ASSERT(!isUndo || index < input.oldArguments.size());
  return isUndo ? *input.oldArguments[index] : *input.arguments[index];
}

/// For aggregates without undo: planning has refused them over tables, so this is a bug.
[[noreturn]] inline void refuseUndo() {
  const bool undoIsPossible = false;
  AUSPEX_ASSERT(undoIsPossible);
  std::abort();
}

/// Walks the steps of an aggregate whose state of a group is one T. Rows with a NULL argument
/// change nothing. add(state, value), undo(state, value), merge(state, other), result(state).
template <typename State, typename Argument, typename Result, typename Add, typename Undo,
          typename Merge, typename Finish>
std::vector<Result> walkSteps(const AggregateInput& input, std::vector<State>& states, Add add,
                              Undo undo, Merge merge, Finish finish) {
  std::vector<Result> results(input.steps.size());
  const Argument* const added =
      input.arguments.empty() ? nullptr : input.arguments[0]->values<Argument>().data();
  const Argument* const undone =
      input.oldArguments.empty() ? nullptr : input.oldArguments[0]->values<Argument>().data();
  for (size_t i = 0; i < input.steps.size(); ++i) {
    const AggregateStep& step = input.steps[i];
    State& state = states[step.group];
    switch (step.kind) {
      case AggregateStep::Kind::Add:
        if (!input.arguments[0]->isNull(step.row)) {
          add(state, added[step.row]);
        }
        break;
      case AggregateStep::Kind::Undo:
        AUSPEX_ASSERT(undone != nullptr);
        if (!input.oldArguments[0]->isNull(step.row)) {
          undo(state, undone[step.row]);
        }
        break;
      case AggregateStep::Kind::Merge:
        merge(state, states[step.row]);
        break;
    }
    results[i] = finish(state);
  }
  return results;
}

}  // namespace auspex::operators
