// SPDX-License-Identifier: Apache-2.0
// A value of the row in which another one is extreme: ARG_MAX, ARG_MIN, and by time LATEST_BY_TIME
// and EARLIEST_BY_TIME, which late rows do not mislead. Rows cannot leave again.
#include <fmt/format.h>

#include <array>

#include "operators/expressions/NestedKernels.h"
#include "operators/expressions/RowOrder.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/aggregate/AggregateLoops.h"

namespace auspex::operators {

namespace {

struct ArgumentRule {
  bool isMaximum = true;
  bool takesTies = false;    ///< of equally extreme rows the last one counts, not the first
  bool ignoresNull = false;  ///< rows whose value is NULL do not count
};

/// State: the value and what it is chosen by, NULL without a row. Within a call a group's row is
/// one of a pool of the arguments and the stored rows.
class ArgumentAggregate final : public TypedAggregate {
 public:
  ArgumentAggregate(const SqlType& value, const SqlType& by, const ArgumentRule& rule)
      : TypedAggregate({value, by}, value, false), rule_(rule) {}

  AggregateOutput run(const AggregateInput& input) const override {
    const auto numArguments = static_cast<uint32_t>(input.arguments[0]->size());
    const std::array<ColumnPtr, 2> pool = {poolOf(input, 0), poolOf(input, 1)};
    std::vector<uint32_t> best(input.numGroups, kNoRow);
    for (uint32_t group = 0; group < best.size() && !input.state.empty(); ++group) {
      if (input.fresh[group] == 0 && !input.state[1]->isNull(group)) {
        best[group] = numArguments + group;
      }
    }
    std::vector<uint32_t> results;
    for (const AggregateStep& step : input.steps) {
      switch (step.kind) {
        case AggregateStep::Kind::Add:
          take(step.row, pool, best[step.group]);
          break;
        case AggregateStep::Kind::Undo:
          refuseUndo();
        case AggregateStep::Kind::Merge:
          if (best[step.row] != kNoRow) {
            take(best[step.row], pool, best[step.group]);
          }
          break;
      }
      results.push_back(best[step.group]);
    }
    return {{gatherOrNull(pool[0], best), gatherOrNull(pool[1], best)},
            gatherOrNull(pool[0], results)};
  }

 private:
  static ColumnPtr poolOf(const AggregateInput& input, size_t index) {
    if (input.state.empty()) {
      return input.arguments[index];
    }
    const ColumnPtr both[] = {input.arguments[index], input.state[index]};
    return concatenate(both);
  }

  void take(uint32_t row, const std::array<ColumnPtr, 2>& pool, uint32_t& best) const {
    if (pool[1]->isNull(row) || (rule_.ignoresNull && pool[0]->isNull(row))) {
      return;
    }
    if (best != kNoRow) {
      const int order = compareRows(*pool[1], row, *pool[1], best);
      const bool isBetter = rule_.isMaximum ? order > 0 : order < 0;
      if (!isBetter && !(order == 0 && rule_.takesTies)) {
        return;
      }
    }
    best = row;
  }

  ArgumentRule rule_;
};

template <bool isMaximum>
AggregateFunctionPtr makeArgument(std::span<const SqlType> types, std::span<const Value>) {
  return std::make_shared<const ArgumentAggregate>(types[0], types[1],
                                                   ArgumentRule{isMaximum, false, false});
}

template <bool isLatest>
AggregateFunctionPtr makeByTime(std::span<const SqlType> types, std::span<const Value>) {
  return std::make_shared<const ArgumentAggregate>(types[0], types[1],
                                                   ArgumentRule{isLatest, isLatest, true});
}

std::vector<AggregateOverload> overloadsBy(std::initializer_list<const char*> types,
                                           AggregateMaker maker) {
  std::vector<AggregateOverload> overloads;
  for (const char* const type : types) {
    overloads.emplace_back(fmt::format("(T, {}) -> T", type).c_str(), maker);
  }
  return overloads;
}

std::vector<AggregateOverload> extremeOverloads(AggregateMaker maker) {
  return overloadsBy(
      {"INT", "BIGINT", "DOUBLE", "DECIMAL", "STRING", "BYTES", "DATE", "TIME", "TIMESTAMP"},
      maker);
}

}  // namespace

void addArgumentAggregates(FunctionRegistry& registry) {
  registry.add(AggregateDefinition{
      "ARG_MAX",
      "The value of the row in which the second argument is largest, of several the first.",
      "ARG_MAX(merchant, amount)", false, extremeOverloads(makeArgument<true>)});
  registry.add(AggregateDefinition{
      "ARG_MIN",
      "The value of the row in which the second argument is smallest, of several the first.",
      "ARG_MIN(merchant, amount)", false, extremeOverloads(makeArgument<false>)});
  registry.add(AggregateDefinition{
      "LATEST_BY_TIME",
      "The value of the row with the latest time, in whichever order rows come; NULLs are ignored.",
      "LATEST_BY_TIME(status, ROWTIME)", false,
      overloadsBy({"BIGINT", "TIMESTAMP", "DATE"}, makeByTime<true>)});
  registry.add(AggregateDefinition{
      "EARLIEST_BY_TIME",
      "The value of the row with the earliest time, in whichever order rows come; NULLs are "
      "ignored.",
      "EARLIEST_BY_TIME(status, ROWTIME)", false,
      overloadsBy({"BIGINT", "TIMESTAMP", "DATE"}, makeByTime<false>)});
}

}  // namespace auspex::operators
