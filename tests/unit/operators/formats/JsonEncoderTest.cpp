// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>

#include "operators/formats/json/JsonText.h"
#include "tests/unit/operators/formats/FormatCases.h"

using namespace auspex::operators;

namespace {

std::string text(const SqlType& type, const Value& value) {
  return toJson(value, type);
}

Value words(std::string value) {
  return Value{std::move(value)};
}

}  // namespace

TEST_CASE("values are written as ksqlDB writes them") {
  const SqlType record = SqlType::structOf({{"X", SqlType::integer()}, {"y z", SqlType::string()}});
  CHECK(text(SqlType::boolean(), Value{true}) == "true");
  CHECK(text(SqlType::integer(), Value{int32_t{-5}}) == "-5");
  CHECK(text(SqlType::bigint(), Value{std::numeric_limits<int64_t>::min()}) ==
        "-9223372036854775808");
  CHECK(text(SqlType::doubleType(), Value{1.0}) == "1.0");
  CHECK(text(SqlType::doubleType(), Value{1e10}) == "1.0E10");
  CHECK(text(SqlType::doubleType(), Value{1e-5}) == "1.0E-5");
  CHECK(text(SqlType::doubleType(), Value{std::numeric_limits<double>::quiet_NaN()}) == "\"NaN\"");
  CHECK(text(SqlType::doubleType(), Value{-std::numeric_limits<double>::infinity()}) ==
        "\"-Infinity\"");
  CHECK(text(SqlType::decimal(6, 4), Value{Int128{100000}}) == "10.0000");
  CHECK(text(SqlType::date(), Value{int32_t{18262}}) == "18262");
  CHECK(text(SqlType::bytes(), words("\x01\x02")) == "\"AQI=\"");
  CHECK(text(SqlType::string(), Value{}) == "null");
  CHECK(text(SqlType::array(SqlType::integer()), Value{Value::Parts{Value{1}, Value{}}}) ==
        "[1,null]");
  CHECK(text(SqlType::map(SqlType::string(), SqlType::integer()),
             Value{Value::Parts{words("a\""), Value{1}, words("b"), Value{}}}) ==
        R"({"a\"":1,"b":null})");
  CHECK(text(SqlType::map(SqlType::integer(), SqlType::integer()),
             Value{Value::Parts{Value{7}, Value{1}}}) == R"({"7":1})");
  CHECK(text(record, Value{Value::Parts{Value{1}, words("t")}}) == R"({"X":1,"y z":"t"})");
}

TEST_CASE("strings are escaped as Jackson does") {
  CHECK(text(SqlType::string(), words("a\"b\\c/d")) == R"("a\"b\\c/d")");
  CHECK(text(SqlType::string(), words("\b\t\n\f\r")) == R"("\b\t\n\f\r")");
  CHECK(text(SqlType::string(), words(std::string("\0\x1f\x7f", 3))) == "\"\\u0000\\u001F\x7f\"");
  CHECK(text(SqlType::string(), words("gr\xc3\xbcn \xf0\x9f\x98\x80 and more")) ==
        "\"gr\xc3\xbcn \xf0\x9f\x98\x80 and more\"");
  for (size_t size = 0; size < 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string value(size, 'x');
      value[at] = '\n';
      std::string expected = "\"" + value + "\"";
      expected.replace(at + 1, 1, "\\n");
      CHECK(text(SqlType::string(), words(value)) == expected);
    }
  }
}

TEST_CASE("documents hold all columns in order, NULL as null") {
  const std::vector<SchemaColumn> schema = {
      {"ID", SqlType::string()}, {"a\"b", SqlType::doubleType()}, {"N", SqlType::bigint()}};
  const std::vector<ColumnPtr> columns = {
      makeColumn(SqlType::string(), std::vector<Value>{words("x"), Value{}}),
      makeColumn(SqlType::doubleType(), std::vector<Value>{Value{2.5}, Value{}}), nullptr};
  CHECK(encodeRows("JSON", schema, columns) ==
        std::vector<std::string>{R"({"ID":"x","a\"b":2.5,"N":null})",
                                 R"({"ID":null,"a\"b":null,"N":null})"});
  CHECK(encodeRows("JSON", {}, {}) == std::vector<std::string>{"{}"});
}

TEST_CASE("single values are wrapped unless told otherwise; keys are bare") {
  const std::vector<SchemaColumn> schema = {{"V", SqlType::integer()}};
  const std::vector<ColumnPtr> columns = {
      makeColumn(SqlType::integer(), std::vector<Value>{Value{3}, Value{}})};
  FormatOptions options;
  CHECK(encodeRows("JSON", schema, columns, options) ==
        std::vector<std::string>{R"({"V":3})", R"({"V":null})"});
  options.wrapSingleValue = false;
  CHECK(encodeRows("JSON", schema, columns, options) == std::vector<std::string>{"3", "<absent>"});
  options.wrapSingleValue = std::nullopt;
  options.isKey = true;
  CHECK(encodeRows("JSON", schema, columns, options) == std::vector<std::string>{"3", "<absent>"});
}

TEST_CASE("long strings of control characters fit their room") {
  const std::string text(10000, '\x01');
  const std::vector<ColumnPtr> columns = {makeConstant(SqlType::string(), Value{text}, 2)};
  const std::vector<std::string> rows = encodeRows("JSON", {{"V", SqlType::string()}}, columns);
  CHECK(rows[1].size() == 6 * text.size() + 8);
}

TEST_CASE("tables show values as people read them") {
  const auto shown = [](const SqlType& type, const Value& value) {
    std::string out;
    appendDisplayText(*makeConstant(type, value, 1), 0, out);
    return out;
  };
  CHECK(shown(SqlType::string(), words("a \"b\"")) == "a \"b\"");
  CHECK(shown(SqlType::string(), Value{}) == "null");
  CHECK(shown(SqlType::timestamp(), Value{int64_t{1590489005120}}) == "2020-05-26T10:30:05.120");
  CHECK(shown(SqlType::date(), Value{int32_t{1}}) == "1970-01-02");
  CHECK(shown(SqlType::doubleType(), Value{std::numeric_limits<double>::infinity()}) == "Infinity");
  CHECK(shown(SqlType::array(SqlType::string()), Value{Value::Parts{words("a")}}) == "[\"a\"]");
}
