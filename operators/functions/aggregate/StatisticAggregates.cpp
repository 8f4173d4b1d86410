// SPDX-License-Identifier: Apache-2.0
// STDDEV_SAMP, STDDEV_SAMPLE and CORRELATION; rows with a NULL are skipped.
#include <cmath>

#include "operators/functions/Builtins.h"
#include "operators/functions/aggregate/AggregateLoops.h"

namespace auspex::operators {

namespace {

/// State: count, sum, and the sum of squared distances from the average. Below two values the
/// result is 0.
class DeviationAggregate final : public TypedAggregate {
 public:
  /// givesRoot: the deviation itself; else its square, as ksqlDB's STDDEV_SAMP has it.
  explicit DeviationAggregate(bool givesRoot)
      : TypedAggregate({SqlType::bigint(), SqlType::doubleType(), SqlType::doubleType()},
                       SqlType::doubleType(), true),
        givesRoot_(givesRoot) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::vector<int64_t> counts = loadState<int64_t>(input, 0, 0);
    std::vector<double> sums = loadState<double>(input, 1, 0);
    std::vector<double> squares = loadState<double>(input, 2, 0);
    std::vector<State> states(input.numGroups);
    for (size_t group = 0; group < states.size(); ++group) {
      states[group] = {static_cast<double>(counts[group]), sums[group], squares[group]};
    }
    std::vector<double> results = walkSteps<State, double, double>(
        input, states, &add, &undo, &merge, [this](const State& state) {
          const double variance = state.count < 2 ? 0 : state.squares / (state.count - 1);
          return givesRoot_ ? std::sqrt(variance) : variance;
        });
    for (size_t group = 0; group < states.size(); ++group) {
      counts[group] = static_cast<int64_t>(states[group].count);
      sums[group] = states[group].sum;
      squares[group] = states[group].squares;
    }
    return {{Column::make(SqlType::bigint(), std::move(counts)),
             Column::make(SqlType::doubleType(), std::move(sums)),
             Column::make(SqlType::doubleType(), std::move(squares))},
            Column::make(SqlType::doubleType(), std::move(results))};
  }

 private:
  struct State {
    double count = 0;
    double sum = 0;
    double squares = 0;
  };

  /// What a value adds to the squares of `count` others with this sum.
  static double distance(double value, double count, double sum) {
    const double difference = count * value - sum;
    return count == 0 ? 0 : difference * difference / ((count + 1) * count);
  }
  static void add(State& state, double value) {
    state.squares += distance(value, state.count, state.sum);
    state.count += 1;
    state.sum += value;
  }
  static void undo(State& state, double value) {
    state.count -= 1;
    state.sum -= value;
    state.squares -= distance(value, state.count, state.sum);
  }
  static void merge(State& state, const State& other) {
    if (state.count == 0 || other.count == 0) {
      state = state.count == 0 ? other : state;
      return;
    }
    const double difference = state.sum / state.count - other.sum / other.count;
    state.squares += other.squares + difference * difference * state.count * other.count /
                                         (state.count + other.count);
    state.count += other.count;
    state.sum += other.sum;
  }

  bool givesRoot_;
};

/// State: count and the sums of x, y, x*x, y*y and x*y. NaN where it is not defined.
class CorrelationAggregate final : public TypedAggregate {
 public:
  CorrelationAggregate()
      : TypedAggregate(std::vector<SqlType>(kNumSums, SqlType::doubleType()), SqlType::doubleType(),
                       true) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::array<std::vector<double>, kNumSums> sums;
    for (size_t i = 0; i < kNumSums; ++i) {
      sums[i] = loadState<double>(input, i, 0);
    }
    std::vector<double> results;
    for (const AggregateStep& step : input.steps) {
      if (step.kind == AggregateStep::Kind::Merge) {
        for (std::vector<double>& sum : sums) {
          sum[step.group] += sum[step.row];
        }
      } else {
        add(sums, step.group, argumentOf(input, step, 0), argumentOf(input, step, 1), step.row,
            step.kind == AggregateStep::Kind::Add ? 1 : -1);
      }
      results.push_back(resultOf(sums, step.group));
    }
    AggregateOutput output;
    for (std::vector<double>& sum : sums) {
      output.state.push_back(Column::make(SqlType::doubleType(), std::move(sum)));
    }
    output.results = Column::make(SqlType::doubleType(), std::move(results));
    return output;
  }

 private:
  static constexpr size_t kNumSums = 6;
  using Sums = std::array<std::vector<double>, kNumSums>;

  static void add(Sums& sums, uint32_t group, const Column& xs, const Column& ys, uint32_t row,
                  double sign) {
    if (xs.isNull(row) || ys.isNull(row)) {
      return;
    }
    const double x = xs.values<double>()[row];
    const double y = ys.values<double>()[row];
    const double parts[kNumSums] = {1, x, y, x * x, y * y, x * y};
    for (size_t i = 0; i < kNumSums; ++i) {
      sums[i][group] += sign * parts[i];
    }
  }

  static double resultOf(const Sums& sums, uint32_t group) {
    const double count = sums[0][group];
    const double x = sums[1][group];
    const double y = sums[2][group];
    const double spread = (count * sums[3][group] - x * x) * (count * sums[4][group] - y * y);
    return (count * sums[5][group] - x * y) / std::sqrt(spread);
  }
};

template <bool givesRoot>
AggregateFunctionPtr makeDeviation(std::span<const SqlType>, std::span<const Value>) {
  return std::make_shared<const DeviationAggregate>(givesRoot);
}

AggregateFunctionPtr makeCorrelation(std::span<const SqlType>, std::span<const Value>) {
  return std::make_shared<const CorrelationAggregate>();
}

}  // namespace

void addStatisticAggregates(FunctionRegistry& registry) {
  registry.add(AggregateDefinition{"STDDEV_SAMP",
                                   "Variance of a sample (not its root); 0.0 of less than two.",
                                   "STDDEV_SAMP(amount)",
                                   true,
                                   {{"(DOUBLE) -> DOUBLE", makeDeviation<false>}}});
  registry.add(AggregateDefinition{"STDDEV_SAMPLE",
                                   "Standard deviation of a sample; 0.0 of less than two.",
                                   "STDDEV_SAMPLE(amount)",
                                   true,
                                   {{"(DOUBLE) -> DOUBLE", makeDeviation<true>}}});
  registry.add(AggregateDefinition{"CORRELATION",
                                   "Pearson's correlation of two columns; NaN where undefined.",
                                   "CORRELATION(amount, age)",
                                   true,
                                   {{"(DOUBLE, DOUBLE) -> DOUBLE", makeCorrelation}}});
}

}  // namespace auspex::operators
