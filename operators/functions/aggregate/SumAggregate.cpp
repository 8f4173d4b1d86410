// SPDX-License-Identifier: Apache-2.0
// SUM and AVG; NULLs are skipped. SUM keeps its type (INTEGER and BIGINT wrap around).
#include "operators/functions/Builtins.h"
#include "operators/functions/aggregate/AggregateLoops.h"

namespace auspex::operators {

namespace {

template <typename T>
T wrappingAdd(T left, T right) {
  if constexpr (std::is_integral_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Unsigned>(left) + static_cast<Unsigned>(right));
  } else {
    return left + right;
  }
}

template <typename T>
T wrappingSubtract(T left, T right) {
  if constexpr (std::is_integral_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Unsigned>(left) - static_cast<Unsigned>(right));
  } else {
    return left - right;
  }
}

template <typename T>
class SumAggregate final : public TypedAggregate {
 public:
  explicit SumAggregate(const SqlType& type) : TypedAggregate({type}, type, true) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::vector<T> sums = loadState<T>(input, 0, T{});
    const auto add = [](T& sum, T value) { sum = wrappingAdd(sum, value); };
    std::vector<T> results = walkSteps<T, T, T>(
        input, sums, add, [](T& sum, T value) { sum = wrappingSubtract(sum, value); }, add,
        [](T sum) { return sum; });
    return {{Column::make(resultType(), std::move(sums))},
            Column::make(resultType(), std::move(results))};
  }
};

/// State: the sum as DOUBLE or BIGINT, and the count. The average of nothing is 0.
template <typename T, typename Sum>
class AverageAggregate final : public TypedAggregate {
 public:
  explicit AverageAggregate(const SqlType& sumType)
      : TypedAggregate({sumType, SqlType::bigint()}, SqlType::doubleType(), true) {}

  AggregateOutput run(const AggregateInput& input) const override {
    struct State {
      Sum sum;
      int64_t count;
    };
    std::vector<Sum> sums = loadState<Sum>(input, 0, Sum{});
    std::vector<int64_t> counts = loadState<int64_t>(input, 1, 0);
    std::vector<State> states(input.numGroups);
    for (size_t group = 0; group < states.size(); ++group) {
      states[group] = {sums[group], counts[group]};
    }
    std::vector<double> results = walkSteps<State, T, double>(
        input, states,
        [](State& state, T value) {
          state = {wrappingAdd<Sum>(state.sum, value), state.count + 1};
        },
        [](State& state, T value) {
          state = {wrappingSubtract<Sum>(state.sum, value), state.count - 1};
        },
        [](State& state, const State& other) {
          state = {wrappingAdd(state.sum, other.sum), state.count + other.count};
        },
        [](const State& state) {
          return state.count == 0
                     ? 0.0
                     : static_cast<double>(state.sum) / static_cast<double>(state.count);
        });
    for (size_t group = 0; group < states.size(); ++group) {
      sums[group] = states[group].sum;
      counts[group] = states[group].count;
    }
    return {{Column::make(stateTypes()[0], std::move(sums)),
             Column::make(SqlType::bigint(), std::move(counts))},
            Column::make(SqlType::doubleType(), std::move(results))};
  }
};

template <typename T>
AggregateFunctionPtr makeSum(std::span<const SqlType> types, std::span<const Value>) {
  return std::make_shared<const SumAggregate<T>>(types[0]);
}

template <typename T, typename Sum>
AggregateFunctionPtr makeAverage(std::span<const SqlType>, std::span<const Value>) {
  return std::make_shared<const AverageAggregate<T, Sum>>(
      std::is_same_v<Sum, double> ? SqlType::doubleType() : SqlType::bigint());
}

}  // namespace

void addSumAggregates(FunctionRegistry& registry) {
  registry.add(AggregateDefinition{"SUM",
                                   "Sum of the values, of their type; 0 of none.",
                                   "SUM(amount)",
                                   true,
                                   {{"(INT) -> INT", makeSum<int32_t>},
                                    {"(BIGINT) -> BIGINT", makeSum<int64_t>},
                                    {"(DOUBLE) -> DOUBLE", makeSum<double>},
                                    {"(DECIMAL) -> DECIMAL", makeSum<Int128>}}});
  registry.add(AggregateDefinition{"AVG",
                                   "Average of the values; 0.0 of none.",
                                   "AVG(amount)",
                                   true,
                                   {{"(INT) -> DOUBLE", makeAverage<int32_t, int64_t>},
                                    {"(BIGINT) -> DOUBLE", makeAverage<int64_t, int64_t>},
                                    {"(DOUBLE) -> DOUBLE", makeAverage<double, double>}}});
}

}  // namespace auspex::operators
