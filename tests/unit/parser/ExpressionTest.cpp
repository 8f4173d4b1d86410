// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <variant>

#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

TEST_CASE("Operators bind as ksqlDB's do") {
  checkPrinted(
      {
          {"a + b * c", "A + B * C"},
          {"(a + b) * c", "(A + B) * C"},
          {"a - b - c", "A - B - C"},
          {"a - (b - c)", "A - (B - C)"},
          {"a / b * c % d", "A / B * C % D"},
          {"a / (b * c)", "A / (B * C)"},
          {"a || b + c || d", "A || B + C || D"},
          {"(a || b) + c", "(A || B) + C"},
          {"-a * b", "-A * B"},
          {"-(a * b)", "-(A * B)"},
          {"- - a", "-(-A)"},
          {"+-a", "+(-A)"},
          {"a - -b", "A - -B"},
          {"-a->b[1]", "-A->B[1]"},
          {"(-a)->b", "(-A)->B"},
          {"NOT a = b AND c OR d", "NOT A = B AND C OR D"},
          {"NOT (a = b AND c) OR d", "NOT (A = B AND C) OR D"},
          {"NOT NOT a", "NOT NOT A"},
          {"a AND (b OR c)", "A AND (B OR C)"},
          {"a OR b AND c", "A OR B AND C"},
          {"(a OR b) OR c", "A OR B OR C"},
          {"a OR (b OR c)", "A OR (B OR C)"},
          {"(a = b) = c", "(A = B) = C"},
          {"a + 1 = b || c", "A + 1 = B || C"},
          {"(a IS NULL) = b", "(A IS NULL) = B"},
          {"(NOT a) = b", "(NOT A) = B"},
          {"(((a)))", "A"},
      },
      printedExpression);
}

TEST_CASE("Predicates") {
  checkPrinted(
      {
          {"a != b", "A <> B"},
          {"a <> b", "A <> B"},
          {"a <= b AND c >= d AND e < f AND g > h", "A <= B AND C >= D AND E < F AND G > H"},
          {"a BETWEEN 1 AND 2 AND b", "A BETWEEN 1 AND 2 AND B"},
          {"a NOT BETWEEN 1 + 1 AND 2 || 'x'", "A NOT BETWEEN 1 + 1 AND 2 || 'x'"},
          {"a BETWEEN (b AND c) AND d", "A BETWEEN (B AND C) AND D"},
          {"a IN (1, b + 1, c = d)", "A IN (1, B + 1, C = D)"},
          {"a NOT IN ('x')", "A NOT IN ('x')"},
          {"a LIKE 'x%'", "A LIKE 'x%'"},
          {"a NOT LIKE b ESCAPE '!'", "A NOT LIKE B ESCAPE '!'"},
          {"a IS NULL", "A IS NULL"},
          {"a IS NOT NULL", "A IS NOT NULL"},
          {"a IS DISTINCT FROM b", "A IS DISTINCT FROM B"},
          {"a IS NOT DISTINCT FROM b + 1", "A IS NOT DISTINCT FROM B + 1"},
      },
      printedExpression);
}

TEST_CASE("Literals") {
  checkPrinted(
      {
          {"0", ""},
          {"007", "7"},
          {"2147483647", ""},
          {"2147483648", ""},
          {"9223372036854775807", ""},
          {"-9223372036854775808", ""},
          {"1 - 9223372036854775807", ""},
          {"1.50", ""},
          {"1.", ""},
          {".5", ""},
          {"1e3", ""},
          {".5E-2", ""},
          {"1.e+3", ""},
          {"DECIMAL '1.23'", "1.23"},
          {"DECIMAL '-1.23'", ""},
          {"DECIMAL '12'", ""},
          {"'it''s'", ""},
          {"''", ""},
          {"'two\nlines'", ""},
          {"'no \\ escapes'", ""},
          {"'gr\xC3\xBC\xC3\x9F'", ""},
          {"true AND FALSE", "TRUE AND FALSE"},
          {"null", "NULL"},
      },
      printedExpression);
}

TEST_CASE("Literals keep their type") {
  const auto literal = [](const std::string& text) { return parseExpression(text)->node; };
  CHECK(std::get<IntegerLiteral>(literal("2147483647")).fits32);
  CHECK_FALSE(std::get<IntegerLiteral>(literal("2147483648")).fits32);
  CHECK(std::get<IntegerLiteral>(literal("9223372036854775807")).value ==
        std::numeric_limits<std::int64_t>::max());
  CHECK(std::get<IntegerLiteral>(literal("-9223372036854775808")).value ==
        std::numeric_limits<std::int64_t>::min());
  CHECK(std::holds_alternative<Unary>(literal("-1")));
  CHECK(std::get<DecimalLiteral>(literal("1.50")).text == "1.50");
  CHECK(std::get<DoubleLiteral>(literal("1.5e1")).value == doctest::Approx(15.0));
  CHECK(std::get<DoubleLiteral>(literal("1e-400")).value == 0.0);
  CHECK(std::get<StringLiteral>(literal("'it''s'")).value == "it's");
}

TEST_CASE("Names") {
  checkPrinted(
      {
          {"abc", "ABC"},
          {"_a@1", "_A@1"},
          {"1abc", "`1ABC`"},
          {"`Abc`", ""},
          {"`ABC`", "ABC"},
          {"\"aBc\"", "`aBc`"},
          {"`a``b`", ""},
          {"\"a\"\"b\"", "`a\"b`"},
          {"`select`", ""},
          {"`SELECT`", ""},
          {"s.`c d`", "S.`c d`"},
          {"id + key + date + type", "ID + KEY + DATE + TYPE"},
          {"version + model", "VERSION + `MODEL`"},
          {"`ARRAY`[1]", ""},
          {"a.b->c->`d`", "A.B->C->`d`"},
      },
      printedExpression);
}

TEST_CASE("Constructors, access and casts") {
  checkPrinted(
      {
          {"array[]", "ARRAY[]"},
          {"ARRAY[1, a = b]", "ARRAY[1, A = B]"},
          {"map('k' := 1, b := c)", "MAP('k' := 1, B := C)"},
          {"MAP()", ""},
          {"struct(x := 1, `y` := a)", "STRUCT(X := 1, `y` := A)"},
          {"STRUCT()", ""},
          {"a[1][b]->c[-1]", "A[1][B]->C[-1]"},
          {"ARRAY[1][1]", ""},
          {"MAP('a' := 1)['a']", ""},
          {"cast(a as decimal(4, 2))", "CAST(A AS DECIMAL(4, 2))"},
          {"CAST(a AS VARCHAR(STRING))", "CAST(A AS VARCHAR(STRING))"},
          {"CAST(a AS VARCHAR(10))", "CAST(A AS VARCHAR(10))"},
          {"CAST(a AS MAP<STRING, ARRAY<STRUCT<x INT, `y` DOUBLE>>>)",
           "CAST(A AS MAP<STRING, ARRAY<STRUCT<X INT, `y` DOUBLE>>>)"},
          {"CAST(a AS STRUCT<>)", "CAST(A AS STRUCT<>)"},
          {"CAST(a AS INT ARRAY ARRAY)", "CAST(A AS ARRAY<ARRAY<INT>>)"},
          {"CAST(a AS address)", "CAST(A AS ADDRESS)"},
          {"case when a then b end", "CASE WHEN A THEN B END"},
          {"CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END + 1",
           "CASE A WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END + 1"},
      },
      printedExpression);
}

TEST_CASE("Calls") {
  checkPrinted(
      {
          {"count(*)", "COUNT(*)"},
          {"now()", "NOW()"},
          {"f(a, b + 1, c = d)", "F(A, B + 1, C = D)"},
          {"transform(a, x => x + 1)", "TRANSFORM(A, X => X + 1)"},
          {"reduce(m, 0, (s, k, v) => s + v)", "REDUCE(M, 0, (S, K, V) => S + V)"},
          {"f((a), (b) => b)", "F(A, B => B)"},
          {"dateadd(days, 2, d)", "DATEADD(DAYS, 2, D)"},
          {"f(MILLISECOND, MONTHS)", "F(MILLISECONDS, MONTHS)"},
          {"f(day)", "F(DAY)"},
          {"predict('m', *)", "PREDICT('m', *)"},
          {"predict('m@champion', *, x + 1 as amount)",
           "PREDICT('m@champion', *, X + 1 AS AMOUNT)"},
          {"predict('m', x AS a, y AS `b`)", "PREDICT('m', X AS A, Y AS `b`)"},
          {"explain_predict('m', 3, *)['a']", "EXPLAIN_PREDICT('m', 3, *)['a']"},
          {"replace(a, 'x', 'y')", "REPLACE(A, 'x', 'y')"},
          {"sum(x) over (partition by k, a + b range 10 minutes preceding)",
           "SUM(X) OVER (PARTITION BY K, A + B RANGE 10 MINUTES PRECEDING)"},
          {"LAG(x, 1) OVER (PARTITION BY k)", "LAG(X, 1) OVER (PARTITION BY K)"},
          {"count(*) over (rows 5 preceding)", "COUNT(*) OVER (ROWS 5 PRECEDING)"},
          {"sum(x) OVER (PARTITION BY k ORDER BY ROWTIME ASC ROWS BETWEEN 5 PRECEDING AND CURRENT "
           "ROW)",
           "SUM(X) OVER (PARTITION BY K ROWS 5 PRECEDING)"},
          {"sum(x) OVER (RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
           "SUM(X) OVER (RANGE UNBOUNDED PRECEDING)"},
          {"sum(x) OVER () + 1", "SUM(X) OVER () + 1"},
      },
      printedExpression);
}

TEST_CASE("Calls keep the name as written") {
  const auto expression = parseExpression("Explode(a)");
  const auto& call = std::get<FunctionCall>(expression->node);
  CHECK(call.name.name == "EXPLODE");
  CHECK(call.writtenName == "Explode");
}

TEST_CASE("Parentheses everywhere are ksqlDB's form") {
  const auto everywhere = [](const std::string& text) {
    return print(*parseExpression(text), Parentheses::Everywhere);
  };
  CHECK(everywhere("a + b * c = 1 AND NOT d IS NULL") ==
        "(((A + (B * C)) = 1) AND (NOT (D IS NULL)))");
  CHECK(everywhere("f(a + 1, b)[1]") == "F((A + 1), B)[1]");
}

TEST_CASE("Comments and blanks mean nothing") {
  checkPrinted({{"a -- the first\n + /* the ; second */ b", "A + B"},
                {"a--b\n", "A"},
                {"\t a\r\n+\fb ", "A + B"},
                {"a /**/ / /***/ b", "A / B"}},
               printedExpression);
}

}  // namespace
}  // namespace auspex::parser
