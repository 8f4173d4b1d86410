// SPDX-License-Identifier: Apache-2.0
// ROUND, TRUNC, CEIL and FLOOR over whole numbers, doubles and decimals.
#include <algorithm>
#include <cmath>
#include <limits>

#include "operators/data/NumberText.h"
#include "operators/expressions/BigDecimalKernels.h"
#include "operators/expressions/DecimalMath.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"

namespace auspex::operators {

namespace {

using Mode = DecimalRounding;  // all but Exact and HalfUp

/// Rounds an unscaled number to a multiple of 10^numDigits.
Int128 roundDigits(Int128 value, int numDigits, Mode mode) {
  if (numDigits <= 0) {
    return value;
  }
  if (numDigits > kMaxDecimalPrecision) {
    return 0;
  }
  const Int128 unit = powerOfTen(numDigits);
  Int128 floor = value / unit;
  Int128 rest = value % unit;
  if (rest < 0) {
    rest += unit;
    floor -= 1;
  }
  const bool up = (mode == Mode::Up && rest != 0) ||
                  (mode == Mode::TowardsZero && value < 0 && rest != 0) ||
                  (mode == Mode::HalfTowardsInfinity && rest >= unit - rest);
  return (floor + (up ? 1 : 0)) * unit;
}

int64_t saturated(double value) {
  constexpr double kLimit = 9223372036854775808.0;
  if (std::isnan(value)) {
    return 0;
  }
  return value >= kLimit    ? std::numeric_limits<int64_t>::max()
         : value <= -kLimit ? std::numeric_limits<int64_t>::min()
                            : static_cast<int64_t>(value);
}

/// As Java's Math.round: halves go up.
int64_t roundToBigint(double value) {
  const double floor = std::floor(value);
  return saturated(value - floor >= 0.5 ? floor + 1 : floor);
}
int64_t truncateToBigint(double value) {
  return saturated(std::trunc(value));
}
int64_t toBigint(int32_t value) {
  return value;
}
int64_t sameBigint(int64_t value) {
  return value;
}
int32_t sameInteger(int32_t value) {
  return value;
}
double ceilDouble(double value) {
  return std::ceil(value);
}
double floorDouble(double value) {
  return std::floor(value);
}

/// Rounds the decimal number that a double is written as, so that 1.005 is what it looks like.
template <Mode mode>
double roundDouble(double value, int32_t scale) {
  if (!std::isfinite(value)) {
    return value;
  }
  char buffer[kMaxNumberChars];
  const char* const end = writeJavaDouble(buffer, value);
  const std::optional<ScaledNumber> number =
      parseScaledNumber({buffer, static_cast<size_t>(end - buffer)});
  if (!number || number->scale <= scale) {
    return value;
  }
  const int64_t digits = int64_t{number->scale} - scale;
  const Int128 rounded =
      roundDigits(number->unscaled,
                  static_cast<int>(std::min<int64_t>(digits, kMaxDecimalPrecision + 1)), mode);
  if (number->scale >= 0 && number->scale <= 64) {
    return decimalToDouble(rounded, number->scale);
  }
  return static_cast<double>(rounded) * std::pow(10.0, -number->scale);
}

/// Decimals kept as text: cut at the scale, then written with that of the result.
ColumnPtr roundBigDecimals(const KernelInput& input, Mode mode) {
  const Operand& numbers = input.arguments[0];
  DecimalColumnBuilder builder(input.resultType, input.numRows,
                               commonValidity(input.arguments, input.numRows));
  input.rows.forEach([&](size_t row) {
    if (!builder.isPresent(row)) {
      return;
    }
    int32_t scale = 0;
    if (input.arguments.size() > 1) {
      scale = input.arguments[1].column->values<int32_t>()[input.arguments[1].rowOf(row)];
    }
    const BigDecimal value = bigDecimalAt(*numbers.column, numbers.rowOf(row));
    const auto rounded =
        value.atScale(std::clamp(scale, -kMaxDecimalTypePrecision, value.scale()), mode);
    const auto result = rounded->atScale(input.resultType.scale(), Mode::TowardsZero);
    if (!builder.set(row, *result)) {
      input.failures.add(row, "Numeric field overflow");
    }
  });
  return builder.finish();
}

template <Mode mode>
ColumnPtr roundDecimals(const KernelInput& input) {
  const Operand& numbers = input.arguments[0];
  if (numbers.type().is(TypeKind::BigDecimal)) {
    return roundBigDecimals(input, mode);
  }
  const OperandView<Int128> source(numbers);
  const int ownScale = numbers.type().scale();
  const bool toWhole = input.arguments.size() == 1;
  std::vector<Int128> values(input.numRows);
  input.rows.forEach([&](size_t row) {
    int64_t scale = 0;
    if (!toWhole) {
      scale = input.arguments[1].column->values<int32_t>()[input.arguments[1].rowOf(row)];
    }
    const int64_t digits = std::min<int64_t>(ownScale - scale, kMaxDecimalPrecision + 1);
    values[row] = roundDigits(source[row], static_cast<int>(digits), mode);
    if (input.resultType.scale() < ownScale) {
      values[row] /= powerOfTen(ownScale - input.resultType.scale());
    }
  });
  return Column::make(input.resultType, std::move(values),
                      commonValidity(input.arguments, input.numRows));
}

SqlType wholeType(std::span<const SqlType> types) {
  return SqlType::decimal(std::max(types[0].precision() - types[0].scale(), 1), 0);
}

void addToScale(FunctionRegistry& registry, const char* name, const char* help, const char* example,
                Kernel fromDouble, Kernel doubleToScale, Kernel decimals) {
  registry.add(ScalarFunction{name,
                              "Mathematical",
                              help,
                              example,
                              {{"(INT) -> BIGINT", kernelOf<&toBigint>},
                               {"(BIGINT) -> BIGINT", kernelOf<&sameBigint>},
                               {"(DOUBLE) -> BIGINT", fromDouble},
                               {"(DOUBLE, INT) -> DOUBLE", doubleToScale},
                               {"(DECIMAL) -> DECIMAL", decimals, wholeType},
                               {"(DECIMAL, INT) -> DECIMAL", decimals, typeOfFirst}}});
}

void addToWhole(FunctionRegistry& registry, const char* name, const char* help, const char* example,
                Kernel doubles, Kernel decimals) {
  registry.add(ScalarFunction{name,
                              "Mathematical",
                              help,
                              example,
                              {{"(INT) -> INT", kernelOf<&sameInteger>},
                               {"(BIGINT) -> BIGINT", kernelOf<&sameBigint>},
                               {"(DOUBLE) -> DOUBLE", doubles},
                               {"(DECIMAL) -> DECIMAL", decimals, typeOfFirst}}});
}

}  // namespace

void addRoundingFunctions(FunctionRegistry& registry) {
  addToScale(registry, "ROUND", "Rounds to a whole number or to some decimal places; halves go up.",
             "ROUND(1.5e0) -> 2", kernelOf<&roundToBigint>,
             kernelOf<&roundDouble<Mode::HalfTowardsInfinity>>,
             roundDecimals<Mode::HalfTowardsInfinity>);
  addToScale(registry, "TRUNC", "Cuts to a whole number or to some decimal places.",
             "TRUNC(-1.7e0) -> -1", kernelOf<&truncateToBigint>,
             kernelOf<&roundDouble<Mode::TowardsZero>>, roundDecimals<Mode::TowardsZero>);
  addToWhole(registry, "CEIL", "The next whole number not below, of the same type.",
             "CEIL(1.2e0) -> 2.0", kernelOf<&ceilDouble>, roundDecimals<Mode::Up>);
  addToWhole(registry, "FLOOR", "The next whole number not above, of the same type.",
             "FLOOR(1.7e0) -> 1.0", kernelOf<&floorDouble>, roundDecimals<Mode::Down>);
}

}  // namespace auspex::operators
