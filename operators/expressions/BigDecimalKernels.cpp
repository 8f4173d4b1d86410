// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/BigDecimalKernels.h"

#include <array>
#include <cmath>

#include "operators/expressions/CastKernels.h"

namespace auspex::operators {

namespace {

std::optional<BigDecimal> applyBig(ArithmeticOperator operation, const BigDecimal& left,
                                   const BigDecimal& right, int scale) {
  switch (operation) {
    case ArithmeticOperator::Add:
      return left + right;
    case ArithmeticOperator::Subtract:
      return left - right;
    case ArithmeticOperator::Multiply:
      return left * right;
    case ArithmeticOperator::Divide:
      return BigDecimal::quotient(left, right, scale);
    case ArithmeticOperator::Modulo:
      break;
  }
  return BigDecimal::remainder(left, right);
}

/// The exact value of a double, which has at most 1,074 binary places, rounded to the scale.
std::optional<BigDecimal> bigDecimalOfDouble(double value, const SqlType& type) {
  if (!std::isfinite(value) || std::fabs(value) >= 1e300) {
    return std::nullopt;
  }
  constexpr int kGuardDigits = 40;
  std::array<char, 2048> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.*f",
                                   std::min(type.scale() + kGuardDigits, 1000), value);
  AUSPEX_ASSERT(length > 0 && static_cast<size_t>(length) < buffer.size());
  const auto number = BigDecimal::parse({buffer.data(), static_cast<size_t>(length)});
  return number ? number->fitted(type, DecimalRounding::HalfUp) : std::nullopt;
}

std::optional<BigDecimal> bigDecimalOfText(std::string_view text, const SqlType& type) {
  const std::optional<BigDecimal> number = BigDecimal::parse(trimmedText(text));
  return number ? number->fitted(type, DecimalRounding::HalfUp) : std::nullopt;
}

template <typename T, typename Convert>
ColumnPtr convertBigDecimals(const Operand& operand, const SqlType& to, Selection rows,
                             size_t numRows, Convert convert) {
  std::vector<T> values(numRows);
  rows.forEach([&](size_t row) {
    if (!operand.isNull(row)) {
      values[row] = convert(bigDecimalAt(*operand.column, operand.rowOf(row)));
    }
  });
  return Column::make(to, std::move(values), commonValidity({&operand, 1}, numRows));
}

}  // namespace

DecimalColumnBuilder::DecimalColumnBuilder(const SqlType& type, size_t numRows,
                                           std::vector<uint8_t> validity)
    : type_(type), numRows_(numRows), validity_(std::move(validity)) {
  AUSPEX_ASSERT(type.isDecimal());
  if (type.is(TypeKind::Decimal)) {
    plain_.resize(numRows);
  } else {
    texts_.assign(numRows, std::string_view("", 0));
    arena_ = std::make_shared<Arena>();
  }
}

bool DecimalColumnBuilder::set(size_t row, const BigDecimal& value) {
  if (arena_ != nullptr) {
    texts_[row] = arena_->copy(value.toString());
    return true;
  }
  const std::optional<Int128> unscaled = value.unscaled();
  if (!unscaled) {
    fail(row);
    return false;
  }
  plain_[row] = *unscaled;
  return true;
}

ColumnPtr DecimalColumnBuilder::finish() {
  if (arena_ == nullptr) {
    return Column::make(type_, std::move(plain_), std::move(validity_));
  }
  return Column::make(type_, std::move(texts_), std::move(validity_), {arena_});
}

ColumnPtr computeBigArithmetic(ArithmeticOperator operation, const SqlType& resultType,
                               const Operand& left, const Operand& right, Selection rows,
                               size_t numRows, RowFailures& failures) {
  const std::array<Operand, 2> operands{left, right};
  DecimalColumnBuilder builder(resultType, numRows, commonValidity(operands, numRows));
  rows.forEach([&](size_t row) {
    if (!builder.isPresent(row)) {
      return;
    }
    const BigDecimal b = bigDecimalAt(*right.column, right.rowOf(row));
    const auto result =
        applyBig(operation, bigDecimalAt(*left.column, left.rowOf(row)), b, resultType.scale());
    const auto fitted = result ? result->fitted(resultType, DecimalRounding::Exact) : std::nullopt;
    if (!fitted || !builder.set(row, *fitted)) {
      const bool divides =
          operation == ArithmeticOperator::Divide || operation == ArithmeticOperator::Modulo;
      builder.fail(row);
      failures.add(row, divides && b.isZero() ? "Division by zero" : "Rounding necessary");
    }
  });
  return builder.finish();
}

ColumnPtr computeBigNegation(const Operand& operand, Selection rows, size_t numRows) {
  DecimalColumnBuilder builder(operand.type(), numRows, commonValidity({&operand, 1}, numRows));
  rows.forEach([&](size_t row) {
    if (builder.isPresent(row)) {
      builder.set(row, bigDecimalAt(*operand.column, operand.rowOf(row)).negated());
    }
  });
  return builder.finish();
}

ColumnPtr castToBigDecimal(const Operand& operand, const SqlType& to, Selection rows,
                           size_t numRows, RowFailures& failures) {
  const Column& column = *operand.column;
  DecimalColumnBuilder builder(to, numRows, commonValidity({&operand, 1}, numRows));
  rows.forEach([&](size_t row) {
    if (!builder.isPresent(row)) {
      return;
    }
    const size_t own = operand.rowOf(row);
    const std::optional<BigDecimal> value =
        column.type().is(TypeKind::String)
            ? bigDecimalOfText(column.values<std::string_view>()[own], to)
        : column.type().is(TypeKind::Double)
            ? bigDecimalOfDouble(column.values<double>()[own], to)
            : bigDecimalAt(column, own).fitted(to, DecimalRounding::HalfUp);
    if (value) {
      builder.set(row, *value);
      return;
    }
    builder.fail(row);
    failures.add(row, column.type().is(TypeKind::String)
                          ? "Text is not a number of the type, or overflows it"
                          : "Numeric field overflow");
  });
  return builder.finish();
}

ColumnPtr castFromBigDecimal(const Operand& operand, const SqlType& to, Selection rows,
                             size_t numRows, RowFailures& failures) {
  AUSPEX_ASSERT(operand.type().is(TypeKind::BigDecimal));
  switch (to.kind()) {
    case TypeKind::Integer:
      return convertBigDecimals<int32_t>(operand, to, rows, numRows, [](const BigDecimal& value) {
        return static_cast<int32_t>(value.wholeBits());
      });
    case TypeKind::Bigint:
      return convertBigDecimals<int64_t>(operand, to, rows, numRows,
                                         [](const BigDecimal& value) { return value.wholeBits(); });
    case TypeKind::Double:
      return convertBigDecimals<double>(operand, to, rows, numRows,
                                        [](const BigDecimal& value) { return value.toDouble(); });
    default:
      return castToBigDecimal(operand, to, rows, numRows, failures);
  }
}

}  // namespace auspex::operators
