// SPDX-License-Identifier: Apache-2.0
// Arithmetic of decimals over columns.
#pragma once

#include <vector>

#include "operators/expressions/BoundExpression.h"
#include "operators/expressions/PhysicalTypes.h"

namespace auspex::operators {

/// resultType: the one that the operation gives (TypeRules.h), which holds every sum, difference
/// and product of what the operands' types hold. A quotient or remainder that needs rounding, and a
/// division by zero, fail. Rows without validity may hold anything.
std::vector<Int128> computeDecimals(ArithmeticOperator operation, const SqlType& resultType,
                                    const Operand& left, const Operand& right, Selection rows,
                                    size_t numRows, std::vector<uint8_t>& validity,
                                    RowFailures& failures);

}  // namespace auspex::operators
