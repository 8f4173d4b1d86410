// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/operators/expressions/CaseRunner.h"

#include "operators/expressions/CastKernels.h"
#include "operators/expressions/Evaluator.h"
#include "operators/expressions/TypeRules.h"
#include "tests/unit/operators/expressions/LiteralReader.h"

namespace auspex::operators {

namespace {

/// Row `row` of a result, `!` behind it when that row failed.
std::string rowText(const Column& column, const RowErrors& errors, uint32_t row) {
  std::string text;
  appendText(text, column, row);
  for (const RowError& error : errors.errors()) {
    if (error.drawIndex == row) {
      return text + "!";
    }
  }
  return text;
}

/// The literals as columns of `numRows` rows; rows that are not a multiple of 3 are NULL.
void makeColumns(const std::vector<ExpressionPtr>& literals, size_t numRows,
                 std::vector<ExpressionPtr>& operands, std::vector<ColumnPtr>& columns) {
  for (const ExpressionPtr& one : literals) {
    if (one->isUntypedNull() || one->as<TimeUnitNode>() != nullptr) {
      operands.push_back(one);
      continue;
    }
    std::vector<Value> values(numRows);
    for (size_t row = 0; row < numRows; row += 3) {
      values[row] = *constantValue(*one);
    }
    operands.push_back(column(columns.size(), one->type(), "C" + std::to_string(columns.size())));
    columns.push_back(makeColumn(one->type(), values));
  }
}

}  // namespace

std::string runCase(std::string_view literals, const Builder& build) {
  std::string expected;
  try {
    const std::vector<ExpressionPtr> operands = readLiterals(literals);
    // Constants: folded by the factory or, when the row fails, at run time.
    Evaluator constants({build(operands)});
    RowErrors errors;
    expected = rowText(*constants.evaluate({1, {}, {}}, errors)[0], errors, 0);
  } catch (const TypeError& error) {
    return std::string("TypeError: ") + error.what();
  }
  constexpr size_t kNumRows = 7;
  std::vector<ExpressionPtr> operands;
  std::vector<ColumnPtr> columns;
  makeColumns(readLiterals(literals), kNumRows, operands, columns);
  ExpressionPtr expression;
  try {
    expression = build(operands);
  } catch (const TypeError&) {
    return expected;  // Only literals go here: they are laxer than columns.
  }
  Evaluator evaluator({expression});
  const std::vector<uint32_t> some{0, 1, 3, 6};
  for (const Selection rows : {Selection::all(kNumRows), Selection::of(some)}) {
    RowErrors errors;
    const ColumnPtr result = evaluator.evaluate({kNumRows, columns, {}}, rows, errors)[0];
    for (const uint32_t row : {0U, 3U, 6U}) {
      const std::string text = rowText(*result, errors, row);
      if (text != expected) {
        return "DIFFERS: " + expected + " as constants, " + text + " as columns";
      }
    }
  }
  return expected;
}

std::string typeOfCase(std::string_view literals, const Builder& build) {
  try {
    return build(readLiterals(literals))->type().toString();
  } catch (const TypeError& error) {
    return std::string("TypeError: ") + error.what();
  }
}

ColumnPtr columnOf(std::string_view literals) {
  const std::vector<ExpressionPtr> items = readLiterals(literals);
  const SqlType type = commonTypeOfList(items).value();
  std::vector<Value> values;
  for (const ExpressionPtr& item : items) {
    values.push_back(*constantValue(*coerceTo(item, type)));
  }
  return makeColumn(type, values);
}

std::string textOfColumn(const Column& column) {
  std::string text;
  for (size_t row = 0; row < column.size(); ++row) {
    text += row == 0 ? "" : ", ";
    appendText(text, column, row);
  }
  return text;
}

}  // namespace auspex::operators
