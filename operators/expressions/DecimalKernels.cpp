// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/DecimalKernels.h"

#include <algorithm>
#include <optional>

#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/PairLoops.h"

namespace auspex::operators {

namespace {

/// Two decimals and the scale of their result; nullopt when it is not exact or does not fit.
std::optional<Int128> divide(ArithmeticOperator operation, Int128 left, int leftScale, Int128 right,
                             int rightScale, int scale) {
  if (operation == ArithmeticOperator::Divide) {
    // left / right at the result's scale: the numerator takes the digits that both scales lack.
    const std::optional<Int128> numerator = rescaleExact(left, leftScale - rightScale, scale);
    if (!numerator || right == 0 || *numerator % right != 0) {
      return std::nullopt;
    }
    return *numerator / right;
  }
  const int common = std::max(leftScale, rightScale);
  const std::optional<Int128> a = rescaleExact(left, leftScale, common);
  const std::optional<Int128> b = rescaleExact(right, rightScale, common);
  if (!a || !b || *b == 0) {
    return std::nullopt;
  }
  return rescaleExact(*a % *b, common, scale);
}

__extension__ typedef unsigned __int128 UnsignedInt128;

// Without overflow that is none of C++'s: rows without validity hold anything.

inline Int128 wrappingSum(Int128 left, Int128 right) {
  return static_cast<Int128>(static_cast<UnsignedInt128>(left) +
                             static_cast<UnsignedInt128>(right));
}

inline Int128 wrappingProduct(Int128 left, Int128 right) {
  return static_cast<Int128>(static_cast<UnsignedInt128>(left) *
                             static_cast<UnsignedInt128>(right));
}

/// Neither a sum nor its operands at the common scale have more digits than the result's type.
std::vector<Int128> addDecimals(ArithmeticOperator operation, const Operand& left,
                                const Operand& right, Selection rows, size_t numRows) {
  const int leftScale = left.type().scale();
  const int rightScale = right.type().scale();
  const bool adds = operation == ArithmeticOperator::Add;
  if (leftScale == rightScale) {
    return adds ? mapPairs<Int128>(left, right, rows, numRows,
                                   [](Int128 a, Int128 b) { return wrappingSum(a, b); })
                : mapPairs<Int128>(left, right, rows, numRows, [](Int128 a, Int128 b) {
                    return wrappingSum(a, wrappingProduct(b, -1));
                  });
  }
  const int common = std::max(leftScale, rightScale);
  const Int128 leftFactor = powerOfTen(common - leftScale);
  const Int128 rightFactor =
      adds ? powerOfTen(common - rightScale) : -powerOfTen(common - rightScale);
  return mapPairs<Int128>(
      left, right, rows, numRows, [leftFactor, rightFactor](Int128 a, Int128 b) {
        return wrappingSum(wrappingProduct(a, leftFactor), wrappingProduct(b, rightFactor));
      });
}

}  // namespace

std::vector<Int128> computeDecimals(ArithmeticOperator operation, const SqlType& resultType,
                                    const Operand& left, const Operand& right, Selection rows,
                                    size_t numRows, std::vector<uint8_t>& validity,
                                    RowFailures& failures) {
  if (operation == ArithmeticOperator::Multiply) {
    return mapPairs<Int128>(left, right, rows, numRows,
                            [](Int128 a, Int128 b) { return wrappingProduct(a, b); });
  }
  if (operation == ArithmeticOperator::Add || operation == ArithmeticOperator::Subtract) {
    return addDecimals(operation, left, right, rows, numRows);
  }
  const OperandView<Int128> a(left);
  const OperandView<Int128> b(right);
  const int leftScale = left.type().scale();
  const int rightScale = right.type().scale();
  std::vector<Int128> values(numRows);
  rows.forEach([&](size_t row) {
    if (!validity.empty() && validity[row] == 0) {
      return;
    }
    const std::optional<Int128> result =
        divide(operation, a[row], leftScale, b[row], rightScale, resultType.scale());
    if (result && fitsPrecision(*result, resultType.precision())) {
      values[row] = *result;
      return;
    }
    setNull(validity, row, numRows);
    failures.add(row, b[row] == 0 ? "Division by zero" : "Rounding necessary");
  });
  return values;
}

}  // namespace auspex::operators
