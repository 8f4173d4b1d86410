// SPDX-License-Identifier: Apache-2.0
// Arithmetic, comparison, logic, IN, LIKE and CASE: values, coercions, NULLs, failures, error
// texts.
#include <doctest/doctest.h>

#include "tests/unit/operators/expressions/CaseRunner.h"

using namespace auspex::operators;

namespace {

struct OperatorCase {
  std::string operation;
  std::string literals;
  std::string expected;
};

Builder arithmeticBuilder(const std::string& symbol) {
  return [symbol](std::vector<ExpressionPtr> operands) -> ExpressionPtr {
    for (const ArithmeticOperator operation :
         {ArithmeticOperator::Add, ArithmeticOperator::Subtract, ArithmeticOperator::Multiply,
          ArithmeticOperator::Divide, ArithmeticOperator::Modulo}) {
      if (symbol == symbolOf(operation)) {
        return arithmetic(operation, operands.at(0), operands.at(1));
      }
    }
    return negate(operands.at(0));
  };
}

Builder comparisonBuilder(const std::string& symbol) {
  return [symbol](std::vector<ExpressionPtr> operands) -> ExpressionPtr {
    for (int i = 0; i < 8; ++i) {
      const auto operation = static_cast<ComparisonOperator>(i);
      if (symbol == symbolOf(operation)) {
        return comparison(operation, operands.at(0), operands.at(1));
      }
    }
    const bool negated = symbol.starts_with("NOT ");
    const std::string name = negated ? symbol.substr(4) : symbol;
    if (name == "BETWEEN") {
      return between(operands.at(0), operands.at(1), operands.at(2), negated);
    }
    if (name == "IN") {
      return in(operands.at(0), {operands.begin() + 1, operands.end()}, negated);
    }
    return isNull(operands.at(0), symbol == "IS NOT NULL");
  };
}

}  // namespace

TEST_CASE("arithmetic") {
  const std::vector<OperatorCase> cases{
      {"+", "1, 2", "3"},
      {"+", "2147483647, 1", "-2147483648"},
      {"-", "-2147483648, 1", "2147483647"},
      {"*", "65536, 65536", "0"},
      {"+", "2147483647, 1L", "2147483648"},
      {"+", "9223372036854775807L, 1", "-9223372036854775808"},
      {"/", "7, 2", "3"},
      {"/", "-7, 2", "-3"},
      {"%", "-7, 2", "-1"},
      {"%", "7, -2", "1"},
      {"/", "1, 0", "null!"},
      {"%", "1L, 0L", "null!"},
      {"/", "-2147483648, -1", "-2147483648"},
      {"%", "-2147483648, -1", "0"},
      {"/", "1e0, 0", "Infinity"},
      {"/", "0e0, 0e0", "NaN"},
      {"%", "5.5e0, 2", "1.5"},
      {"+", "1, 0.5e0", "1.5"},
      {"+", "NULL, 1", "null"},
      {"+", "1e0, DOUBLE NULL", "null"},
      {"/", "INTEGER NULL, 0", "null"},
      {"+", "'a', 'b'", "ab"},
      {"+", "'', ''", ""},
      {"+", "1.5, 1", "2.5"},
      {"+", "10.01, 5.1", "15.11"},
      {"+", "1.5, 1e0", "2.5"},
      {"*", "2.02, 10.0", "20.200"},
      {"/", "10.10, 2.00", "5.050000"},
      {"/", "1.0, 3.0", "null!"},
      {"/", "1.0, 0.0", "null!"},
      {"%", "10.1, 2.0", "0.1"},
      {"%", "1.0, 0.0", "null!"},
      {"negate", "5", "-5"},
      {"negate", "2147483648", "-2147483648"},
      {"negate", "1.50", "-1.50"},
      {"negate", "0e0", "-0.0"},
      {"+", "TRUE, 1.5",
       "TypeError: Error processing expression: (true + 1.5). Unsupported arithmetic types. "
       "BOOLEAN DECIMAL"},
      {"-", "'a', 'b'",
       "TypeError: Error processing expression: ('a' - 'b'). Unsupported arithmetic types. "
       "STRING STRING"},
      {"negate", "'a'", "TypeError: Negation on unsupported type: 'a' (STRING)"},
      {"*", "12345678901234567890.0, 12345678901234567890.0",
       "152415787532388367501905199875019052100.00"},
  };
  for (const OperatorCase& one : cases) {
    CAPTURE(one.operation);
    CAPTURE(one.literals);
    CHECK(runCase(one.literals, arithmeticBuilder(one.operation)) == one.expected);
  }
}

TEST_CASE("types of arithmetic") {
  const std::vector<OperatorCase> cases{
      {"+", "1, 2", "INTEGER"},
      {"+", "1, 2L", "BIGINT"},
      {"+", "1.5, 1e0", "DOUBLE"},
      {"+", "1.50, 22.5", "DECIMAL(5, 2)"},
      {"-", "1.50, 1", "DECIMAL(13, 2)"},
      {"*", "1.50, 22.5", "DECIMAL(7, 3)"},
      {"/", "1.50, 22.5", "DECIMAL(8, 6)"},
      {"%", "1.50, 22.5", "DECIMAL(3, 2)"},
      {"+", "1.5, 1L", "DECIMAL(21, 1)"},
  };
  for (const OperatorCase& one : cases) {
    CAPTURE(one.operation);
    CAPTURE(one.literals);
    CHECK(typeOfCase(one.literals, arithmeticBuilder(one.operation)) == one.expected);
  }
}

TEST_CASE("comparison") {
  const std::vector<OperatorCase> cases{
      {"=", "1, 1", "true"},
      {"=", "1, 1e0", "true"},
      {"=", "1, 1.00", "true"},
      {"=", "1.10, 1.1", "true"},
      {"<", "1.09, 1.1", "true"},
      {"<", "1, 2L", "true"},
      {">=", "2, 2.5e0", "false"},
      {"<>", "'a', 'b'", "true"},
      {"<", "'B2', 'b1'", "true"},
      {"<", "'b10', 'b2'", "true"},
      {"=", "NAN, NAN", "false"},
      {"<>", "NAN, NAN", "true"},
      {"=", "TRUE, TRUE", "true"},
      {"=", "INTEGER NULL, 1", "false"},
      {"<>", "INTEGER NULL, 1", "false"},
      {"IS DISTINCT FROM", "INTEGER NULL, 1", "true"},
      {"IS DISTINCT FROM", "INTEGER NULL, INTEGER NULL", "false"},
      {"IS NOT DISTINCT FROM", "INTEGER NULL, INTEGER NULL", "true"},
      {"IS DISTINCT FROM", "1.5, 1.50", "false"},
      {"=", "DATE '2020-01-01', '2020-01-01'", "true"},
      {"<", "DATE '2020-01-01', TIMESTAMP '2020-01-01T00:00:01'", "true"},
      {">", "TIMESTAMP '2020-01-02', '2020-01'", "true"},
      {"=", "TIME '10:00', '10:00:00'", "true"},
      {"=", "ARRAY[1, 2], ARRAY[1, 2]", "true"},
      {"=", "ARRAY[1, 2], ARRAY[1, 3]", "false"},
      {"=", "MAP('a' := 1, 'b' := 2), MAP('b' := 2, 'a' := 1)", "true"},
      {"=", "STRUCT(A := 1), STRUCT(A := 1)", "true"},
      {"<", "BYTES 'AAE=', BYTES 'AAI='", "true"},
      {">", "1, 'x'", "TypeError: Cannot compare 1 (INTEGER) to 'x' (STRING) with GREATER_THAN."},
      {"<", "ARRAY[1], ARRAY[1]",
       "TypeError: Cannot compare ARRAY[1] (ARRAY<INTEGER>) to ARRAY[1] (ARRAY<INTEGER>) with "
       "LESS_THAN."},
      {"<", "TRUE, FALSE",
       "TypeError: Cannot compare true (BOOLEAN) to false (BOOLEAN) with LESS_THAN."},
      {"=", "1, NULL", "TypeError: Comparison with NULL not supported: INTEGER = NULL"},
      {"BETWEEN", "2, 2, 4", "true"},
      {"BETWEEN", "5, 2, 4", "false"},
      {"NOT BETWEEN", "5, 2, 4", "true"},
      {"NOT BETWEEN", "INTEGER NULL, 2, 4", "true"},
      {"IN", "1, 1, 2", "true"},
      {"IN", "1, 2, NULL", "false"},
      {"IN", "INTEGER NULL, 2, NULL", "false"},
      {"NOT IN", "INTEGER NULL, 2, 3", "true"},
      {"IN", "1, '2147483648', '1'", "true"},
      {"IN", "'10.30', TRUE, 10, 10.30", "true"},
      {"IN", "ARRAY[5L, 6L], ARRAY['5', NULL], ARRAY['5', '6']", "true"},
      {"IN", "STRUCT(F0 := 10), STRUCT(F0 := 11), STRUCT(F0 := 10)", "true"},
      {"IN", "STRUCT(F0 := 10), STRUCT(f0 := 10)", "false"},
      {"IN", "1, 'not 10'",
       "TypeError: Invalid Predicate: invalid input syntax for type INTEGER: \"not 10\"."},
      {"IN", "1.5, '10.0 - not a number'",
       "TypeError: Invalid Predicate: invalid input syntax for type DECIMAL: \"10.0 - not a "
       "number\"."},
      {"IN", "1L, TRUE",
       "TypeError: Invalid Predicate: operator does not exist: BIGINT = BOOLEAN (true)\nHint: You "
       "might need to add explicit type casts."},
      {"IS NULL", "INTEGER NULL", "true"},
      {"IS NULL", "1", "false"},
      {"IS NOT NULL", "1", "true"},
  };
  for (const OperatorCase& one : cases) {
    CAPTURE(one.operation);
    CAPTURE(one.literals);
    CHECK(runCase(one.literals, comparisonBuilder(one.operation)) == one.expected);
  }
}

TEST_CASE("UTF-16 order of texts") {
  // U+1F600 is a surrogate pair (D83D DE00) and so before U+FF5E.
  CHECK(runCase("'\U0001F600', '\uFF5E'", comparisonBuilder("<")) == "true");
  CHECK(runCase("'\u00e9', 'z'", comparisonBuilder(">")) == "true");
}

TEST_CASE("LIKE") {
  const auto run = [](const std::string& literals, std::optional<std::string> escape) {
    return runCase(literals, [&](std::vector<ExpressionPtr> operands) {
      return like(operands.at(0), operands.at(1), escape);
    });
  };
  const std::vector<OperatorCase> cases{
      {"", "'abc', 'abc'", "true"},
      {"", "'abc', 'a%'", "true"},
      {"", "'abc', '%c'", "true"},
      {"", "'abc', '%b%'", "true"},
      {"", "'abc', 'a_c'", "true"},
      {"", "'abc', 'A%'", "false"},
      {"", "'abc', 'ab'", "false"},
      {"", "'', '%'", "true"},
      {"", "'', ''", "true"},
      {"", "'', '_'", "false"},
      {"", "'aXbXc', 'a%X%c'", "true"},
      {"", "'mississippi', 'm%iss%ip%'", "true"},
      {"", "'mississippi', 'm%isx%'", "false"},
      {"", "'a.c', 'a.c'", "true"},
      {"", "'abc', 'a.c'", "false"},
      {"", "'\u00e9x', '_x'", "true"},
      {"!", "'a%', 'a!%'", "true"},
      {"!", "'ab', 'a!%'", "false"},
      {"!", "'a', 'a!'", "null!"},
      {"", "STRING NULL, 'a'", "false"},
      {"", "'a', STRING NULL", "false"},
      {"", "1, 'a'", "TypeError: Like condition must be between strings: 1 (INTEGER)"},
      {"ab", "'a', 'a'", "TypeError: Expected exactly one character in ESCAPE expression, got: ab"},
  };
  for (const OperatorCase& one : cases) {
    CAPTURE(one.literals);
    CHECK(run(one.literals,
              one.operation.empty() ? std::nullopt : std::optional<std::string>(one.operation)) ==
          one.expected);
  }
}

TEST_CASE("CASE unifies its types") {
  const auto run = [](const std::string& literals) {
    return runCase(literals, [](std::vector<ExpressionPtr> operands) {
      return caseWhen({operands.at(0)}, {operands.at(1)},
                      operands.size() > 2 ? operands[2] : nullptr);
    });
  };
  const std::vector<OperatorCase> cases{
      {"", "TRUE, 1, 2", "1"},
      {"", "FALSE, 1, 2", "2"},
      {"", "FALSE, 1", "null"},
      {"", "BOOLEAN NULL, 1, 2", "2"},
      {"", "TRUE, 1, 2.5", "1.0"},
      {"", "TRUE, NULL, 'x'", "null"},
      {"", "FALSE, ARRAY[1], ARRAY[2L]", "[2]"},
      {"", "TRUE, NULL, NULL",
       "TypeError: Invalid Case expression. All case branches have NULL type"},
      {"", "TRUE, 1, 'x'",
       "TypeError: Invalid Case expression. Type for the default clause should be the same as for "
       "'THEN' clauses.\nTHEN type: INTEGER.\nDEFAULT type: STRING."},
      {"", "1, 1, 2", "TypeError: WHEN operand type should be boolean.\nType for '1' is INTEGER"},
  };
  for (const OperatorCase& one : cases) {
    CAPTURE(one.literals);
    CHECK(run(one.literals) == one.expected);
  }
}
