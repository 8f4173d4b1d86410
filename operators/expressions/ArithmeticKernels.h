// SPDX-License-Identifier: Apache-2.0
// + - * / % and unary minus over columns.
#pragma once

#include "operators/expressions/BoundExpression.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// Operands are of the result's type (decimals: of any scale; STRING: Add only). Integers wrap
/// around; division by zero of integers and decimals, and decimal results that would need rounding
/// or overflow, are failures.
ColumnPtr computeArithmetic(ArithmeticOperator operation, const SqlType& resultType,
                            const Operand& left, const Operand& right, Selection rows,
                            size_t numRows, RowFailures& failures);

/// -operand, of the operand's type; the smallest integer stays itself.
ColumnPtr computeNegation(const Operand& operand, Selection rows, size_t numRows);

/// Whether a row can fail with these operands.
bool canFail(ArithmeticOperator operation, const SqlType& resultType);

}  // namespace auspex::operators
