// SPDX-License-Identifier: Apache-2.0
// What is read for a condition has every row for which it holds.
#include "queries/planning/KeyConstraints.h"

#include <doctest/doctest.h>

#include <random>

#include "operators/data/KeyCodec.h"
#include "operators/expressions/Evaluator.h"
#include "operators/expressions/ExpressionFactory.h"

namespace auspex::queries {
namespace {

using operators::ComparisonOperator;
using operators::ExpressionPtr;
using operators::SqlType;

/// Rows: A INTEGER and B STRING, which are the key, V INTEGER, and the bounds of a window.
const std::vector<SqlType> kTypes = {SqlType::integer(), SqlType::string(), SqlType::integer(),
                                     SqlType::bigint(), SqlType::bigint()};
constexpr const char* kNames[] = {"A", "B", "V", "WINDOWSTART", "WINDOWEND"};

ExpressionPtr columnAt(size_t index) {
  return operators::column(index, kTypes[index], kNames[index]);
}

LookupColumns lookupColumns() {
  return {{{0, kTypes[0]}, {1, kTypes[1]}}, 3, 4};
}

const std::vector<std::string> kTexts = {
    "", "a", "ab", "b", std::string("b\0", 2), "\xEF\xAC\x81", "\xF0\x9F\x98\x80"};

ExpressionPtr constantOf(size_t column, std::mt19937& random) {
  if (column == 1) {
    return operators::literal(kTexts[random() % kTexts.size()]);
  }
  const auto value = static_cast<int64_t>(random() % 4);
  return column < 3 ? operators::integerLiteral(value)
                    : operators::literal(operators::Value{value}, SqlType::bigint());
}

ExpressionPtr randomCondition(std::mt19937& random, int depth) {
  if (depth > 0 && random() % 3 != 0) {
    ExpressionPtr left = randomCondition(random, depth - 1);
    ExpressionPtr right = randomCondition(random, depth - 1);
    return random() % 2 == 0 ? operators::logicalAnd(left, right)
                             : operators::logicalOr(left, right);
  }
  const size_t column = random() % kTypes.size();
  if (random() % 4 == 0) {
    return operators::in(columnAt(column), {constantOf(column, random), constantOf(column, random)},
                         random() % 4 == 0);
  }
  const auto operation = static_cast<ComparisonOperator>(random() % 8);
  ExpressionPtr left = columnAt(column);
  ExpressionPtr right = constantOf(column, random);
  return random() % 2 == 0 ? operators::comparison(operation, left, right)
                           : operators::comparison(operation, right, left);
}

/// Every combination of a few values.
operators::Batch allRows() {
  std::vector<int32_t> a;
  std::vector<std::string_view> b;
  std::vector<int32_t> v;
  std::vector<int64_t> starts;
  std::vector<int64_t> ends;
  for (int32_t number = 0; number < 4; ++number) {
    for (const std::string& text : kTexts) {
      for (int32_t start = 0; start < 4; ++start) {
        a.push_back(number);
        b.push_back(text);
        v.push_back((number + start) % 3);
        starts.push_back(start);
        ends.push_back(start + 1);
      }
    }
  }
  operators::Batch batch;
  batch.numRows = a.size();
  batch.columns = {operators::Column::make(kTypes[0], std::move(a)),
                   operators::Column::make(kTypes[1], std::move(b)),
                   operators::Column::make(kTypes[2], std::move(v)),
                   operators::Column::make(kTypes[3], std::move(starts)),
                   operators::Column::make(kTypes[4], std::move(ends))};
  return batch;
}

bool isIn(const operators::StateRange& range, const operators::Batch& rows, size_t row) {
  std::string key;
  operators::KeyCodec({kTypes[0], kTypes[1]}).encode(std::span(rows.columns).first(2), row, key);
  const operators::WindowBounds window{rows.columns[3]->values<int64_t>()[row],
                                       rows.columns[4]->values<int64_t>()[row]};
  return range.contains(window) &&
         std::any_of(range.keys.begin(), range.keys.end(), [&](const auto& keys) {
           return keys.isPoint ? key == keys.begin
                               : keys.begin <= key && (!keys.end || key < *keys.end);
         });
}

TEST_CASE("rows for which a condition holds are in its range") {
  const operators::Batch rows = allRows();
  size_t numLeftOut = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const ExpressionPtr condition = randomCondition(random, 3);
    CAPTURE(seed);
    CAPTURE(condition->toString());
    const operators::StateRange range = rangeOf(condition, lookupColumns());
    for (size_t i = 0; i + 1 < range.keys.size(); ++i) {
      REQUIRE(range.keys[i].end);
      CHECK(*range.keys[i].end <= range.keys[i + 1].begin);
    }
    operators::Evaluator evaluator({condition});
    operators::RowErrors errors;
    const auto passing =
        evaluator.evaluateFilter(operators::EvaluationInput::newSide(rows), errors);
    std::vector<bool> passes(rows.numRows, false);
    for (const uint32_t row : passing) {
      passes[row] = true;
    }
    size_t numMissing = 0;
    for (size_t row = 0; row < rows.numRows; ++row) {
      const bool isRead = isIn(range, rows, row);
      numMissing += passes[row] && !isRead ? 1 : 0;
      numLeftOut += isRead ? 0 : 1;
    }
    CHECK(numMissing == 0);
  }
  CHECK(numLeftOut > 50'000);  // and not everything is read
}

TEST_CASE("keys and ranges of keys") {
  const auto equal = [](size_t column, int64_t value) {
    return operators::comparison(ComparisonOperator::Equal, columnAt(column),
                                 operators::integerLiteral(value));
  };
  const ExpressionPtr text = operators::comparison(ComparisonOperator::Equal, columnAt(1),
                                                   operators::literal(std::string("a")));
  const LookupColumns columns = lookupColumns();
  CHECK(rangeOf(nullptr, columns).isWhole());
  CHECK(rangeOf(equal(2, 1), columns).isWhole());
  CHECK(rangeOf(text, columns).isWhole());  // not the first column
  const auto point = rangeOf(operators::logicalAnd(text, equal(0, 1)), columns);
  REQUIRE(point.keys.size() == 1);
  CHECK(point.keys[0].isPoint);
  const auto prefix = rangeOf(equal(0, 1), columns);
  REQUIRE(prefix.keys.size() == 1);
  CHECK_FALSE(prefix.keys[0].isPoint);
  CHECK(rangeOf(operators::logicalAnd(equal(0, 1), equal(0, 2)), columns).keys.empty());
  CHECK(rangeOf(operators::logicalOr(equal(0, 1), equal(0, 1)), columns).keys.size() == 1);
  CHECK(rangeOf(operators::logicalOr(equal(0, 1), equal(0, 3)), columns).keys.size() == 2);
}

TEST_CASE("many alternatives are read as one") {
  std::vector<ExpressionPtr> numbers;
  std::vector<ExpressionPtr> texts;
  for (int64_t i = 0; i < 200; ++i) {
    numbers.push_back(operators::integerLiteral(i));
    texts.push_back(operators::literal(std::to_string(i)));
  }
  const ExpressionPtr a = operators::in(columnAt(0), numbers);
  const ExpressionPtr b = operators::in(columnAt(1), texts);
  CHECK(rangeOf(operators::logicalAnd(a, b), lookupColumns()).keys.size() == 200);
  CHECK(rangeOf(operators::logicalAnd(b, a), lookupColumns()).keys.size() == 200);
}

}  // namespace
}  // namespace auspex::queries
