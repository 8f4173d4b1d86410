// SPDX-License-Identifier: Apache-2.0
// CAST between all types, with its texts.
#include <doctest/doctest.h>

#include "tests/unit/operators/expressions/CaseRunner.h"

using namespace auspex::operators;

TEST_CASE("casts") {
  struct Case {
    std::string literal;
    SqlType type;
    std::string expected;
  };
  const SqlType integer = SqlType::integer();
  const SqlType bigint = SqlType::bigint();
  const SqlType doubleType = SqlType::doubleType();
  const SqlType text = SqlType::string();
  const std::vector<Case> cases{
      {"10.30e0", integer, "10"},
      {"-2.9e0", integer, "-2"},
      {"1e300", integer, "2147483647"},
      {"NAN", bigint, "0"},
      {"4294967297L", integer, "1"},
      {"12.99", integer, "12"},
      {"1", doubleType, "1.0"},
      {"1.25", doubleType, "1.25"},
      {"' 12 '", integer, "12"},
      {"'12.5'", integer, "null!"},
      {"'2147483648'", integer, "null!"},
      {"'x'", bigint, "null!"},
      {"'1e3'", doubleType, "1000.0"},
      {"'NaN'", doubleType, "null!"},
      {"'Infinity'", doubleType, "null!"},
      {"10", SqlType::decimal(4, 2), "10.00"},
      {"100", SqlType::decimal(4, 2), "null!"},
      {"1.005", SqlType::decimal(4, 2), "1.01"},
      {"-1.005", SqlType::decimal(4, 2), "-1.01"},
      {"10.5e0", SqlType::decimal(3, 1), "10.5"},
      {"1.25e0", SqlType::decimal(3, 1), "1.3"},
      {"1e30", SqlType::decimal(3, 1), "null!"},
      {"' 0.149 '", SqlType::decimal(2, 1), "0.1"},
      {"'abc'", SqlType::decimal(2, 1), "null!"},
      {"'TR'", SqlType::boolean(), "true"},
      {"'yes'", SqlType::boolean(), "true"},
      {"'yess'", SqlType::boolean(), "false"},
      {"''", SqlType::boolean(), "false"},
      {"TRUE", text, "true"},
      {"1e10", text, "1.0E10"},
      {"1e-5", text, "1.0E-5"},
      {"100.0e0", text, "100.0"},
      {"10.00", text, "10.00"},
      {"-0.05", text, "-0.05"},
      {"ARRAY[1, NULL, 3]", text, "[1, null, 3]"},
      {"MAP('k' := 'v', 'a' := 'b')", text, "{k=v, a=b}"},
      {"STRUCT(A := 1, B := 'x', C := INTEGER NULL)", text, "Struct{A=1,B=x}"},
      {"TIMESTAMP '2020-05-26T10:30:05.12'", text, "2020-05-26T10:30:05.120"},
      {"DATE '2020-05-26'", text, "2020-05-26"},
      {"TIME '10:30'", text, "10:30"},
      {"TIME '10:30:05.100'", text, "10:30:05.100"},
      {"'2020'", SqlType::timestamp(), "2020-01-01T00:00:00.000"},
      {"'2020-05'", SqlType::date(), "2020-05-01"},
      {"'2020-05-26T10'", SqlType::timestamp(), "2020-05-26T10:00:00.000"},
      {"'2020-05-26T10:30:05Z'", SqlType::timestamp(), "2020-05-26T10:30:05.000"},
      {"'2020-05-26T10:30+02:00'", SqlType::timestamp(), "2020-05-26T08:30:00.000"},
      {"'1969-12-31T23:59:59.999'", SqlType::timestamp(), "1969-12-31T23:59:59.999"},
      {"'2020-02-30'", SqlType::date(), "null!"},
      {"'2020-02-29'", SqlType::date(), "2020-02-29"},
      {"'1900-02-29'", SqlType::date(), "null!"},
      {"'25:00'", SqlType::time(), "null!"},
      {"TIMESTAMP '1969-12-31T23:59'", SqlType::date(), "1969-12-31"},
      {"TIMESTAMP '1969-12-31T23:59'", SqlType::time(), "23:59"},
      {"DATE '2020-05-26'", SqlType::timestamp(), "2020-05-26T00:00:00.000"},
      {"'AAE='", SqlType::bytes(), "AAE="},
      {"'A'", SqlType::bytes(), "null!"},
      {"ARRAY[1L, -2147483648L]", SqlType::array(integer), "[1, -2147483648]"},
      {"ARRAY['1', '2']", SqlType::array(doubleType), "[1.0, 2.0]"},
      {"ARRAY['1', 'x']", SqlType::array(doubleType), "null!"},
      {"MAP('k' := '10')", SqlType::map(text, integer), "{k=10}"},
      {"STRUCT(A := '1', B := 2)", SqlType::structOf({{"C", text}, {"A", integer}}), "Struct{A=1}"},
      {"NULL", integer, "null"},
      {"TRUE", integer, "TypeError: Cast of BOOLEAN to INTEGER is not supported"},
      {"BYTES 'AA=='", text, "TypeError: Cast of BYTES to STRING is not supported"},
      {"'x'", SqlType::structOf({{"F0", text}, {"F1", integer}}),
       "TypeError: Cast of STRING to STRUCT<`F0` STRING, `F1` INTEGER> is not supported"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.literal);
    const std::string type = one.type.toString();
    CAPTURE(type);
    CHECK(runCase(one.literal, [&](std::vector<ExpressionPtr> operands) {
            return cast(operands.at(0), one.type);
          }) == one.expected);
  }
}

TEST_CASE("coercion to the type of a column") {
  struct Case {
    std::string literal;
    SqlType type;
    std::string expected;
  };
  const std::vector<Case> cases{
      {"10", SqlType::decimal(6, 4), "10.0000"},
      {"1", SqlType::doubleType(), "1.0"},
      {"NULL", SqlType::date(), "null"},
      {"'2020-01-01'", SqlType::date(), "2020-01-01"},
      {"ARRAY[1, 2]", SqlType::array(SqlType::bigint()), "[1, 2]"},
      {"1.5", SqlType::integer(), "TypeError: Expected type INTEGER, got 1.5 (DECIMAL(2, 1))"},
      {"1.55", SqlType::decimal(6, 1),
       "TypeError: Expected type DECIMAL(6, 1), got 1.55 (DECIMAL(3, 2))"},
      {"2L", SqlType::integer(), "TypeError: Expected type INTEGER, got 2 (BIGINT)"},
      {"'x'", SqlType::integer(), "TypeError: invalid input syntax for type INTEGER: \"x\"."},
  };
  for (const Case& one : cases) {
    CAPTURE(one.literal);
    CHECK(runCase(one.literal, [&](std::vector<ExpressionPtr> operands) {
            return coerce(operands.at(0), one.type);
          }) == one.expected);
  }
}
