// SPDX-License-Identifier: Apache-2.0
// EXP, LN, LOG, POWER, SQRT, CBRT, SIGN, ABS and RANDOM.
#include <cmath>
#include <limits>
#include <random>

#include "operators/expressions/BigDecimalKernels.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"

namespace auspex::operators {

namespace {

double exponential(double x) {
  return std::exp(x);
}
double naturalLogarithm(double x) {
  return std::log(x);
}
double logarithm(double base, double x) {
  return base <= 0 || base == 1 ? std::numeric_limits<double>::quiet_NaN()
                                : std::log(x) / std::log(base);
}
double power(double x, double y) {
  return std::pow(x, y);
}
double squareRoot(double x) {
  return std::sqrt(x);
}
double cubeRoot(double x) {
  return std::cbrt(x);
}

template <typename T>
int32_t sign(T x) {
  return x > 0 ? 1 : (x < 0 ? -1 : 0);
}

/// The smallest integer stays itself, as in Java.
template <typename Integer>
Integer absoluteInteger(Integer x) {
  using Unsigned = std::make_unsigned_t<Integer>;
  return x < 0 ? static_cast<Integer>(Unsigned{0} - static_cast<Unsigned>(x)) : x;
}
double absoluteDouble(double x) {
  return std::fabs(x);
}
Int128 absoluteNumber(Int128 x) {
  return x < 0 ? -x : x;
}
ColumnPtr absoluteDecimal(const KernelInput& input) {
  const Operand& numbers = input.arguments[0];
  if (numbers.type().is(TypeKind::Decimal)) {
    return kernelOf<&absoluteNumber>(input);
  }
  DecimalColumnBuilder builder(input.resultType, input.numRows,
                               commonValidity(input.arguments, input.numRows));
  input.rows.forEach([&](size_t row) {
    if (builder.isPresent(row)) {
      builder.set(row, bigDecimalAt(*numbers.column, numbers.rowOf(row)).absolute());
    }
  });
  return builder.finish();
}

/// In [0, 1). Seeded by the system, per thread.
double randomNumber() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return static_cast<double>(generator() >> 11) * 0x1.0p-53;
}

}  // namespace

void addPowerFunctions(FunctionRegistry& registry) {
  const auto addOne = [&](const char* name, const char* help, const char* example, Kernel kernel) {
    registry.add(
        ScalarFunction{name, "Mathematical", help, example, {{"(DOUBLE) -> DOUBLE", kernel}}});
  };
  addOne("EXP", "The exponential function.", "EXP(0) -> 1.0", kernelOf<&exponential>);
  addOne("LN", "Natural logarithm.", "LN(1) -> 0.0", kernelOf<&naturalLogarithm>);
  addOne("SQRT", "Square root.", "SQRT(9) -> 3.0", kernelOf<&squareRoot>);
  addOne("CBRT", "Cube root.", "CBRT(8) -> 2.0", kernelOf<&cubeRoot>);
  registry.add(ScalarFunction{"LOG",
                              "Mathematical",
                              "Natural logarithm, or the logarithm to a given base.",
                              "LOG(2, 8) -> 3.0",
                              {{"(DOUBLE) -> DOUBLE", kernelOf<&naturalLogarithm>},
                               {"(DOUBLE, DOUBLE) -> DOUBLE", kernelOf<&logarithm>}}});
  registry.add(ScalarFunction{"POWER",
                              "Mathematical",
                              "The first number to the power of the second.",
                              "POWER(2, 3) -> 8.0",
                              {{"(DOUBLE, DOUBLE) -> DOUBLE", kernelOf<&power>}}});
  registry.add(ScalarFunction{"SIGN",
                              "Mathematical",
                              "-1, 0 or 1.",
                              "SIGN(-3) -> -1",
                              {{"(INT) -> INT", kernelOf<&sign<int32_t>>},
                               {"(BIGINT) -> INT", kernelOf<&sign<int64_t>>},
                               {"(DOUBLE) -> INT", kernelOf<&sign<double>>}}});
  registry.add(ScalarFunction{"ABS",
                              "Mathematical",
                              "Absolute value, of the same type.",
                              "ABS(-3) -> 3",
                              {{"(INT) -> INT", kernelOf<&absoluteInteger<int32_t>>},
                               {"(BIGINT) -> BIGINT", kernelOf<&absoluteInteger<int64_t>>},
                               {"(DOUBLE) -> DOUBLE", kernelOf<&absoluteDouble>},
                               {"(DECIMAL) -> DECIMAL", absoluteDecimal, typeOfFirst}}});
  ScalarFunction random{"RANDOM",
                        "Mathematical",
                        "A random number from 0 (inclusive) to 1 (exclusive), new for each row.",
                        "RANDOM() -> 0.42",
                        {{"() -> DOUBLE", kernelOf<&randomNumber>}}};
  random.deterministic = false;
  registry.add(std::move(random));
}

}  // namespace auspex::operators
