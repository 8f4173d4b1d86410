// SPDX-License-Identifier: Apache-2.0
// Aggregates: steps and the results after each, with the state stored and loaded between any two.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <sstream>

#include "operators/data/RowCodec.h"
#include "operators/expressions/TypeError.h"
#include "operators/functions/FunctionRegistry.h"
#include "tests/unit/operators/expressions/CaseRunner.h"
#include "tests/unit/operators/expressions/LiteralReader.h"

using namespace auspex::operators;

namespace {

/// `+0:a` row 0 joins group a, `-1:a` old row 1 leaves it, `=b:a` group b is merged into a.
std::vector<AggregateStep> readSteps(const std::string& text) {
  std::vector<AggregateStep> steps;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const auto group = static_cast<uint32_t>(word.back() - 'a');
    const auto row = static_cast<uint32_t>(word[1] - (word[0] == '=' ? 'a' : '0'));
    const AggregateStep::Kind kind = word[0] == '+'   ? AggregateStep::Kind::Add
                                     : word[0] == '-' ? AggregateStep::Kind::Undo
                                                      : AggregateStep::Kind::Merge;
    steps.push_back({kind, group, row});
  }
  return steps;
}

constexpr size_t kNumGroups = 2;

/// Results after each step when `stepsPerCall` steps go into one call; between calls the state goes
/// through RowCodec, as it does in the store.
std::string runSteps(const AggregateFunction& function, std::span<const ColumnPtr> arguments,
                     const std::vector<AggregateStep>& steps, size_t stepsPerCall) {
  std::vector<ColumnPtr> state;
  for (const SqlType& type : function.stateTypes()) {
    state.push_back(Column::makeNulls(type, kNumGroups));
  }
  std::vector<uint8_t> fresh(kNumGroups, 1);
  std::string text;
  const RowCodec codec(function.stateTypes());
  for (size_t begin = 0; begin < steps.size(); begin += stepsPerCall) {
    const std::span<const AggregateStep> some =
        std::span(steps).subspan(begin, std::min(stepsPerCall, steps.size() - begin));
    const AggregateOutput output =
        function.run({kNumGroups, state, fresh, arguments, arguments, some});
    REQUIRE(output.results->size() == some.size());
    text += (text.empty() ? "" : ", ") + textOfColumn(*output.results);
    const auto arena = std::make_shared<Arena>();
    std::vector<std::string_view> rows;
    codec.encodeRows(output.state, kNumGroups, *arena, rows);
    state = codec.decode(rows, arena);
    fresh.assign(kNumGroups, 0);
  }
  return text;
}

struct Case {
  std::string name;
  std::vector<std::string> columns;
  std::string literals;
  std::string steps;
  std::string expected;
};

std::string runAggregate(const FunctionRegistry& registry, const Case& one) {
  std::vector<ColumnPtr> columns;
  std::vector<ExpressionPtr> arguments;
  for (const std::string& literals : one.columns) {
    columns.push_back(columnOf(literals));
    arguments.push_back(column(columns.size() - 1, columns.back()->type(), "X"));
  }
  for (const ExpressionPtr& literalArgument : readLiterals(one.literals)) {
    arguments.push_back(literalArgument);
  }
  const BoundAggregate bound = registry.bindAggregate(one.name, arguments);
  const std::vector<AggregateStep> steps = readSteps(one.steps);
  const std::string whole = runSteps(*bound.function, columns, steps, steps.size());
  for (const size_t stepsPerCall : {1U, 2U, 3U}) {
    const std::string parts = runSteps(*bound.function, columns, steps, stepsPerCall);
    if (parts != whole) {
      return "DIFFERS: " + whole + " at once, " + parts + " in parts";
    }
  }
  return whole;
}

void checkAll(const std::vector<Case>& cases) {
  const FunctionRegistry registry = makeBuiltinFunctions();
  for (const Case& one : cases) {
    CAPTURE(one.name);
    CAPTURE(one.steps);
    CHECK(runAggregate(registry, one) == one.expected);
  }
}

}  // namespace

TEST_CASE("COUNT, SUM, AVG") {
  checkAll({
      {"COUNT", {}, "", "+0:a +1:a +2:b -0:a =b:a", "1, 2, 1, 1, 2"},
      {"COUNT", {"1, NULL, 7"}, "", "+0:a +1:a +2:a -1:a -2:a", "1, 1, 2, 2, 1"},
      {"SUM", {"1, NULL, 5"}, "", "+1:a +0:a +2:a -0:a +2:b =b:a", "0, 1, 6, 5, 5, 10"},
      {"SUM", {"2147483647, 1"}, "", "+0:a +1:a", "2147483647, -2147483648"},
      {"SUM", {"1.5e0, 2.25e0"}, "", "+0:a +1:a -0:a", "1.5, 3.75, 2.25"},
      {"SUM", {"1.50, 2.25"}, "", "+0:a +1:a -0:a", "1.50, 3.75, 2.25"},
      {"SUM",
       {"9223372036854775807L, 1L"},
       "",
       "+0:a +1:a",
       "9223372036854775807, -9223372036854775808"},
      {"AVG", {"1, NULL, 4"}, "", "+1:a +0:a +2:a -0:a -2:a", "0.0, 1.0, 2.5, 4.0, 0.0"},
      {"AVG", {"1e0, 4e0"}, "", "+0:a +1:b =b:a", "1.0, 4.0, 2.5"},
      {"AVG", {"2147483647, 2147483647"}, "", "+0:a +1:a", "2.147483647E9, 2.147483647E9"},
  });
}

TEST_CASE("MIN, MAX") {
  checkAll({
      {"MIN", {"3, NULL, 1"}, "", "+1:a +0:a +2:a +0:a", "null, 3, 1, 1"},
      {"MAX", {"3, NULL, 5"}, "", "+1:a +0:a +2:b =b:a", "null, 3, 5, 5"},
      {"MAX", {"'b', 'abc', 'c'"}, "", "+0:a +1:a +2:a", "b, b, c"},
      {"MIN", {"1.5, 0.25"}, "", "+0:a +1:a", "1.50, 0.25"},
      {"MIN", {"DATE '2020-01-02', DATE '2020-01-01'"}, "", "+0:a +1:a", "2020-01-02, 2020-01-01"},
      {"MAX", {"1e0, NULL"}, "", "+1:a +1:b =b:a", "null, null, null"},
  });
}

TEST_CASE("values by the extreme of others") {
  checkAll({
      {"ARG_MAX",
       {"'x', 'y', NULL, 'w'", "1, 3, 4, 4"},
       "",
       "+0:a +1:a +0:a +2:a +3:a",
       "x, y, y, null, null"},
      {"ARG_MAX", {"'x', 'y'", "NULL, 3"}, "", "+0:a +1:a +0:b =a:b =b:a", "null, y, null, y, y"},
      {"ARG_MIN", {"1, 2, 3", "'b', 'a', 'a'"}, "", "+0:a +1:a +2:a +2:b =b:a", "1, 2, 2, 3, 2"},
      {"ARG_MIN", {"ARRAY[1], ARRAY[2]", "2.5, 1.5"}, "", "+0:a +1:a", "[1], [2]"},
      {"LATEST_BY_TIME",
       {"'x', 'y', NULL, 'z'", "5L, 3L, 9L, 5L"},
       "",
       "+1:a +0:a +1:a +2:a +3:a +2:b",
       "y, x, x, x, z, null"},
      {"EARLIEST_BY_TIME",
       {"1, 2, 3", "5L, 3L, 3L"},
       "",
       "+0:a +1:a +2:a +0:b =a:b",
       "1, 2, 2, 1, 2"},
  });
}

TEST_CASE("percentiles are within one in a hundred, and rows can leave") {
  const FunctionRegistry registry = makeBuiltinFunctions();
  const auto percentileOf = [&](std::span<const double> values, double part, size_t numUndone) {
    const std::vector<ColumnPtr> columns = {
        Column::make(SqlType::doubleType(), std::vector<double>(values.begin(), values.end()))};
    const BoundAggregate bound = registry.bindAggregate(
        "APPROX_PERCENTILE", {column(0, SqlType::doubleType(), "X"), doubleLiteral(part)});
    std::vector<AggregateStep> steps;
    for (uint32_t i = 0; i < values.size(); ++i) {
      steps.push_back({AggregateStep::Kind::Add, 0, i});
    }
    for (uint32_t i = 0; i < numUndone; ++i) {
      steps.push_back({AggregateStep::Kind::Undo, 0, i});
    }
    const std::vector<uint8_t> fresh = {1};
    const AggregateOutput output = bound.function->run({1, {}, fresh, columns, columns, steps});
    return output.results->values<double>().back();
  };
  std::mt19937_64 random(7);
  std::vector<double> values;
  for (size_t i = 0; i < 5000; ++i) {
    values.push_back(std::exp(std::normal_distribution<double>(0, 3)(random)) *
                     (i % 3 == 0 ? -1 : 1));
  }
  values.insert(values.end(), 50, 0.0);
  for (const size_t numUndone : {size_t{0}, size_t{2000}}) {
    std::vector<double> sorted(values.begin() + static_cast<ptrdiff_t>(numUndone), values.end());
    std::sort(sorted.begin(), sorted.end());
    for (const double part : {0.0, 0.01, 0.3, 0.5, 0.95, 1.0}) {
      CAPTURE(part);
      const double exact =
          sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
      CHECK(std::abs(percentileOf(values, part, numUndone) - exact) <= 0.0101 * std::abs(exact));
    }
  }
  checkAll({
      {"APPROX_PERCENTILE",
       {"NULL, 0e0, 4e0"},
       "0.5e0",
       "+0:a +1:a -1:a =a:b",
       "null, 0.0, null, null"},
  });
  CHECK_THROWS_WITH_AS(percentileOf(values, 1.5, 0),
                       "The part of APPROX_PERCENTILE must be from 0 to 1, got 1.5", TypeError);
}

TEST_CASE("lists of values") {
  checkAll({
      {"COLLECT_LIST",
       {"1, NULL, 1"},
       "",
       "+0:a +1:a +2:a -0:a =a:b",
       "[1], [1, null], [1, null, 1], [1, null], [1, null]"},
      {"COLLECT_SET",
       {"'x', NULL, 'x'"},
       "",
       "+0:a +1:a +2:a +1:a",
       "[x], [x, null], [x, null], [x, null]"},
      {"EARLIEST_BY_OFFSET", {"NULL, 2, 3"}, "", "+0:a +1:a +2:a", "null, 2, 2"},
      {"EARLIEST_BY_OFFSET", {"NULL, 2, 3"}, "FALSE", "+0:a +1:a", "null, null"},
      {"EARLIEST_BY_OFFSET", {"1, 2, 3"}, "2", "+0:a +1:a +2:a", "[1], [1, 2], [1, 2]"},
      {"LATEST_BY_OFFSET", {"'a', NULL, 'x'"}, "", "+0:a +1:a +2:b =b:a", "a, a, x, x"},
      {"LATEST_BY_OFFSET", {"'a', NULL, 'x'"}, "FALSE", "+0:a +1:a", "a, null"},
      {"LATEST_BY_OFFSET",
       {"1, NULL, 3"},
       "2, FALSE",
       "+0:a +1:a +2:a",
       "[1], [1, null], [null, 3]"},
      {"TOPK", {"5, 9, 5, NULL"}, "2", "+3:a +0:a +1:a +2:a", "[], [5], [9, 5], [9, 5]"},
      {"TOPK", {"'b', 'a', 'c'"}, "5", "+0:a +1:a +2:a", "[b], [b, a], [c, b, a]"},
      {"TOPKDISTINCT", {"5, 9, 5, 1"}, "2", "+0:a +2:a +1:a +3:a", "[5], [5], [9, 5], [9, 5]"},
  });
  const FunctionRegistry registry = makeBuiltinFunctions();
  CHECK_THROWS_WITH_AS(registry.bindAggregate("TOPK", {readLiteral("1"), readLiteral("0")}),
                       "The number of values to keep must be 1 or more, got 0", TypeError);
  CHECK_THROWS_WITH_AS(
      registry.bindAggregate("TOPK", {readLiteral("1"), column(0, SqlType::integer(), "K")}),
      "Parameter 2 passed to function TOPK must be a literal constant, but was expression: 'K'",
      TypeError);
}

TEST_CASE("what cannot be aggregated") {
  const FunctionRegistry registry = makeBuiltinFunctions();
  CHECK_THROWS_WITH_AS(registry.bindAggregate("NOPE", {}),
                       "Can't find any functions with the name 'NOPE'", TypeError);
  CHECK_THROWS_AS(registry.bindAggregate("SUM", {readLiteral("'x'")}), TypeError);
  CHECK_FALSE(registry.bindAggregate("MIN", {readLiteral("1")}).function->canUndo());
  CHECK(registry.bindAggregate("SUM", {readLiteral("1")}).function->canUndo());
}
