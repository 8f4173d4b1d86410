// SPDX-License-Identifier: Apache-2.0
// What all grouping operators share: the aggregates, and the rows that are stored of a group.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "operators/Operator.h"
#include "operators/expressions/Evaluator.h"
#include "operators/functions/AggregateFunction.h"

namespace auspex::operators {

struct AggregateCall {
  AggregateFunctionPtr function;
  std::vector<ExpressionPtr> arguments;  ///< over the columns in
  std::string text;                      ///< for people: SUM(AMOUNT)
};

/// Types of a stored row, in order: the functions' states, their results, the group's timestamp.
std::vector<SqlType> storedTypesOf(const std::vector<AggregateCall>& calls);

/// The groups of a draw and what happens to them, as AggregateInput has it.
struct GroupSteps {
  std::vector<ColumnPtr> stored;  ///< storedTypesOf(), a row per group
  std::vector<uint8_t> fresh;     ///< per group: nothing stored
  std::vector<AggregateStep> steps;
};

/// Runs all calls over the steps of a draw. One thread.
class AggregateCalls {
 public:
  explicit AggregateCalls(const std::vector<AggregateCall>& calls);

  struct Result {
    std::vector<ColumnPtr> state;    ///< after all steps, a row per group
    std::vector<ColumnPtr> results;  ///< per call, a row per step
  };
  Result run(const Batch& input, const GroupSteps& groups, RowErrors& errors);
  /// Where the results begin in a stored row.
  size_t numStates() const { return numStates_; }

 private:
  const std::vector<AggregateCall>& calls_;
  Evaluator arguments_;
  size_t numStates_ = 0;
};

}  // namespace auspex::operators
