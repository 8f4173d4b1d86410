// SPDX-License-Identifier: Apache-2.0
// Scalar functions: arguments and results as tables.
#include <doctest/doctest.h>

#include "operators/functions/FunctionRegistry.h"
#include "tests/unit/operators/expressions/CaseRunner.h"

using namespace auspex::operators;

namespace {

struct Case {
  std::string name;
  std::string literals;
  std::string expected;
};

void checkAll(const std::vector<Case>& cases) {
  const FunctionRegistry registry = makeBuiltinFunctions();
  for (const Case& one : cases) {
    CAPTURE(one.name);
    CAPTURE(one.literals);
    CHECK(runCase(one.literals, [&](std::vector<ExpressionPtr> operands) {
            return call(one.name, std::move(operands), registry);
          }) == one.expected);
  }
}

}  // namespace

TEST_CASE("text functions") {
  checkAll({
      {"UCASE", "'aBc'", "ABC"},
      {"ucase", "'\u00e9\u00df'", "\u00c9SS"},
      {"UCASE", "''", ""},
      {"UCASE", "NULL", "null"},
      {"LCASE", "'ABC\u00c9'", "abc\u00e9"},
      {"INITCAP", "'the  qUICK'", "The  Quick"},
      {"TRIM", "'  a b '", "a b"},
      {"TRIM", "'   '", ""},
      {"LEN", "'abc'", "3"},
      {"LEN", "'\U0001F600'", "2"},
      {"LEN", "BYTES 'AAEC'", "3"},
      {"LEN", "STRING NULL", "null"},
      {"SUBSTRING", "'some_string', 6", "string"},
      {"SUBSTRING", "'some_string', 6, 3", "str"},
      {"SUBSTRING", "'short', 6", ""},
      {"SUBSTRING", "'short', 0", "short"},
      {"SUBSTRING", "'short', -2", "rt"},
      {"SUBSTRING", "'short', -9, 2", "sh"},
      {"SUBSTRING", "'short', 2, -1", ""},
      {"SUBSTRING", "'short', NULL", "null"},
      {"SUBSTRING", "'a\u00e9b', 2, 1", "\u00e9"},
      {"SUBSTRING", "BYTES 'AAEC', 2", "AQI="},
      {"CONCAT", "'a', NULL, 'b'", "ab"},
      {"CONCAT", "STRING NULL, STRING NULL", ""},
      {"CONCAT", "BYTES 'AA==', BYTES 'AQ=='", "AAE="},
      {"CONCAT_WS", "'-', 'a', NULL, 'b', ''", "a-b-"},
      {"CONCAT_WS", "STRING NULL, 'a', 'b'", "null"},
      {"REPLACE", "'a.b.c', '.', '--'", "a--b--c"},
      {"REPLACE", "'abc', 'x', 'y'", "abc"},
      {"REPLACE", "'ab', '', '-'", "-a-b-"},
      {"INSTR", "'corporate floor', 'or'", "2"},
      {"INSTR", "'corporate floor', 'or', 4", "5"},
      {"INSTR", "'corporate floor', 'or', -4, 2", "2"},
      {"INSTR", "'corporate floor', 'or', 3, 2", "14"},
      {"INSTR", "'abc', 'x'", "0"},
      {"INSTR", "STRING NULL, 'x'", "0"},
      {"LPAD", "'foo', 7, 'Bar'", "BarBfoo"},
      {"LPAD", "'foo', 2, 'Bar'", "fo"},
      {"LPAD", "'foo', -1, 'Bar'", "null"},
      {"LPAD", "'foo', 5, ''", "null"},
      {"RPAD", "'foo', 7, 'Bar'", "fooBarB"},
      {"RPAD", "'foo', 2000000000, 'Bar'", "null!"},
      {"SPLIT", "'a,b,,c', ','", "[a, b, , c]"},
      {"SPLIT", "'abc', ''", "[a, b, c]"},
      {"SPLIT", "'', ','", "[]"},
      {"SPLIT", "STRING NULL, ','", "null"},
      {"SPLIT_TO_MAP", "'a:1,b:2,a:3,x', ',', ':'", "{a=3, b=2}"},
      {"FIELD", "'b', 'a', 'b', 'b'", "2"},
      {"FIELD", "STRING NULL, 'a'", "0"},
      {"ELT", "2, 'a', 'b'", "b"},
      {"ELT", "3, 'a', 'b'", "null"},
      {"ELT", "0, 'a'", "null"},
      {"CHR", "75", "K"},
      {"CHR", "22909", "\u597d"},
      {"CHR", "-1", "null"},
      {"CHR", "'\\u004b'", "K"},
      {"CHR", "'\\ud83d\\ude00'", "\U0001F600"},
      {"CHR", "'K'", "null"},
  });
}

TEST_CASE("numeric functions") {
  checkAll({
      {"ABS", "-3", "3"},
      {"ABS", "-2147483648", "-2147483648"},
      {"ABS", "-3.5", "3.5"},
      {"ABS", "-3.5e0", "3.5"},
      {"ABS", "NULL", "null"},
      {"CEIL", "1.2e0", "2.0"},
      {"CEIL", "1.2", "2.0"},
      {"CEIL", "-1.2", "-1.0"},
      {"CEIL", "7", "7"},
      {"FLOOR", "-1.1", "-2.0"},
      {"FLOOR", "-1.1e0", "-2.0"},
      {"ROUND", "1.5e0", "2"},
      {"ROUND", "-1.5e0", "-1"},
      {"ROUND", "-1.7e0", "-2"},
      {"ROUND", "7", "7"},
      {"ROUND", "1e300", "9223372036854775807"},
      {"ROUND", "1.005e0, 2", "1.01"},
      {"ROUND", "-1.5e0, 0", "-1.0"},
      {"ROUND", "12345.678e0, 2", "12345.68"},
      {"ROUND", "12345.678e0, -2", "12300.0"},
      {"ROUND", "1.234567e0, 10", "1.234567"},
      {"ROUND", "12345678987654321.2345678987654321", "12345678987654321"},
      {"ROUND", "12345678987654321.2345678987654321, 2", "12345678987654321.2300000000000000"},
      {"ROUND", "12345678987654321.2345678987654321, -1", "12345678987654320.0000000000000000"},
      {"TRUNC", "1.9e0", "1"},
      {"TRUNC", "-1.9e0", "-1"},
      {"TRUNC", "-1.987e0, 2", "-1.98"},
      {"TRUNC", "-1.987, 2", "-1.980"},
      {"SQRT", "9", "3.0"},
      {"SQRT", "-1", "NaN"},
      {"CBRT", "-8", "-2.0"},
      {"EXP", "1", "2.718281828459045"},
      {"LN", "0", "-Infinity"},
      {"LN", "-1", "NaN"},
      {"LOG", "1000", "3.0"},
      {"LOG", "15, 13", "0.9471572411831843"},
      {"LOG", "1, 13", "NaN"},
      {"LOG", "0, 13", "NaN"},
      {"POWER", "2, 10", "1024.0"},
      {"SIGN", "-2.5e0", "-1"},
      {"SIGN", "0L", "0"},
      {"SIN", "0", "0.0"},
      {"COT", "0", "Infinity"},
      {"ATAN2", "0, 1", "0.0"},
      {"DEGREES", "3.141592653589793e0", "180.0"},
      {"RADIANS", "180", "3.141592653589793"},
      {"PI", "", "3.141592653589793"},
      {"GREATEST", "1, 3, NULL, 2", "3"},
      {"GREATEST", "1234567.89, 0.123456", "1234567.890000"},
      {"GREATEST", "'a', 'c', 'b'", "c"},
      {"GREATEST", "INTEGER NULL, INTEGER NULL", "null"},
      {"GREATEST", "1, 2.5e0", "2.5"},
      {"LEAST", "DATE '2020-01-02', DATE '2020-01-01'", "2020-01-01"},
      {"LEAST", "3, 1L, 2", "1"},
  });
}

TEST_CASE("conditional functions") {
  checkAll({
      {"COALESCE", "NULL, 'a', 'b'", "a"},
      {"COALESCE", "INTEGER NULL, 2L", "2"},
      {"COALESCE", "ARRAY[1], ARRAY[2]", "[1]"},
      {"COALESCE", "INTEGER NULL", "null"},
      {"IFNULL", "STRING NULL, 'a'", "a"},
      {"NULLIF", "1, 1", "null"},
      {"NULLIF", "1, 2", "1"},
      {"NULLIF", "ARRAY[1, 2], ARRAY[1, 2]", "null"},
      {"NULLIF", "'a', STRING NULL", "a"},
      {"AS_VALUE", "1.50", "1.50"},
      {"GEO_DISTANCE", "37.4439e0, -122.1663e0, 51.5257e0, -0.1122e0", "8634.659796579544"},
      {"GEO_DISTANCE", "0, 0, 0, 1, 'parsec'", "null!"},
      {"GEO_DISTANCE", "0, 0, 0, 181", "null!"},
  });
}

TEST_CASE("resolution") {
  const FunctionRegistry registry = makeBuiltinFunctions();
  const auto messageOf = [&](const std::string& name, const std::string& literals) {
    return runCase(literals, [&](std::vector<ExpressionPtr> operands) {
      return call(name, std::move(operands), registry);
    });
  };
  CHECK(messageOf("NOPE", "1") == "TypeError: Can't find any functions with the name 'NOPE'");
  CHECK(messageOf("COALESCE", "")
            .starts_with("TypeError: Function 'COALESCE' does not accept parameters ().\nValid "
                         "alternatives are:\n"
                         "COALESCE(T, T...)\n"));
  CHECK(messageOf("GREATEST", "'a', 1")
            .starts_with(
                "TypeError: Function 'greatest' does not accept parameters (STRING, INTEGER)."));
  CHECK(messageOf("UCASE", "1")
            .starts_with("TypeError: Function 'UCASE' does not accept parameters (INTEGER).\nValid "
                         "alternatives are:\n"
                         "UCASE(STRING)"));
}
