// SPDX-License-Identifier: Apache-2.0
// Scalar functions: arguments and results as tables.
#include <doctest/doctest.h>

#include "tests/unit/operators/functions/FunctionCases.h"

using namespace auspex::operators;

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
      {"LOG", "1000", "6.907755278982137"},
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
      {"GREATEST", "1234567.89, 0.123456", "1234567.89"},
      {"GREATEST", "'a', 'c', 'b'", "c"},
      {"GREATEST", "INTEGER NULL, INTEGER NULL", "null"},
      {"GREATEST", "1, 2.5e0", "2.5"},
      {"LEAST", "DATE '2020-01-02', DATE '2020-01-01'", "2020-01-01"},
      {"LEAST", "3, 1L, 2, 1e0", "1.0"},
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

TEST_CASE("array functions") {
  checkAll({
      {"ARRAY_LENGTH", "ARRAY[1, NULL]", "2"},
      {"ARRAY_LENGTH", "EMPTY_INTS", "0"},
      {"ARRAY_CONTAINS", "ARRAY['a', 'b'], 'b'", "true"},
      {"ARRAY_CONTAINS", "ARRAY[1, NULL], INTEGER NULL", "true"},
      {"ARRAY_CONTAINS", "ARRAY[1], 2", "false"},
      {"ARRAY_MAX", "ARRAY[1, NULL, 3]", "3"},
      {"ARRAY_MIN", "ARRAY['b', 'a']", "a"},
      {"ARRAY_MIN", "EMPTY_INTS", "null"},
      {"ARRAY_SORT", "ARRAY[3, NULL, 1]", "[1, 3, null]"},
      {"ARRAY_SORT", "ARRAY[3, NULL, 1], 'Desc'", "[3, 1, null]"},
      {"ARRAY_SORT", "ARRAY[3, 1], 'up'", "null"},
      {"ARRAY_JOIN", "ARRAY[1, NULL, 2]", "1,null,2"},
      {"ARRAY_JOIN", "ARRAY[1.5, 2.0], NULL", "1.52.0"},
      {"SLICE", "ARRAY[1, 2, 3], 2, 3", "[2, 3]"},
      {"SLICE", "ARRAY[1, 2, 3], NULL, 2", "[1, 2]"},
      {"SLICE", "ARRAY[1, 2, 3], 2, 9", "null!"},
      {"GENERATE_SERIES", "4, 0", "[4, 3, 2, 1, 0]"},
      {"GENERATE_SERIES", "-2L, 1", "[-2, -1, 0, 1]"},
      {"GENERATE_SERIES", "0, 10, 4", "[0, 4, 8]"},
      {"GENERATE_SERIES", "0, 10, -1", "null!"},
      {"GENERATE_SERIES", "-9223372036854775807L, 9223372036854775807L", "null!"},
      {"ARRAY_DISTINCT", "ARRAY[1, NULL, 1, NULL, 2]", "[1, null, 2]"},
      {"ARRAY_EXCEPT", "ARRAY[0, 0, 1, 0, -1], ARRAY[1, -2]", "[0, -1]"},
      {"ARRAY_INTERSECT", "ARRAY[0, 0, 1, 0, -1], ARRAY[1, -2, 0]", "[0, 1]"},
      {"ARRAY_UNION", "ARRAY[0, 0, 1], ARRAY[1, 2]", "[0, 1, 2]"},
      {"ARRAY_CONCAT", "ARRAY[0], ARRAY[0, 1]", "[0, 0, 1]"},
      {"ARRAY_REMOVE", "ARRAY[ARRAY['x'], ARRAY['y']], ARRAY['x']", "[[y]]"},
  });
}

TEST_CASE("map functions") {
  checkAll({
      {"MAP_KEYS", "MAP('a' := 1, 'b' := 2)", "[a, b]"},
      {"MAP_VALUES", "MAP('a' := 1, 'b' := NULL)", "[1, null]"},
      {"MAP_UNION", "MAP('foo' := 10, 'bar' := 20), MAP('foo' := 99, 'apple' := -1)",
       "{foo=99, bar=20, apple=-1}"},
      {"AS_MAP", "ARRAY['a', 'b', 'a'], ARRAY[1, 2, 3, 4]", "{a=3, b=2}"},
      {"ENTRIES", "MAP('b' := 1, 'a' := 2), TRUE", "[Struct{K=a,V=2}, Struct{K=b,V=1}]"},
      {"ENTRIES", "MAP('b' := 1, 'a' := 2), FALSE", "[Struct{K=b,V=1}, Struct{K=a,V=2}]"},
  });
}

TEST_CASE("dates and times as text") {
  checkAll({
      {"FORMAT_DATE", "DATE '2018-05-11', 'dd/MM/yyyy'", "11/05/2018"},
      {"FORMAT_DATE", "DATE '2022-01-01', 'dd-MMM-yyyy EEE D'", "01-Jan-2022 Sat 1"},
      {"FORMAT_DATE", "DATE '2022-01-01', 'bad'", "null!"},
      {"FORMAT_TIMESTAMP", "TIMESTAMP '2018-05-11T21:58:33.207', 'yyyy-MM-dd''T''HH:mm:ss.SSSX'",
       "2018-05-11T21:58:33.207Z"},
      {"FORMAT_TIMESTAMP", "TIMESTAMP '2018-05-11T21:58:33.207', 'yyyyMMddHHmmssSSS'",
       "20180511215833207"},
      {"TIMESTAMPTOSTRING", "1526075913000L, 'yyyy-MM-dd HH:mm:ss zzz', 'America/Los_Angeles'",
       "2018-05-11 14:58:33 PDT"},
      {"TIMESTAMPTOSTRING", "1526075913000L, 'yyyy-MM-dd HH:mm:ss zzz', 'Europe/London'",
       "2018-05-11 22:58:33 BST"},
      {"TIMESTAMPTOSTRING", "4102444800000L, 'HH:mm XXX', 'Europe/Berlin'", "01:00 +01:00"},
      {"TIMESTAMPTOSTRING", "0L, 'HH:mm', 'Nowhere/Land'", "null!"},
      {"TIMESTAMPTOSTRING", "0L, 'HH:mm', '../../etc/passwd'", "null!"},
      {"FORMAT_TIME", "TIME '22:30', 'hh:mm a'", "10:30 PM"},
      {"PARSE_TIMESTAMP", "'2018-05-11 21:58:33', 'yyyy-MM-dd HH:mm:ss'",
       "2018-05-11T21:58:33.000"},
      {"PARSE_TIMESTAMP", "'2018-05-11 21:58', 'yyyy-MM-dd HH:mm', 'America/Los_Angeles'",
       "2018-05-12T04:58:00.000"},
      {"STRINGTOTIMESTAMP", "'2019-08-27 13:31:09.2+0000', 'yyyy-MM-dd HH:mm:ss.SX'",
       "1566912669200"},
      {"STRINGTOTIMESTAMP", "'2018-05-11T21:58:33Z', 'yyyy-MM-dd''T''HH:mm:ssX'", "1526075913000"},
      {"STRINGTOTIMESTAMP", "'not a time', 'yyyy'", "null!"},
      {"PARSE_DATE", "'20200229', 'yyyyMMdd'", "2020-02-29"},
      {"PARSE_DATE", "'01-JAN-2022', 'dd-MMM-yyyy'", "2022-01-01"},
      {"PARSE_DATE", "'2020-13-01', 'yyyy-MM-dd'", "null!"},
      {"PARSE_DATE", "'2020-01-01x', 'yyyy-MM-dd'", "null!"},
      {"STRINGTODATE", "'2018-05-11Lit', 'yyyy-MM-dd''Lit'''", "17662"},
      {"PARSE_TIME", "'10:30 pm', 'hh:mm a'", "22:30"},
      {"PARSE_TIME", "STRING NULL, 'HH'", "null"},
  });
}

TEST_CASE("calendar") {
  checkAll({
      {"FROM_UNIXTIME", "1000L", "1970-01-01T00:00:01.000"},
      {"UNIX_TIMESTAMP", "TIMESTAMP '1970-01-01T00:00:01'", "1000"},
      {"FROM_DAYS", "-1", "1969-12-31"},
      {"UNIX_DATE", "DATE '1970-01-02'", "1"},
      {"CONVERT_TZ", "TIMESTAMP '2020-05-11T21:58:33', 'America/Los_Angeles', 'America/New_York'",
       "2020-05-12T00:58:33.000"},
      {"CONVERT_TZ", "TIMESTAMP '2020-05-11T21:58:33', '+02:00', 'UTC'", "2020-05-11T19:58:33.000"},
      {"DATEADD", "MONTHS, 1, DATE '2020-01-31'", "2020-02-29"},
      {"DATEADD", "YEARS, 1, DATE '2020-02-29'", "2021-02-28"},
      {"DATESUB", "DAYS, -5, DATE '1970-01-06'", "1970-01-11"},
      {"TIMEADD", "HOURS, 2, TIME '23:00'", "01:00"},
      {"TIMESUB", "MILLISECONDS, 10, TIME '00:00:00.005'", "23:59:59.995"},
      {"TIMESTAMPADD", "MILLISECONDS, -5, TIMESTAMP '1970-01-01T00:00:00.002'",
       "1969-12-31T23:59:59.997"},
      {"TIMESTAMPSUB", "HOURS, INTEGER NULL, TIMESTAMP '1970-01-01'", "null"},
  });
}

TEST_CASE("lambdas") {
  const FunctionRegistry registry = makeBuiltinFunctions();
  // Calls name(operands..., lambdas...) with bodies over the types that the registry asks for.
  using Body = std::function<ExpressionPtr(std::vector<ExpressionPtr>)>;
  const auto run = [&](const std::string& name, const std::string& literals, size_t numParameters,
                       const std::vector<Body>& bodies) {
    return runCase(literals, [&](std::vector<ExpressionPtr> operands) {
      uint32_t id = 0;
      for (const Body& body : bodies) {
        std::vector<ExpressionPtr> parameters;
        for (const SqlType& type : lambdaParameterTypes(name, operands, numParameters, registry)) {
          parameters.push_back(lambdaParameter(id++, type, "P"));
        }
        ExpressionPtr bound = body(parameters);
        operands.push_back(lambda(std::move(parameters), std::move(bound)));
      }
      return call(name, std::move(operands), registry);
    });
  };
  const auto plus = [](const ExpressionPtr& left, const ExpressionPtr& right) {
    return arithmetic(ArithmeticOperator::Add, left, right);
  };
  const Body addOne = [&](auto p) { return plus(p.at(0), integerLiteral(1)); };
  const Body divide = [&](auto p) {
    return arithmetic(ArithmeticOperator::Divide, integerLiteral(12), p.at(0));
  };
  const Body aboveOne = [&](auto p) {
    return comparison(ComparisonOperator::Greater, p.back(), integerLiteral(1));
  };
  const Body sum = [&](auto p) { return plus(p.at(0), p.back()); };
  CHECK(run("TRANSFORM", "ARRAY[1, 2]", 1, {addOne}) == "[2, 3]");
  CHECK(run("TRANSFORM", "EMPTY_INTS", 1, {addOne}) == "[]");
  CHECK(run("TRANSFORM", "ARRAY[1, NULL]", 1, {addOne}) == "null!");
  CHECK(run("TRANSFORM", "ARRAY[3, 0]", 1, {divide}) == "null!");
  CHECK(run("TRANSFORM", "MAP('a' := 1)", 2,
            {[&](auto p) { return call("UCASE", {p.at(0)}, registry); }, sum})
            .starts_with("TypeError"));
  CHECK(run("TRANSFORM", "MAP('a' := 1)", 2,
            {[&](auto p) { return call("UCASE", {p.at(0)}, registry); },
             [&](auto p) { return plus(p.at(1), integerLiteral(1)); }}) == "{A=2}");
  CHECK(run("FILTER", "ARRAY[1, 2, NULL, 3]", 1, {aboveOne}) == "[2, 3]");
  CHECK(run("FILTER", "MAP('a' := 1, 'b' := 2)", 2, {aboveOne}) == "{b=2}");
  CHECK(run("REDUCE", "ARRAY[1, 2, 3], 10", 2, {sum}) == "16");
  CHECK(run("REDUCE", "EMPTY_INTS, 10", 2, {sum}) == "10");
  CHECK(run("REDUCE", "ARRAY[1, NULL], 10", 2, {sum}) == "null!");
  CHECK(run("REDUCE", "ARRAY[1, 2], INTEGER NULL", 2, {sum}) == "null");
  CHECK(run("REDUCE", "MAP('a' := 1, 'b' := 5), 10", 3, {sum}) == "16");
}

TEST_CASE("table functions") {
  const FunctionRegistry registry = makeBuiltinFunctions();
  const auto run = [&](const std::string& name, const std::string& rows) {
    const ColumnPtr input = columnOf(rows);
    const BoundTableFunction bound = registry.bindTable(name, {column(0, input->type(), "A")});
    const Operand operand{input, false};
    RowErrors errors;
    RowFailures failures(&errors, {});
    const TableFunctionOutput output = bound.function->overloads[bound.overloadIndex].kernel(
        {bound.resultType, {&operand, 1}, Selection::all(input->size()), input->size(), failures});
    std::string text;
    for (const uint32_t parent : output.parents) {
      text += std::to_string(parent);
    }
    return text + ": " + textOfColumn(*output.values);
  };
  CHECK(run("EXPLODE", "ARRAY[1, NULL], NULL, ARRAY[3]") == "002: 1, null, 3");
  CHECK(run("CUBE_EXPLODE", "ARRAY[1, 2], ARRAY[7, NULL]") ==
        "000011: [null, null], [null, 2], [1, null], [1, 2], [null, null], [7, null]");
  CHECK_THROWS_AS(registry.bindTable("EXPLODE", {literal("x")}), TypeError);
}

TEST_CASE("the documentation names every function with help and an example") {
  const FunctionRegistry registry = makeBuiltinFunctions();
  const std::string text = describeFunctions(registry);
  for (const std::string& name : registry.names()) {
    CAPTURE(name);
    CHECK(text.find("### " + name + "\n") != std::string::npos);
    const std::string one = *describeFunction(registry, name);
    CHECK(one.find("Example: ``") == std::string::npos);
    CHECK(one.find(name + "\n\n\n") == std::string::npos);
  }
  CHECK_FALSE(describeFunction(registry, "NOPE").has_value());
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
  CHECK(
      messageOf("LEAST", "1, 2L") ==
      "TypeError: Function 'least' cannot be resolved due to ambiguous method parameters (INTEGER, "
      "BIGINT).");
  CHECK(messageOf("GREATEST", "'a', 1")
            .starts_with(
                "TypeError: Function 'greatest' does not accept parameters (STRING, INTEGER)."));
  CHECK(messageOf("UCASE", "1")
            .starts_with("TypeError: Function 'UCASE' does not accept parameters (INTEGER).\nValid "
                         "alternatives are:\n"
                         "UCASE(STRING)"));
}
