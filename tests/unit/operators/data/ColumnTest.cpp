// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "operators/data/ColumnBuilder.h"
#include "tests/unit/operators/data/RandomRows.h"

using namespace auspex::operators;

TEST_CASE("gather and concatenate agree with values one by one, for all types") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const SqlType type = randomType(random, 3);
    CAPTURE(type.toString());
    std::vector<Value> values(random() % 20 + 1);
    for (Value& value : values) {
      value = randomValue(random, type);
    }
    const ColumnPtr column = makeColumn(type, values);
    CHECK(valuesOf(*column) == values);

    std::vector<uint32_t> rows(random() % 30);
    std::vector<Value> picked;
    for (uint32_t& row : rows) {
      row = static_cast<uint32_t>(random() % values.size());
      picked.push_back(values[row]);
    }
    const ColumnPtr gathered = gather(column, rows);
    CHECK(gathered->type() == type);
    CHECK(valuesOf(*gathered) == picked);

    const std::vector<ColumnPtr> parts = {column, gathered, Column::makeNulls(type, 2), column};
    std::vector<Value> joined = values;
    joined.insert(joined.end(), picked.begin(), picked.end());
    joined.resize(joined.size() + 2);
    joined.insert(joined.end(), values.begin(), values.end());
    CHECK(valuesOf(*concatenate(parts)) == joined);
  }
}

TEST_CASE("concatenate leaves out elements that no row uses") {
  const SqlType type = SqlType::array(SqlType::integer());
  const ColumnPtr elements =
      Column::make(SqlType::integer(), std::vector<int32_t>{10, 11, 12, 13, 14});
  const ColumnPtr holed = Column::makeNested(type, {1, 2, 4}, {elements});
  const std::vector<ColumnPtr> parts = {holed, holed};
  const ColumnPtr joined = concatenate(parts);
  const Value first{Value::Parts{Value{11}}};
  const Value second{Value::Parts{Value{12}, Value{13}}};
  CHECK(valuesOf(*joined) == std::vector<Value>{first, second, first, second});
  CHECK(joined->children()[0]->size() == 6);
}

TEST_CASE("gather keeps no validity when no null is picked") {
  const ColumnPtr column =
      Column::make(SqlType::integer(), std::vector<int32_t>{1, 2, 3}, {1, 0, 1});
  CHECK_FALSE(gather(column, std::vector<uint32_t>{2, 0})->hasNulls());
  CHECK(gather(column, std::vector<uint32_t>{1})->isNull(0));
}

TEST_CASE("concatenate keeps each owner once") {
  const Owner owner = std::make_shared<int>(1);
  const ColumnPtr column =
      Column::make(SqlType::string(), std::vector<std::string_view>{"a"}, {}, {owner});
  const std::vector<ColumnPtr> parts(50, column);
  CHECK(concatenate(parts)->owners().size() == 1);
}

TEST_CASE("constants repeat one value and keep its memory") {
  ColumnPtr column = makeConstant(SqlType::string(), Value{std::string(1000, 'x')}, 3);
  CHECK(column->size() == 3);
  CHECK(column->values<std::string_view>()[2] == std::string(1000, 'x'));
  CHECK(makeConstant(SqlType::string(), Value{}, 2)->isNull(1));
  const SqlType nested = SqlType::array(SqlType::bigint());
  const Value value{Value::Parts{Value{int64_t{1}}, Value{}}};
  CHECK(valuesOf(*makeConstant(nested, value, 2)) == std::vector<Value>{value, value});
}

TEST_CASE("a finished builder is empty and can be used again") {
  ColumnBuilder builder(SqlType::array(SqlType::integer()));
  builder.child(0).append(int32_t{5});
  builder.closeRow();
  builder.appendNull();
  builder.closeRow();
  const ColumnPtr column = builder.finish();
  CHECK(column->size() == 3);
  CHECK(column->isNull(1));
  CHECK(valueAt(*column, 2) == Value{Value::Parts{}});
  CHECK(builder.size() == 0);
  CHECK(builder.finish()->size() == 0);
}
