// SPDX-License-Identifier: Apache-2.0
// HISTOGRAM: how often each text occurs.
#include <unordered_map>

#include "operators/functions/Builtins.h"
#include "operators/functions/aggregate/AggregateLoops.h"

namespace auspex::operators {

namespace {

/// Texts beyond so many different ones are not counted. Source: dialect, aggregates.
constexpr size_t kMostTexts = 1000;

/// Texts in the order of their first appearance, as rows of a pool, with their counts.
class Histogram {
 public:
  struct Entry {
    std::string_view text;
    uint32_t row;
    int64_t count;
  };

  void add(std::string_view text, uint32_t row, int64_t count) {
    const auto found = places_.find(text);
    if (found != places_.end()) {
      entries_[found->second].count += count;
    } else if (places_.size() < kMostTexts) {
      places_.emplace(text, entries_.size());
      entries_.push_back({text, row, count});
    }
  }

  /// A text that does not occur any more leaves.
  void remove(std::string_view text) {
    const auto found = places_.find(text);
    if (found == places_.end()) {
      return;
    }
    if (--entries_[found->second].count <= 0) {
      entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(found->second));
      places_.clear();
      for (size_t i = 0; i < entries_.size(); ++i) {
        places_.emplace(entries_[i].text, i);
      }
    }
  }

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string_view, size_t> places_;
};

/// Rows of MAP<STRING, BIGINT> whose keys are rows of a pool.
class MapRows {
 public:
  void add(const Histogram& histogram) {
    for (const Histogram::Entry& entry : histogram.entries()) {
      keyRows_.push_back(entry.row);
      counts_.push_back(entry.count);
    }
    offsets_.push_back(static_cast<uint32_t>(keyRows_.size()));
  }

  ColumnPtr finish(const SqlType& type, const ColumnPtr& pool) {
    return Column::makeNested(
        type, std::move(offsets_),
        {gather(pool, keyRows_), Column::make(SqlType::bigint(), std::move(counts_))});
  }

 private:
  std::vector<uint32_t> keyRows_;
  std::vector<int64_t> counts_;
  std::vector<uint32_t> offsets_{0};
};

class HistogramAggregate final : public TypedAggregate {
 public:
  explicit HistogramAggregate(const SqlType& map) : TypedAggregate({map}, map, true) {}

  AggregateOutput run(const AggregateInput& input) const override {
    const auto [pool, oldBegin, storedBegin] = makeValuePool(input);
    std::vector<Histogram> histograms = load(input, *pool, storedBegin);
    MapRows results;
    for (const AggregateStep& step : input.steps) {
      apply(step, *pool, oldBegin, histograms);
      results.add(histograms[step.group]);
    }
    MapRows states;
    for (const Histogram& histogram : histograms) {
      states.add(histogram);
    }
    return {{states.finish(stateTypes()[0], pool)}, results.finish(resultType(), pool)};
  }

 private:
  static std::vector<Histogram> load(const AggregateInput& input, const Column& pool,
                                     uint32_t storedBegin) {
    std::vector<Histogram> histograms(input.numGroups);
    const auto texts = pool.values<std::string_view>();
    for (size_t group = 0; group < input.numGroups && !input.state.empty(); ++group) {
      const Column& stored = *input.state[0];
      if (input.fresh[group] != 0 || stored.isNull(group)) {
        continue;
      }
      const auto counts = stored.children()[1]->values<int64_t>();
      for (uint32_t i = stored.offsets()[group]; i < stored.offsets()[group + 1]; ++i) {
        histograms[group].add(texts[storedBegin + i], storedBegin + i, counts[i]);
      }
    }
    return histograms;
  }

  static void apply(const AggregateStep& step, const Column& pool, uint32_t oldBegin,
                    std::vector<Histogram>& histograms) {
    const auto texts = pool.values<std::string_view>();
    Histogram& histogram = histograms[step.group];
    switch (step.kind) {
      case AggregateStep::Kind::Add:
        if (!pool.isNull(step.row)) {
          histogram.add(texts[step.row], step.row, 1);
        }
        break;
      case AggregateStep::Kind::Undo:
        if (!pool.isNull(oldBegin + step.row)) {
          histogram.remove(texts[oldBegin + step.row]);
        }
        break;
      case AggregateStep::Kind::Merge:
        for (const Histogram::Entry& entry : histograms[step.row].entries()) {
          histogram.add(entry.text, entry.row, entry.count);
        }
        break;
    }
  }
};

AggregateFunctionPtr makeHistogram(std::span<const SqlType>, std::span<const Value>) {
  return std::make_shared<const HistogramAggregate>(
      SqlType::map(SqlType::string(), SqlType::bigint()));
}

}  // namespace

void addHistogramAggregate(FunctionRegistry& registry) {
  registry.add(AggregateDefinition{
      "HISTOGRAM",
      "How often each text occurs; NULLs, and texts beyond 1,000 different ones, are not counted.",
      "HISTOGRAM(color)",
      true,
      {{"(STRING) -> MAP<STRING, BIGINT>", makeHistogram}}});
}

}  // namespace auspex::operators
