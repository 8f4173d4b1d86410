// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/ArithmeticKernels.h"

#include <array>
#include <cmath>
#include <cstring>

#include "operators/data/Arena.h"
#include "operators/expressions/BigDecimalKernels.h"
#include "operators/expressions/ConstantDivisor.h"
#include "operators/expressions/DecimalKernels.h"
#include "operators/expressions/PairLoops.h"
#include "operators/expressions/PhysicalTypes.h"

namespace auspex::operators {

namespace {

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

/// Division and remainder by the same number in every row, which is neither 0 nor -1.
template <typename Integer>
std::vector<Integer> divideByConstant(ArithmeticOperator operation, const Operand& left,
                                      Integer divisor, size_t numRows) {
  const ConstantDivisor constant(divisor);
  const OperandView<Integer> a(left);
  std::vector<Integer> values(numRows);
  if (operation == ArithmeticOperator::Divide) {
    for (size_t row = 0; row < numRows; ++row) {
      values[row] = static_cast<Integer>(constant.quotient(a[row]));
    }
  } else {
    for (size_t row = 0; row < numRows; ++row) {
      values[row] = static_cast<Integer>(constant.remainder(a[row]));
    }
  }
  return values;
}

/// Division and remainder of integers: zero divisors fail, -1 is apart since it may overflow.
template <typename Integer>
std::vector<Integer> computeDivision(ArithmeticOperator operation, const Operand& left,
                                     const Operand& right, Selection rows, size_t numRows,
                                     std::vector<uint8_t>& validity, RowFailures& failures) {
  const OperandView<Integer> a(left);
  const OperandView<Integer> b(right);
  if (right.constant && !right.isNull(0) && b[0] != 0 && b[0] != -1) {
    return divideByConstant<Integer>(operation, left, b[0], numRows);
  }
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

bool isBig(const SqlType& type) {
  return type.is(TypeKind::BigDecimal);
}

}  // namespace

bool canFail(ArithmeticOperator operation, const SqlType& resultType) {
  if (resultType.is(TypeKind::Double) || resultType.is(TypeKind::String)) {
    return false;
  }
  return isBig(resultType) || operation == ArithmeticOperator::Divide ||
         operation == ArithmeticOperator::Modulo;
}

ColumnPtr computeArithmetic(ArithmeticOperator operation, const SqlType& resultType,
                            const Operand& left, const Operand& right, Selection rows,
                            size_t numRows, RowFailures& failures) {
  if (isBig(resultType) || isBig(left.type()) || isBig(right.type())) {
    return computeBigArithmetic(operation, resultType, left, right, rows, numRows, failures);
  }
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
  if (isBig(type)) {
    return computeBigNegation(operand, rows, numRows);
  }
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
