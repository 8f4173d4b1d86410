// SPDX-License-Identifier: Apache-2.0
// COUNT(*) counts rows, COUNT(x) rows in which x is not NULL.
#include "operators/functions/Builtins.h"
#include "operators/functions/aggregate/AggregateLoops.h"

namespace auspex::operators {

namespace {

class CountAggregate final : public TypedAggregate {
 public:
  CountAggregate() : TypedAggregate({SqlType::bigint()}, SqlType::bigint(), true) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::vector<int64_t> counts = loadState<int64_t>(input, 0, 0);
    std::vector<int64_t> results(input.steps.size());
    for (size_t i = 0; i < input.steps.size(); ++i) {
      const AggregateStep& step = input.steps[i];
      if (step.kind == AggregateStep::Kind::Merge) {
        counts[step.group] += counts[step.row];
      } else {
        const bool isUndo = step.kind == AggregateStep::Kind::Undo;
        const auto& arguments = isUndo ? input.oldArguments : input.arguments;
        if (arguments.empty() || !arguments[0]->isNull(step.row)) {
          counts[step.group] += isUndo ? -1 : 1;
        }
      }
      results[i] = counts[step.group];
    }
    return {{Column::make(SqlType::bigint(), std::move(counts))},
            Column::make(SqlType::bigint(), std::move(results))};
  }
};

AggregateFunctionPtr makeCount(std::span<const SqlType>, std::span<const Value>) {
  return std::make_shared<const CountAggregate>();
}

}  // namespace

void addCountAggregate(FunctionRegistry& registry) {
  registry.add(AggregateDefinition{"COUNT",
                                   "Number of rows, or of rows whose argument is not NULL.",
                                   "COUNT(*)",
                                   true,
                                   {{"() -> BIGINT", makeCount}, {"(ANY) -> BIGINT", makeCount}}});
}

}  // namespace auspex::operators
