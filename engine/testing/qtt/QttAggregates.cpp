// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttAggregates.h"

#include "operators/functions/aggregate/AggregateLoops.h"
#include "operators/functions/string/Utf16.h"

namespace auspex::engine {
namespace {

using operators::AggregateDefinition;
using operators::AggregateFunctionPtr;
using operators::AggregateInput;
using operators::AggregateOutput;
using operators::AggregateStep;
using operators::Column;
using operators::ColumnPtr;
using operators::SqlType;
using operators::TypeKind;
using operators::Value;

/// Sums numbers, lengths of texts and values of maps, over all columns; NULL counts as 0.
class SumOfAll final : public operators::TypedAggregate {
 public:
  explicit SumOfAll(int64_t initial)
      : TypedAggregate({SqlType::bigint()}, SqlType::bigint(), true), initial_(initial) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::vector<int64_t> sums = operators::loadState<int64_t>(input, 0, initial_);
    std::vector<int64_t> results;
    for (const AggregateStep& step : input.steps) {
      int64_t& sum = sums[step.group];
      if (step.kind == AggregateStep::Kind::Merge) {
        sum += sums[step.row] - initial_;
      } else {
        for (size_t i = 0; i < input.arguments.size(); ++i) {
          const int64_t value = valueOf(operators::argumentOf(input, step, i), step.row);
          sum += step.kind == AggregateStep::Kind::Add ? value : -value;
        }
      }
      results.push_back(sum);
    }
    return {{Column::make(SqlType::bigint(), std::move(sums))},
            Column::make(SqlType::bigint(), std::move(results))};
  }

 private:
  static int64_t valueOf(const Column& column, size_t row) {
    if (column.isNull(row)) {
      return 0;
    }
    switch (column.type().kind()) {
      case TypeKind::Integer:
        return column.values<int32_t>()[row];
      case TypeKind::Bigint:
        return column.values<int64_t>()[row];
      case TypeKind::String:
        return static_cast<int64_t>(operators::utf16Length(column.values<std::string_view>()[row]));
      default:
        break;
    }
    int64_t sum = 0;  // a map
    for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
      sum += valueOf(*column.children()[1], i);
    }
    return sum;
  }

  int64_t initial_;
};

/// Sums a DOUBLE.
class SumOfDoubles final : public operators::TypedAggregate {
 public:
  SumOfDoubles() : TypedAggregate({SqlType::doubleType()}, SqlType::doubleType(), true) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::vector<double> sums = operators::loadState<double>(input, 0, 0);
    const auto add = [](double& sum, double value) { sum += value; };
    std::vector<double> results = operators::walkSteps<double, double, double>(
        input, sums, add, [](double& sum, double value) { sum -= value; }, add,
        [](double sum) { return sum; });
    return {{Column::make(SqlType::doubleType(), std::move(sums))},
            Column::make(SqlType::doubleType(), std::move(results))};
  }
};

/// Sums the fields A and B of a struct.
class SumOfFields final : public operators::TypedAggregate {
 public:
  explicit SumOfFields(const SqlType& type)
      : TypedAggregate({SqlType::integer(), SqlType::integer()}, type, true) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::array<std::vector<int32_t>, 2> sums{operators::loadState<int32_t>(input, 0, 0),
                                             operators::loadState<int32_t>(input, 1, 0)};
    std::array<std::vector<int32_t>, 2> results;
    for (const AggregateStep& step : input.steps) {
      for (size_t field = 0; field < sums.size(); ++field) {
        int32_t& sum = sums[field][step.group];
        if (step.kind == AggregateStep::Kind::Merge) {
          sum += sums[field][step.row];
        } else {
          const Column& structs = operators::argumentOf(input, step, 0);
          const Column& values = *structs.children()[field];
          const bool isNull = structs.isNull(step.row) || values.isNull(step.row);
          const int32_t value = isNull ? 0 : values.values<int32_t>()[step.row];
          sum += step.kind == AggregateStep::Kind::Add ? value : -value;
        }
        results[field].push_back(sum);
      }
    }
    const size_t numSteps = input.steps.size();
    std::vector<ColumnPtr> fields;
    AggregateOutput output;
    for (size_t field = 0; field < sums.size(); ++field) {
      output.state.push_back(Column::make(SqlType::integer(), std::move(sums[field])));
      fields.push_back(Column::make(SqlType::integer(), std::move(results[field])));
    }
    output.results = Column::makeStruct(resultType(), numSteps, std::move(fields));
    return output;
  }
};

/// The first column of all rows in which no column is NULL, as an array.
class FirstOfCompleteRows final : public operators::TypedAggregate {
 public:
  explicit FirstOfCompleteRows(const SqlType& type)
      : TypedAggregate({SqlType::array(type)}, SqlType::array(type), false) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::vector<ColumnPtr> parts{input.arguments[0]};
    const auto stored = static_cast<uint32_t>(input.arguments[0]->size());
    if (!input.state.empty()) {
      parts.push_back(input.state[0]->children()[0]);
    }
    const ColumnPtr pool = operators::concatenate(parts);
    std::vector<std::vector<uint32_t>> lists(input.numGroups);
    for (size_t group = 0; group < input.numGroups && !input.state.empty(); ++group) {
      const Column& state = *input.state[0];
      const bool isEmpty = input.fresh[group] != 0 || state.isNull(group);
      for (uint32_t i = state.offsets()[group]; !isEmpty && i < state.offsets()[group + 1]; ++i) {
        lists[group].push_back(stored + i);
      }
    }
    std::vector<uint32_t> rows;
    std::vector<uint32_t> offsets{0};
    for (const AggregateStep& step : input.steps) {
      std::vector<uint32_t>& list = lists[step.group];
      if (step.kind == AggregateStep::Kind::Merge) {
        list.insert(list.end(), lists[step.row].begin(), lists[step.row].end());
      } else if (std::none_of(input.arguments.begin(), input.arguments.end(),
                              [&](const auto& column) { return column->isNull(step.row); })) {
        list.push_back(step.row);
      }
      rows.insert(rows.end(), list.begin(), list.end());
      offsets.push_back(static_cast<uint32_t>(rows.size()));
    }
    return {{storeLists(lists, pool)},
            Column::makeNested(resultType(), std::move(offsets), {operators::gather(pool, rows)})};
  }

 private:
  ColumnPtr storeLists(const std::vector<std::vector<uint32_t>>& lists,
                       const ColumnPtr& pool) const {
    std::vector<uint32_t> rows;
    std::vector<uint32_t> offsets{0};
    for (const std::vector<uint32_t>& list : lists) {
      rows.insert(rows.end(), list.begin(), list.end());
      offsets.push_back(static_cast<uint32_t>(rows.size()));
    }
    return Column::makeNested(resultType(), std::move(offsets), {operators::gather(pool, rows)});
  }
};

/// Literals are added once: numbers by value, texts by length.
AggregateFunctionPtr makeSumOfAll(std::span<const SqlType>, std::span<const Value> literals) {
  int64_t initial = 0;
  for (const Value& value : literals) {
    if (const int32_t* const number = std::get_if<int32_t>(&value.data)) {
      initial += *number;
    } else if (const std::string* const text = std::get_if<std::string>(&value.data)) {
      initial += static_cast<int64_t>(operators::utf16Length(*text));
    }
  }
  return std::make_shared<const SumOfAll>(initial);
}

AggregateFunctionPtr makeSumOfTexts(std::span<const SqlType>, std::span<const Value>) {
  constexpr int64_t kInitial = 7;
  return std::make_shared<const SumOfAll>(kInitial);
}

AggregateFunctionPtr makeSumOfDoubles(std::span<const SqlType>, std::span<const Value>) {
  return std::make_shared<const SumOfDoubles>();
}

AggregateFunctionPtr makeSumOfFields(std::span<const SqlType> types, std::span<const Value>) {
  return std::make_shared<const SumOfFields>(types[0]);
}

AggregateFunctionPtr makeFirstOfCompleteRows(std::span<const SqlType> types,
                                             std::span<const Value>) {
  return std::make_shared<const FirstOfCompleteRows>(types[0]);
}

}  // namespace

void addQttAggregates(operators::FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<operators::AggregateOverload> overloads) {
    registry.add(AggregateDefinition{name, "A test of ksqlDB's.", "", true, std::move(overloads)});
  };
  add("TEST_UDAF", {{"(INT) -> BIGINT", makeSumOfAll},
                    {"(BIGINT) -> BIGINT", makeSumOfAll},
                    {"(DOUBLE) -> DOUBLE", makeSumOfDoubles},
                    {"(STRING) -> BIGINT", makeSumOfTexts},
                    {"(MAP<STRING, INT>) -> BIGINT", makeSumOfAll},
                    {"(STRUCT<A INT, B INT>) -> STRUCT<A INT, B INT>", makeSumOfFields}});
  add("VAR_ARG", {{"(BIGINT, STRING...) -> BIGINT", makeSumOfAll}});
  add("MULTI_ARG", {{"(BIGINT, STRING, INT, STRING...) -> BIGINT", makeSumOfAll, 2}});
  add("MID_VAR_ARG", {{"(BIGINT, STRING..., INT, INT) -> BIGINT", makeSumOfAll, 2}});
  add("FOUR_ARG",
      {{"(BIGINT, STRING, STRING, STRING, INT, STRING...) -> BIGINT", makeSumOfAll, 2}});
  add("FIVE_ARG",
      {{"(BIGINT, STRING, STRING, STRING, INT, INT, STRING...) -> BIGINT", makeSumOfAll, 2}});
  add("GENERIC_VAR_ARG", {{"(A, B, C...) -> ARRAY<A>", makeFirstOfCompleteRows}});
  add("OBJ_COL_ARG", {{"(INT, ANY...) -> ARRAY<INT>", makeFirstOfCompleteRows}});
}

}  // namespace auspex::engine
