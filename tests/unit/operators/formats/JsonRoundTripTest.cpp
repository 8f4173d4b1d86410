// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <unordered_set>

#include "tests/unit/operators/data/RandomRows.h"
#include "tests/unit/operators/formats/FormatCases.h"

using namespace auspex::operators;

namespace {

/// JSON can neither hold a NULL name nor tell repeated names of a MAP apart.
Value withDistinctKeys(const Value& value, const SqlType& type) {
  if (value.isNull() ||
      !(type.is(TypeKind::Map) || type.is(TypeKind::Array) || type.is(TypeKind::Struct))) {
    return value;
  }
  Value::Parts parts;
  const Value::Parts& old = std::get<Value::Parts>(value.data);
  for (size_t i = 0; i < old.size(); ++i) {
    if (type.is(TypeKind::Map)) {
      parts.push_back(i % 2 == 0 ? Value{"key" + std::to_string(i)}
                                 : withDistinctKeys(old[i], type.mapValue()));
    } else {
      parts.push_back(withDistinctKeys(
          old[i], type.is(TypeKind::Array) ? type.element() : type.fields()[i].type));
    }
  }
  return Value{parts};
}

}  // namespace

TEST_CASE("what JSON writes it reads, for all types, at any size of batch") {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<SchemaColumn> schema;
    std::vector<ColumnPtr> columns;
    std::vector<std::vector<Value>> values;
    const size_t numRows = 1 + random() % 9;
    for (size_t i = 0; i < 2 + random() % 8; ++i) {
      schema.push_back({"C" + std::to_string(i), randomType(random, 2)});
      std::vector<Value> rows(numRows);
      for (Value& value : rows) {
        value = withDistinctKeys(randomValue(random, schema.back().type), schema.back().type);
      }
      columns.push_back(makeColumn(schema.back().type, rows));
      values.push_back(std::move(rows));
    }
    const std::vector<std::string> documents = encodeRows("JSON", schema, columns);
    const Decoded decoded =
        decodeTexts("JSON", schema, std::vector<Text>(documents.begin(), documents.end()));
    REQUIRE(decoded.errors.empty());
    for (size_t i = 0; i < columns.size(); ++i) {
      CHECK(valuesOf(*decoded.columns[i]) == values[i]);
    }
  }
}

TEST_CASE("damaged documents give rows or errors, never both, whatever stands beside them") {
  const std::vector<SchemaColumn> schema = {
      {"A", SqlType::integer()},
      {"B", SqlType::string()},
      {"C", SqlType::array(SqlType::doubleType())},
      {"D", SqlType::map(SqlType::string(), SqlType::boolean())},
      {"E", SqlType::structOf({{"F", SqlType::decimal(5, 2)}, {"G", SqlType::bytes()}})}};
  const std::string whole =
      R"({"A":12,"B":"x\ny","C":[1.5,-2e3,null],"D":{"k":true},"e":{"f":1.25,"g":"AQI="},"z":[{}]})";
  Random random(3);
  std::vector<Text> batch;
  for (int i = 0; i < 4000; ++i) {
    std::string damaged = whole;
    for (size_t times = random() % 3; times > 0; --times) {
      const std::string bytes = "{}[]:,\"\\0123eE.-ntf \n\xff\xc3";
      damaged[random() % damaged.size()] = bytes[random() % bytes.size()];
    }
    if (random() % 8 == 0) {
      damaged.resize(random() % damaged.size());
    }
    batch.push_back(damaged);
  }
  const Decoded together = decodeTexts("JSON", schema, batch);
  std::unordered_set<size_t> failed;
  for (const FormatRowError& error : together.errors) {
    CHECK(failed.insert(error.row).second);
  }
  CHECK(failed.size() > 500);
  CHECK(failed.size() < 3500);
  for (size_t i = 0; i < batch.size(); ++i) {
    const Decoded alone = decodeTexts("JSON", schema, {batch[i]});
    CAPTURE(*batch[i]);
    REQUIRE(alone.rows[0] == together.rows[i]);
    REQUIRE(alone.errors.size() == failed.count(i));
    if (failed.count(i) != 0) {
      CHECK(alone.rows[0] == "[null,null,null,null,null]");
    }
  }
}
