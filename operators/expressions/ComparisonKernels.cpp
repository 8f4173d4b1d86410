// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/ComparisonKernels.h"

#include <array>

#include "operators/expressions/BigDecimalKernels.h"
#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/PhysicalTypes.h"
#include "operators/expressions/RowOrder.h"

namespace auspex::operators {

namespace {

/// apply(left, right) -> bool for the selected rows; one loop per shape.
template <typename T, typename Apply>
void comparePairs(const Operand& left, const Operand& right, Selection rows,
                  std::vector<uint8_t>& out, Apply apply) {
  const T* const a = left.column->values<T>().data();
  const T* const b = right.column->values<T>().data();
  uint8_t* const target = out.data();
  if (right.constant && !left.constant) {
    const T constant = *b;
    rows.forEach([&](size_t row) { target[row] = apply(a[row], constant) ? 1 : 0; });
  } else if (!right.constant && !left.constant) {
    rows.forEach([&](size_t row) { target[row] = apply(a[row], b[row]) ? 1 : 0; });
  } else {
    const size_t rightMask = right.constant ? 0 : ~size_t{0};
    const T constant = *a;
    rows.forEach([&](size_t row) { target[row] = apply(constant, b[row & rightMask]) ? 1 : 0; });
  }
}

/// Plain order of numbers: IEEE for doubles, as Java's operators.
template <typename T>
void compareNumbers(ComparisonOperator operation, const Operand& left, const Operand& right,
                    Selection rows, std::vector<uint8_t>& out) {
  switch (operation) {
    case ComparisonOperator::Equal:
    case ComparisonOperator::IsNotDistinctFrom:
      return comparePairs<T>(left, right, rows, out, [](T a, T b) { return a == b; });
    case ComparisonOperator::NotEqual:
    case ComparisonOperator::IsDistinctFrom:
      return comparePairs<T>(left, right, rows, out, [](T a, T b) { return a != b; });
    case ComparisonOperator::Less:
      return comparePairs<T>(left, right, rows, out, [](T a, T b) { return a < b; });
    case ComparisonOperator::LessOrEqual:
      return comparePairs<T>(left, right, rows, out, [](T a, T b) { return a <= b; });
    case ComparisonOperator::Greater:
      return comparePairs<T>(left, right, rows, out, [](T a, T b) { return a > b; });
    case ComparisonOperator::GreaterOrEqual:
      return comparePairs<T>(left, right, rows, out, [](T a, T b) { return a >= b; });
  }
}

bool holds(ComparisonOperator operation, int order) {
  switch (operation) {
    case ComparisonOperator::Equal:
    case ComparisonOperator::IsNotDistinctFrom:
      return order == 0;
    case ComparisonOperator::NotEqual:
    case ComparisonOperator::IsDistinctFrom:
      return order != 0;
    case ComparisonOperator::Less:
      return order < 0;
    case ComparisonOperator::LessOrEqual:
      return order <= 0;
    case ComparisonOperator::Greater:
      return order > 0;
    case ComparisonOperator::GreaterOrEqual:
      return order >= 0;
  }
  return false;
}

bool isEquality(ComparisonOperator operation) {
  return operation == ComparisonOperator::Equal || operation == ComparisonOperator::NotEqual ||
         operation == ComparisonOperator::IsDistinctFrom ||
         operation == ComparisonOperator::IsNotDistinctFrom;
}

void compareTexts(ComparisonOperator operation, const Operand& left, const Operand& right,
                  Selection rows, std::vector<uint8_t>& out) {
  using View = std::string_view;
  if (isEquality(operation)) {
    const bool wanted = holds(operation, 0);
    return comparePairs<View>(left, right, rows, out,
                              [wanted](View a, View b) { return (a == b) == wanted; });
  }
  if (left.type().is(TypeKind::String)) {
    return comparePairs<View>(left, right, rows, out, [operation](View a, View b) {
      return holds(operation, compareText(a, b));
    });
  }
  comparePairs<View>(left, right, rows, out,
                     [operation](View a, View b) { return holds(operation, a.compare(b)); });
}

/// Decimals, at the larger of their scales where it holds both.
void compareDecimalPairs(ComparisonOperator operation, const Operand& left, const Operand& right,
                         Selection rows, std::vector<uint8_t>& out) {
  const int leftScale = left.type().scale();
  const int rightScale = right.type().scale();
  if (leftScale == rightScale) {
    return compareNumbers<Int128>(operation, left, right, rows, out);
  }
  comparePairs<Int128>(left, right, rows, out, [=](Int128 a, Int128 b) {
    return holds(operation, compareDecimals(a, leftScale, b, rightScale));
  });
}

/// Nested values, row by row.
void compareSlowly(ComparisonOperator operation, const Operand& left, const Operand& right,
                   Selection rows, std::vector<uint8_t>& out) {
  AUSPEX_ASSERT(left.type().isNested() && isEquality(operation));
  rows.forEach([&](size_t row) {
    if (left.isNull(row) || right.isNull(row)) {
      return;
    }
    const size_t a = left.rowOf(row);
    const size_t b = right.rowOf(row);
    const int order = equalRows(*left.column, a, *right.column, b) ? 0 : 1;
    out[row] = holds(operation, order) ? 1 : 0;
  });
}

/// Rows with a NULL: false, except for the operators that know NULLs.
void settleNulls(ComparisonOperator operation, const Operand& left, const Operand& right,
                 size_t numRows, std::vector<uint8_t>& out) {
  const bool distinct = operation == ComparisonOperator::IsDistinctFrom;
  if (!distinct && operation != ComparisonOperator::IsNotDistinctFrom) {
    const std::array<Operand, 2> operands{left, right};
    const std::vector<uint8_t> validity = commonValidity(operands, numRows);
    for (size_t row = 0; row < validity.size(); ++row) {
      out[row] = static_cast<uint8_t>(out[row] & validity[row]);
    }
    return;
  }
  if (!left.column->hasNulls() && !right.column->hasNulls()) {
    return;
  }
  for (size_t row = 0; row < numRows; ++row) {
    const bool leftNull = left.isNull(row);
    const bool rightNull = right.isNull(row);
    if (leftNull || rightNull) {
      out[row] = (leftNull != rightNull) == distinct ? 1 : 0;
    }
  }
}

}  // namespace

ColumnPtr computeComparison(ComparisonOperator operation, const Operand& left, const Operand& right,
                            Selection rows, size_t numRows) {
  std::vector<uint8_t> out(numRows, 0);
  const bool isBig = left.type().is(TypeKind::BigDecimal) || right.type().is(TypeKind::BigDecimal);
  if (isBig) {
    AUSPEX_ASSERT(left.type().isDecimal() && right.type().isDecimal());
    compareBigDecimals(
        left, right, rows, [operation](int order) { return holds(operation, order); }, out);
    settleNulls(operation, left, right, numRows, out);
  } else if (numRows != 0) {
    AUSPEX_ASSERT(left.type().kind() == right.type().kind());
    const Selection dense = denseIfWorthwhile(rows, numRows);
    switch (left.type().kind()) {
      case TypeKind::Boolean:
        compareNumbers<uint8_t>(operation, left, right, dense, out);
        break;
      case TypeKind::Integer:
      case TypeKind::Time:
      case TypeKind::Date:
        compareNumbers<int32_t>(operation, left, right, dense, out);
        break;
      case TypeKind::Bigint:
      case TypeKind::Timestamp:
        compareNumbers<int64_t>(operation, left, right, dense, out);
        break;
      case TypeKind::Double:
        compareNumbers<double>(operation, left, right, dense, out);
        break;
      case TypeKind::Decimal:
        compareDecimalPairs(operation, left, right, rows, out);
        break;
      case TypeKind::String:
      case TypeKind::Bytes:
        compareTexts(operation, left, right, rows, out);
        break;
      default:
        compareSlowly(operation, left, right, rows, out);
        break;
    }
    settleNulls(operation, left, right, numRows, out);
  }
  return Column::make(SqlType::boolean(), std::move(out));
}

ColumnPtr computeIn(const Operand& value, std::span<const Operand> candidates, Selection rows,
                    size_t numRows) {
  std::vector<uint8_t> out(numRows, 0);
  for (const Operand& candidate : candidates) {
    const ColumnPtr equal =
        computeComparison(ComparisonOperator::Equal, value, candidate, rows, numRows);
    const uint8_t* const source = equal->values<uint8_t>().data();
    for (size_t row = 0; row < numRows; ++row) {
      out[row] = static_cast<uint8_t>(out[row] | source[row]);
    }
  }
  return Column::make(SqlType::boolean(), std::move(out));
}

}  // namespace auspex::operators
