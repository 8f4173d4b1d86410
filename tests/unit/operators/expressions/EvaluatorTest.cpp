// SPDX-License-Identifier: Apache-2.0
// The Evaluator: laziness, selections, sharing, batches cut anywhere; nested values; trees as text.
#include <doctest/doctest.h>

#include "operators/expressions/Evaluator.h"
#include "operators/functions/FunctionRegistry.h"
#include "tests/unit/operators/expressions/CaseRunner.h"
#include "tests/unit/operators/expressions/LiteralReader.h"

using namespace auspex::operators;

namespace {

/// Columns A (INTEGER), B (INTEGER), C (STRING), D (BOOLEAN) of eight rows.
struct Table {
  std::vector<ColumnPtr> columns{columnOf("1, 0, 3, NULL, 5, 0, 7, 8"),
                                 columnOf("10, 20, 0, 40, 0, 60, NULL, 80"),
                                 columnOf("'xa', 'b', NULL, 'xb', '1', '2', 'x', ''"),
                                 columnOf("TRUE, FALSE, NULL, TRUE, FALSE, NULL, TRUE, FALSE")};
  ExpressionPtr a = column(0, SqlType::integer(), "A");
  ExpressionPtr b = column(1, SqlType::integer(), "B");
  ExpressionPtr c = column(2, SqlType::string(), "C");
  ExpressionPtr d = column(3, SqlType::boolean(), "D");

  /// B / A, which fails in rows 1 and 5.
  ExpressionPtr quotient() const { return arithmetic(ArithmeticOperator::Divide, b, a); }
  ExpressionPtr number(int value) const { return integerLiteral(value); }
  ExpressionPtr compare(ComparisonOperator operation, ExpressionPtr left, int right) const {
    return comparison(operation, std::move(left), number(right));
  }
};

std::string evaluateText(const ExpressionPtr& expression, const Table& table,
                         std::string& failedRows) {
  Evaluator evaluator({expression});
  RowErrors errors;
  const ColumnPtr result = evaluator.evaluate({8, table.columns, {}}, errors)[0];
  failedRows.clear();
  for (const RowError& error : errors.errors()) {
    failedRows += std::to_string(error.drawIndex);
  }
  return textOfColumn(*result);
}

struct Case {
  ExpressionPtr expression;
  std::string values;
  std::string failedRows;
};

std::vector<Case> makeCases(const Table& t) {
  using Op = ComparisonOperator;
  const ExpressionPtr fails = t.compare(Op::Greater, t.quotient(), 5);
  const ExpressionPtr nonZero = t.compare(Op::NotEqual, t.a, 0);
  const ExpressionPtr isZero = t.compare(Op::Equal, t.a, 0);
  return {
      {t.quotient(), "10, null, 0, null, 0, null, null, 10", "15"},
      // AND and OR look at the right side only where the left one leaves the answer open.
      {logicalAnd(nonZero, fails), "true, false, false, false, false, false, false, true", ""},
      {logicalOr(isZero, fails), "true, true, false, false, false, true, false, true", ""},
      {logicalAnd(fails, nonZero), "true, false, false, false, false, false, false, true", "15"},
      // A NULL on the left is the answer; on the right it is where it is looked at.
      {logicalAnd(t.d, nonZero), "true, false, null, false, false, null, true, false", ""},
      {logicalAnd(nonZero, t.d), "true, false, null, false, false, false, true, false", ""},
      {logicalOr(t.d, isZero), "true, true, null, true, false, null, true, false", ""},
      {logicalNot(t.d), "false, true, null, false, true, null, false, true", ""},
      {logicalNot(comparison(Op::Equal, t.a, t.b)),
       "true, true, true, true, true, true, true, true", ""},
      // CASE computes a branch for its rows only.
      {caseWhen({isZero}, {t.number(-1)}, t.quotient()), "10, -1, 0, null, 0, -1, null, 10", ""},
      {caseWhen({nonZero, t.d}, {t.quotient(), t.number(7)}, nullptr),
       "10, null, 0, 7, 0, null, null, 10", ""},
      {caseWhen({t.d}, {t.c}, literal("other")), "xa, other, other, xb, other, other, x, other",
       ""},
      {like(t.c, literal("x%")), "true, false, false, true, false, false, true, false", ""},
      {cast(t.c, SqlType::integer()), "null, null, null, null, 1, 2, null, null", "01367"},
      {arithmetic(ArithmeticOperator::Add, t.quotient(), t.quotient()),
       "20, null, 0, null, 0, null, null, 20", "15"},
  };
}

}  // namespace

TEST_CASE("values and failures over columns") {
  const Table table;
  for (const Case& one : makeCases(table)) {
    CAPTURE(one.expression->toString());
    std::string failedRows;
    CHECK(evaluateText(one.expression, table, failedRows) == one.values);
    CHECK(failedRows == one.failedRows);
  }
}

TEST_CASE("law of batches: neither cuts nor selections change a row") {
  const Table table;
  for (const Case& one : makeCases(table)) {
    CAPTURE(one.expression->toString());
    Evaluator evaluator({one.expression});
    for (const uint32_t size : {1U, 2U, 3U, 7U}) {
      std::string values;
      std::string failedRows;
      for (uint32_t begin = 0; begin < 8; begin += size) {
        std::vector<uint32_t> rows;
        for (uint32_t row = begin; row < std::min(begin + size, 8U); ++row) {
          rows.push_back(row);
        }
        std::vector<ColumnPtr> columns;
        for (const ColumnPtr& whole : table.columns) {
          columns.push_back(gather(whole, rows));
        }
        RowErrors errors;
        const ColumnPtr cut = evaluator.evaluate({rows.size(), columns, rows}, errors)[0];
        values += (values.empty() ? "" : ", ") + textOfColumn(*cut);
        for (const RowError& error : errors.errors()) {
          failedRows += std::to_string(error.drawIndex);
        }
        // The same rows, picked from the whole.
        RowErrors selectedErrors;
        const ColumnPtr whole =
            evaluator.evaluate({8, table.columns, {}}, Selection::of(rows), selectedErrors)[0];
        CHECK(textOfColumn(*gather(whole, rows)) == textOfColumn(*cut));
        CHECK(selectedErrors.errors().size() == errors.errors().size());
      }
      CHECK(values == one.values);
      CHECK(failedRows == one.failedRows);
    }
  }
}

TEST_CASE("filter keeps true, drops false and NULL") {
  const Table t;
  using Op = ComparisonOperator;
  const auto rowsOf = [&](const ExpressionPtr& condition, Selection rows, std::string& failed) {
    Evaluator evaluator({condition});
    RowErrors errors;
    std::string text;
    for (const uint32_t row : evaluator.evaluateFilter({8, t.columns, {}}, rows, errors)) {
      text += std::to_string(row);
    }
    failed.clear();
    for (const RowError& error : errors.errors()) {
      failed += std::to_string(error.drawIndex);
    }
    return text;
  };
  std::string failed;
  const Selection all = Selection::all(8);
  CHECK(rowsOf(t.d, all, failed) == "036");
  CHECK(rowsOf(logicalNot(t.d), all, failed) == "147");
  CHECK(rowsOf(literal(true), all, failed) == "01234567");
  CHECK(rowsOf(literal(false), all, failed).empty());
  CHECK(rowsOf(t.compare(Op::GreaterOrEqual, t.a, 0), all, failed) == "0124567");
  const ExpressionPtr guarded =
      logicalAnd(t.compare(Op::NotEqual, t.a, 0), t.compare(Op::Greater, t.quotient(), 5));
  CHECK(rowsOf(guarded, all, failed) == "07");
  CHECK(failed.empty());
  CHECK(rowsOf(t.compare(Op::Greater, t.quotient(), 5), all, failed) == "07");
  CHECK(failed == "15");
  const std::vector<uint32_t> some{1, 3, 7};
  CHECK(rowsOf(guarded, Selection::of(some), failed) == "7");
}

TEST_CASE("a shared expression is computed once") {
  const Table t;
  Evaluator evaluator({t.quotient(), arithmetic(ArithmeticOperator::Add, t.quotient(), t.a)});
  RowErrors errors;
  const std::vector<ColumnPtr> results = evaluator.evaluate({8, t.columns, {}}, errors);
  CHECK(textOfColumn(*results[1]) == "11, null, 3, null, 5, null, null, 18");
  CHECK(errors.errors().size() == 2);
  CHECK(errors.errors()[0].place == "(B / A)");
  CHECK(errors.errors()[0].message == "Division by zero");
}

TEST_CASE("nested values") {
  struct NestedCase {
    std::string literals;
    Builder build;
    std::string expected;
  };
  const Builder at = [](auto operands) { return subscript(operands.at(0), operands.at(1)); };
  const auto fieldOf = [](const std::string& name) -> Builder {
    return [name](auto operands) { return dereference(operands.at(0), name); };
  };
  const std::vector<NestedCase> cases{
      {"ARRAY[5, NULL, 7], 1", at, "5"},
      {"ARRAY[5, NULL, 7], 2", at, "null"},
      {"ARRAY[5, NULL, 7], -1", at, "7"},
      {"ARRAY[5, NULL, 7], 0", at, "null"},
      {"ARRAY[5, NULL, 7], 4", at, "null"},
      {"ARRAY[5, NULL, 7], -4", at, "null"},
      {"EMPTY_INTS, 1", at, "null"},
      {"ARRAY[ARRAY[1, 2], ARRAY[3]], 2", at, "[3]"},
      {"MAP('a' := 1, 'b' := 2), 'b'", at, "2"},
      {"MAP('a' := 1), 'x'", at, "null"},
      {"MAP('a' := 1, 'a' := 2), 'a'", at, "2"},
      {"MAP(1 := 'x'), 1", at, "x"},
      {"STRUCT(A := 1, B := 'x')", fieldOf("B"), "x"},
      {"STRUCT(A := STRUCT(B := 2))", fieldOf("A"), "Struct{B=2}"},
      {"STRUCT(A := 1)", fieldOf("Z"),
       "TypeError: Could not find field 'Z' in 'STRUCT(A := 1)'. Fields are: A"},
      {"1, 1", at, "TypeError: [] works on ARRAY and MAP, not on 1 (INTEGER)"},
      {"ARRAY[1], 'x'", at, "TypeError: Array index must be an integer, got 'x' (STRING)"},
      {"1, 2.5, NULL", [](auto operands) { return arrayOf(operands); }, "[1.0, 2.5, null]"},
      {"NULL, NULL", [](auto operands) { return arrayOf(operands); },
       "TypeError: Cannot construct an array with all NULL elements (see "
       "https://github.com/confluentinc/ksql/issues/4239). As a workaround, you may cast a NULL "
       "value to the desired type."},
      {"STRING NULL, 1", [](auto operands) { return mapOf({operands[0]}, {operands[1]}); },
       "{null=1}"},
      {"1, 2",
       [](auto operands) {
         return structOf({{"A", operands[0]}, {"A", operands[1]}});
       },
       "TypeError: Duplicate field names found in STRUCT: 'A'"},
  };
  for (const NestedCase& one : cases) {
    CAPTURE(one.literals);
    const std::string result = runCase(one.literals, one.build);
    CHECK(result == one.expected);
  }
}

TEST_CASE("expressions as text") {
  const Table t;
  const FunctionRegistry registry = makeBuiltinFunctions();
  const std::vector<std::pair<ExpressionPtr, std::string>> cases{
      {arithmetic(ArithmeticOperator::Add, t.a, doubleLiteral(1.5)), "(A + 1.5)"},
      {comparison(ComparisonOperator::GreaterOrEqual, t.a, t.b), "(A >= B)"},
      {logicalAnd(t.d, logicalNot(t.d)), "(D AND (NOT D))"},
      {cast(t.a, SqlType::string()), "CAST(A AS STRING)"},
      {in(t.a, {t.b, integerLiteral(2)}), "(A IN (B, 2))"},
      {like(t.c, literal("it's%"), "!"), "(C LIKE 'it''s%' ESCAPE '!')"},
      {isNull(t.c, true), "(C IS NOT NULL)"},
      {call("ucase", {t.c}, registry), "UCASE(C)"},
      {concat(t.c, literal("x"), registry), "CONCAT(C, 'x')"},
      {subscript(arrayOf({t.a, t.b}), integerLiteral(1)), "ARRAY[A, B][1]"},
      {dereference(structOf({{"F", t.a}}), "F"), "STRUCT(F := A)->F"},
      {mapOf({literal("k")}, {t.a}), "MAP('k' := A)"},
      {caseWhen({t.d}, {t.a}, t.b), "(CASE WHEN D THEN A ELSE B END)"},
      {arithmetic(ArithmeticOperator::Add, integerLiteral(1), integerLiteral(2)), "3"},
      {negate(t.a), "-A"},
  };
  for (const auto& [expression, text] : cases) {
    CHECK(expression->toString() == text);
  }
}

TEST_CASE("columns of a tree") {
  const Table t;
  const ExpressionPtr tree = caseWhen({t.d}, {t.b}, arithmetic(ArithmeticOperator::Add, t.a, t.b));
  std::vector<size_t> columns;
  collectColumns(*tree, columns);
  CHECK(columns == std::vector<size_t>{0, 1, 3});
  const ExpressionPtr moved = remapColumns(tree, {5, 6, 7, 8});
  columns.clear();
  collectColumns(*moved, columns);
  CHECK(columns == std::vector<size_t>{5, 6, 8});
  CHECK(isSame(*tree, *remapColumns(moved, {0, 0, 0, 0, 0, 0, 1, 2, 3})));
  CHECK_FALSE(isSame(*tree, *moved));
}
