// SPDX-License-Identifier: Apache-2.0
// APPROX_PERCENTILE by a sketch of counted buckets whose bounds grow by a constant factor. Source:
// Masson, Rim, Lee: DDSketch, VLDB 2019. Rows can leave again: counts go down.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "operators/expressions/TypeError.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/aggregate/AggregateLoops.h"

namespace auspex::operators {

namespace {

/// A value given out is at most that much of itself away from one that has the rank.
constexpr double kAccuracy = 0.01;
constexpr double kGrowth = (1 + kAccuracy) / (1 - kAccuracy);
/// Beyond every exponent that a double's magnitude has in powers of the growth.
constexpr int32_t kMiddle = 50'000;
/// Values of one sign may span a factor of 6e17 before the smallest ones are counted together.
constexpr size_t kMostBuckets = 2048;

class Sketch {
 public:
  void add(double value) { addBucket(bucketOf(value), 1); }

  void addBucket(int32_t bucket, int64_t count) {
    buckets_[bucket] += count;
    numValues_ += count;
    if (buckets_.size() > kMostBuckets) {
      const auto first = buckets_.begin();
      std::next(first)->second += first->second;
      buckets_.erase(first);
    }
  }

  /// The value was added; where buckets were counted together it leaves the one it is in now.
  void remove(double value) {
    const auto found = buckets_.lower_bound(bucketOf(value));
    if (found == buckets_.end()) {
      return;
    }
    --numValues_;
    if (--found->second == 0) {
      buckets_.erase(found);
    }
  }

  void merge(const Sketch& other) {
    for (const auto& [bucket, count] : other.buckets_) {
      addBucket(bucket, count);
    }
  }

  std::optional<double> quantile(double part) const {
    const auto rank = static_cast<int64_t>(part * static_cast<double>(numValues_ - 1));
    int64_t seen = 0;
    for (const auto& [bucket, count] : buckets_) {
      seen += count;
      if (seen > rank) {
        return valueOf(bucket);
      }
    }
    return std::nullopt;
  }

  const std::map<int32_t, int64_t>& buckets() const { return buckets_; }

 private:
  /// In the order of values: negative ones below 0, 0 itself, positive ones.
  static int32_t bucketOf(double value) {
    if (value == 0) {
      return 0;
    }
    const double magnitude = std::min(std::abs(value), std::numeric_limits<double>::max());
    const auto exponent = static_cast<int32_t>(std::ceil(std::log(magnitude) / std::log(kGrowth)));
    return value < 0 ? -(kMiddle + exponent) : kMiddle + exponent;
  }

  static double valueOf(int32_t bucket) {
    if (bucket == 0) {
      return 0;
    }
    const double magnitude = 2 * std::pow(kGrowth, std::abs(bucket) - kMiddle) / (1 + kGrowth);
    return bucket < 0 ? -magnitude : magnitude;
  }

  std::map<int32_t, int64_t> buckets_;
  int64_t numValues_ = 0;  // of all buckets: asked for at every row
};

/// State: the buckets and how many values each has.
class PercentileAggregate final : public TypedAggregate {
 public:
  explicit PercentileAggregate(double part)
      : TypedAggregate({SqlType::array(SqlType::integer()), SqlType::array(SqlType::bigint())},
                       SqlType::doubleType(), true),
        part_(part) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::vector<Sketch> sketches = load(input);
    using Result = std::optional<double>;
    const auto results = walkSteps<Sketch, double, Result>(
        input, sketches,
        [](Sketch& sketch, double value) {
          if (!std::isnan(value)) {
            sketch.add(value);
          }
        },
        [](Sketch& sketch, double value) {
          if (!std::isnan(value)) {
            sketch.remove(value);
          }
        },
        [](Sketch& sketch, const Sketch& other) { sketch.merge(other); },
        [this](const Sketch& sketch) { return sketch.quantile(part_); });
    std::vector<double> values;
    std::vector<uint8_t> validity;
    for (const Result& result : results) {
      values.push_back(result.value_or(0));
      validity.push_back(result ? 1 : 0);
    }
    return {store(sketches),
            Column::make(SqlType::doubleType(), std::move(values), std::move(validity))};
  }

 private:
  static std::vector<Sketch> load(const AggregateInput& input) {
    std::vector<Sketch> sketches(input.numGroups);
    for (size_t group = 0; group < sketches.size() && !input.state.empty(); ++group) {
      const Column& stored = *input.state[0];
      if (input.fresh[group] != 0 || stored.isNull(group)) {
        continue;
      }
      const auto buckets = stored.children()[0]->values<int32_t>();
      const auto counts = input.state[1]->children()[0]->values<int64_t>();
      const uint32_t other = input.state[1]->offsets()[group];
      const uint32_t begin = stored.offsets()[group];
      for (uint32_t i = begin; i < stored.offsets()[group + 1]; ++i) {
        sketches[group].addBucket(buckets[i], counts[other + i - begin]);
      }
    }
    return sketches;
  }

  std::vector<ColumnPtr> store(const std::vector<Sketch>& sketches) const {
    std::vector<int32_t> buckets;
    std::vector<int64_t> counts;
    std::vector<uint32_t> offsets{0};
    for (const Sketch& sketch : sketches) {
      for (const auto& [bucket, count] : sketch.buckets()) {
        buckets.push_back(bucket);
        counts.push_back(count);
      }
      offsets.push_back(static_cast<uint32_t>(buckets.size()));
    }
    return {Column::makeNested(stateTypes()[0], offsets,
                               {Column::make(SqlType::integer(), std::move(buckets))}),
            Column::makeNested(stateTypes()[1], offsets,
                               {Column::make(SqlType::bigint(), std::move(counts))})};
  }

  double part_;
};

AggregateFunctionPtr makePercentile(std::span<const SqlType>, std::span<const Value> literals) {
  const double part = std::get<double>(literals.back().data);
  if (!(part >= 0 && part <= 1)) {
    throw TypeError(fmt::format("The part of APPROX_PERCENTILE must be from 0 to 1, got {}", part));
  }
  return std::make_shared<const PercentileAggregate>(part);
}

}  // namespace

void addPercentileAggregates(FunctionRegistry& registry) {
  registry.add(AggregateDefinition{
      "APPROX_PERCENTILE",
      "A value that the given part of the values is not above, from 0 to 1: 0.5 is the median. "
      "Within 1 % of a value of that rank; NULLs and NaN are ignored.",
      "APPROX_PERCENTILE(amount, 0.95e0)",
      true,
      {{"(DOUBLE, DOUBLE) -> DOUBLE", makePercentile, 1}}});
}

}  // namespace auspex::operators
