// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/ArithmeticKernels.h"

#include <array>
#include <cmath>
#include <cstring>

#include "operators/data/Arena.h"
#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/PhysicalTypes.h"

namespace auspex::operators {

namespace {

/// apply(left, right) for the selected rows; one loop per shape, so that constants stay registers.
template <typename T, typename Apply>
std::vector<T> mapPairs(const Operand& left, const Operand& right, Selection selected,
                        size_t numRows, Apply apply) {
  std::vector<T> values(numRows);
  const Selection rows = denseIfWorthwhile(selected, numRows);
  const T* const a = left.column->values<T>().data();
  const T* const b = right.column->values<T>().data();
  T* const out = values.data();
  if (left.constant && right.constant) {
    const T result = numRows == 0 ? T{} : apply(*a, *b);
    rows.forEach([&](size_t row) { out[row] = result; });
  } else if (left.constant) {
    const T constant = *a;
    rows.forEach([&](size_t row) { out[row] = apply(constant, b[row]); });
  } else if (right.constant) {
    const T constant = *b;
    rows.forEach([&](size_t row) { out[row] = apply(a[row], constant); });
  } else {
    rows.forEach([&](size_t row) { out[row] = apply(a[row], b[row]); });
  }
  return values;
}

template <typename Integer>
std::vector<Integer> computeWrapping(ArithmeticOperator operation, const Operand& left,
                                     const Operand& right, Selection rows, size_t numRows) {
  using Unsigned = std::make_unsigned_t<Integer>;
  const auto wrapping = [&](auto apply) {
    return mapPairs<Integer>(left, right, rows, numRows, [apply](Integer a, Integer b) {
      return static_cast<Integer>(apply(static_cast<Unsigned>(a), static_cast<Unsigned>(b)));
    });
  };
  switch (operation) {
    case ArithmeticOperator::Add:
      return wrapping([](Unsigned a, Unsigned b) { return a + b; });
    case ArithmeticOperator::Subtract:
      return wrapping([](Unsigned a, Unsigned b) { return a - b; });
    default:
      return wrapping([](Unsigned a, Unsigned b) { return a * b; });
  }
}

/// Division and remainder of integers: zero divisors fail, -1 is apart since it may overflow.
template <typename Integer>
std::vector<Integer> computeDivision(ArithmeticOperator operation, const Operand& left,
                                     const Operand& right, Selection rows, size_t numRows,
                                     std::vector<uint8_t>& validity, RowFailures& failures) {
  const OperandView<Integer> a(left);
  const OperandView<Integer> b(right);
  std::vector<Integer> values(numRows);
  const bool isDivision = operation == ArithmeticOperator::Divide;
  rows.forEach([&](size_t row) {
    if (!validity.empty() && validity[row] == 0) {
      return;
    }
    const Integer divisor = b[row];
    if (divisor == 0) {
      setNull(validity, row, numRows);
      failures.add(row, "Division by zero");
    } else if (divisor == -1) {
      using Unsigned = std::make_unsigned_t<Integer>;
      values[row] = isDivision ? static_cast<Integer>(Unsigned{0} - static_cast<Unsigned>(a[row]))
                               : Integer{0};
    } else {
      values[row] = static_cast<Integer>(isDivision ? a[row] / divisor : a[row] % divisor);
    }
  });
  return values;
}

std::vector<double> computeDoubles(ArithmeticOperator operation, const Operand& left,
                                   const Operand& right, Selection rows, size_t numRows) {
  switch (operation) {
    case ArithmeticOperator::Add:
      return mapPairs<double>(left, right, rows, numRows, [](double a, double b) { return a + b; });
    case ArithmeticOperator::Subtract:
      return mapPairs<double>(left, right, rows, numRows, [](double a, double b) { return a - b; });
    case ArithmeticOperator::Multiply:
      return mapPairs<double>(left, right, rows, numRows, [](double a, double b) { return a * b; });
    case ArithmeticOperator::Divide:
      return mapPairs<double>(left, right, rows, numRows, [](double a, double b) { return a / b; });
    case ArithmeticOperator::Modulo:
      break;
  }
  return mapPairs<double>(left, right, rows, numRows,
                          [](double a, double b) { return std::fmod(a, b); });
}

/// Two decimals and the scale of their result; nullopt when it is not exact or does not fit.
std::optional<Int128> applyDecimal(ArithmeticOperator operation, Int128 left, int leftScale,
                                   Int128 right, int rightScale, int scale) {
  if (operation == ArithmeticOperator::Multiply) {
    Int128 product = 0;
    if (__builtin_mul_overflow(left, right, &product)) {
      return std::nullopt;
    }
    return rescaleExact(product, leftScale + rightScale, scale);
  }
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
  Int128 result = 0;
  if (!a || !b) {
    return std::nullopt;
  }
  if (operation == ArithmeticOperator::Modulo) {
    return *b == 0 ? std::nullopt : rescaleExact(*a % *b, common, scale);
  }
  const bool overflow = operation == ArithmeticOperator::Add
                            ? __builtin_add_overflow(*a, *b, &result)
                            : __builtin_sub_overflow(*a, *b, &result);
  return overflow ? std::nullopt : rescaleExact(result, common, scale);
}

std::vector<Int128> computeDecimals(ArithmeticOperator operation, const SqlType& resultType,
                                    const Operand& left, const Operand& right, Selection rows,
                                    size_t numRows, std::vector<uint8_t>& validity,
                                    RowFailures& failures) {
  const OperandView<Int128> a(left);
  const OperandView<Int128> b(right);
  const int leftScale = left.type().scale();
  const int rightScale = right.type().scale();
  const bool divides =
      operation == ArithmeticOperator::Divide || operation == ArithmeticOperator::Modulo;
  std::vector<Int128> values(numRows);
  rows.forEach([&](size_t row) {
    if (!validity.empty() && validity[row] == 0) {
      return;
    }
    const std::optional<Int128> result =
        applyDecimal(operation, a[row], leftScale, b[row], rightScale, resultType.scale());
    if (result && fitsPrecision(*result, resultType.precision())) {
      values[row] = *result;
      return;
    }
    setNull(validity, row, numRows);
    failures.add(row, divides && b[row] == 0 ? "Division by zero" : "Rounding necessary");
  });
  return values;
}

ColumnPtr concatenateTexts(const SqlType& type, const Operand& left, const Operand& right,
                           Selection rows, size_t numRows, std::vector<uint8_t> validity) {
  const OperandView<std::string_view> a(left);
  const OperandView<std::string_view> b(right);
  const auto arena = std::make_shared<Arena>();
  std::vector<std::string_view> values(numRows, std::string_view("", 0));
  rows.forEach([&](size_t row) {
    if (!validity.empty() && validity[row] == 0) {
      return;
    }
    const std::string_view x = a[row];
    const std::string_view y = b[row];
    if (x.empty() || y.empty()) {
      values[row] = arena->copy(x.empty() ? y : x);
      return;
    }
    char* const target = arena->allocate(x.size() + y.size());
    std::memcpy(target, x.data(), x.size());
    std::memcpy(target + x.size(), y.data(), y.size());
    values[row] = {target, x.size() + y.size()};
  });
  return Column::make(type, std::move(values), std::move(validity), {arena});
}

template <typename Integer>
ColumnPtr computeIntegers(ArithmeticOperator operation, const SqlType& type, const Operand& left,
                          const Operand& right, Selection rows, size_t numRows,
                          std::vector<uint8_t> validity, RowFailures& failures) {
  const bool divides = canFail(operation, type);
  std::vector<Integer> values =
      divides ? computeDivision<Integer>(operation, left, right, rows, numRows, validity, failures)
              : computeWrapping<Integer>(operation, left, right, rows, numRows);
  return Column::make(type, std::move(values), std::move(validity));
}

}  // namespace

bool canFail(ArithmeticOperator operation, const SqlType& resultType) {
  if (resultType.is(TypeKind::Double) || resultType.is(TypeKind::String)) {
    return false;
  }
  return resultType.is(TypeKind::Decimal) || operation == ArithmeticOperator::Divide ||
         operation == ArithmeticOperator::Modulo;
}

ColumnPtr computeArithmetic(ArithmeticOperator operation, const SqlType& resultType,
                            const Operand& left, const Operand& right, Selection rows,
                            size_t numRows, RowFailures& failures) {
  const std::array<Operand, 2> operands{left, right};
  std::vector<uint8_t> validity = commonValidity(operands, numRows);
  switch (resultType.kind()) {
    case TypeKind::Integer:
      return computeIntegers<int32_t>(operation, resultType, left, right, rows, numRows,
                                      std::move(validity), failures);
    case TypeKind::Bigint:
      return computeIntegers<int64_t>(operation, resultType, left, right, rows, numRows,
                                      std::move(validity), failures);
    case TypeKind::Double:
      return Column::make(resultType, computeDoubles(operation, left, right, rows, numRows),
                          std::move(validity));
    case TypeKind::Decimal: {
      std::vector<Int128> values =
          computeDecimals(operation, resultType, left, right, rows, numRows, validity, failures);
      return Column::make(resultType, std::move(values), std::move(validity));
    }
    default:
      break;
  }
  AUSPEX_ASSERT(resultType.is(TypeKind::String));
  return concatenateTexts(resultType, left, right, rows, numRows, std::move(validity));
}

ColumnPtr computeNegation(const Operand& operand, Selection rows, size_t numRows) {
  const SqlType& type = operand.type();
  AUSPEX_ASSERT(type.isNumeric());
  std::vector<uint8_t> validity = commonValidity({&operand, 1}, numRows);
  return visitPhysical(type.kind(), [&](auto identity) -> ColumnPtr {
    using T = typename decltype(identity)::type;
    if constexpr (std::is_same_v<T, std::string_view>) {
      return nullptr;  // Not numeric: asserted above.
    } else {
      const OperandView<T> source(operand);
      std::vector<T> values(numRows);
      rows.forEach([&](size_t row) {
        if constexpr (std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t>) {
          using Unsigned = std::make_unsigned_t<T>;
          values[row] = static_cast<T>(Unsigned{0} - static_cast<Unsigned>(source[row]));
        } else {
          values[row] = static_cast<T>(-source[row]);
        }
      });
      return Column::make(type, std::move(values), std::move(validity));
    }
  });
}

}  // namespace auspex::operators
