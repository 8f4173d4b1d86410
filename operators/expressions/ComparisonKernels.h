// SPDX-License-Identifier: Apache-2.0
// = <> < <= > >=, IS DISTINCT FROM and IN over columns. There is no third truth value: the result
// never is NULL.
#pragma once

#include "operators/expressions/BoundExpression.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// BOOLEAN column without nulls. Operands have one type (decimals: of any scale). A comparison with
/// a NULL is false; IS [NOT] DISTINCT FROM takes NULLs as equal to each other.
ColumnPtr computeComparison(ComparisonOperator operation, const Operand& left, const Operand& right,
                            Selection rows, size_t numRows);

/// Whether the value equals one of the candidates, all of one type; NULLs equal nothing.
ColumnPtr computeIn(const Operand& value, std::span<const Operand> candidates, Selection rows,
                    size_t numRows);

}  // namespace auspex::operators
