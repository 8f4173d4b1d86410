// SPDX-License-Identifier: Apache-2.0
// SIN .. TANH, their inverses, DEGREES, RADIANS and PI.
#include <cmath>
#include <numbers>

#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"

namespace auspex::operators {

namespace {

double sine(double x) {
  return std::sin(x);
}
double cosine(double x) {
  return std::cos(x);
}
double tangent(double x) {
  return std::tan(x);
}
double cotangent(double x) {
  return 1.0 / std::tan(x);
}
double arcSine(double x) {
  return std::asin(x);
}
double arcCosine(double x) {
  return std::acos(x);
}
double arcTangent(double x) {
  return std::atan(x);
}
double arcTangent2(double y, double x) {
  return std::atan2(y, x);
}
double hyperbolicSine(double x) {
  return std::sinh(x);
}
double hyperbolicCosine(double x) {
  return std::cosh(x);
}
double hyperbolicTangent(double x) {
  return std::tanh(x);
}
double toDegrees(double x) {
  return x * 180.0 / std::numbers::pi;
}
double toRadians(double x) {
  return x / 180.0 * std::numbers::pi;
}
double pi() {
  return std::numbers::pi;
}

void addOne(FunctionRegistry& registry, const char* name, const char* help, const char* example,
            Kernel kernel) {
  registry.add(
      ScalarFunction{name, "Mathematical", help, example, {{"(DOUBLE) -> DOUBLE", kernel}}});
}

}  // namespace

void addTrigonometryFunctions(FunctionRegistry& registry) {
  addOne(registry, "SIN", "Sine of an angle in radians.", "SIN(0) -> 0.0", kernelOf<&sine>);
  addOne(registry, "COS", "Cosine of an angle in radians.", "COS(0) -> 1.0", kernelOf<&cosine>);
  addOne(registry, "TAN", "Tangent of an angle in radians.", "TAN(0) -> 0.0", kernelOf<&tangent>);
  addOne(registry, "COT", "Cotangent of an angle in radians.", "COT(0) -> Infinity",
         kernelOf<&cotangent>);
  addOne(registry, "ASIN", "Angle in radians whose sine it is.", "ASIN(0) -> 0.0",
         kernelOf<&arcSine>);
  addOne(registry, "ACOS", "Angle in radians whose cosine it is.", "ACOS(1) -> 0.0",
         kernelOf<&arcCosine>);
  addOne(registry, "ATAN", "Angle in radians whose tangent it is.", "ATAN(0) -> 0.0",
         kernelOf<&arcTangent>);
  registry.add(ScalarFunction{"ATAN2",
                              "Mathematical",
                              "Angle in radians of the point (x, y), given y first.",
                              "ATAN2(0, 1) -> 0.0",
                              {{"(DOUBLE, DOUBLE) -> DOUBLE", kernelOf<&arcTangent2>}}});
  addOne(registry, "SINH", "Hyperbolic sine.", "SINH(0) -> 0.0", kernelOf<&hyperbolicSine>);
  addOne(registry, "COSH", "Hyperbolic cosine.", "COSH(0) -> 1.0", kernelOf<&hyperbolicCosine>);
  addOne(registry, "TANH", "Hyperbolic tangent.", "TANH(0) -> 0.0", kernelOf<&hyperbolicTangent>);
  addOne(registry, "DEGREES", "Degrees of an angle in radians.", "DEGREES(PI()) -> 180.0",
         kernelOf<&toDegrees>);
  addOne(registry, "RADIANS", "Radians of an angle in degrees.",
         "RADIANS(180) -> 3.141592653589793", kernelOf<&toRadians>);
  registry.add(ScalarFunction{"PI",
                              "Mathematical",
                              "The ratio of a circle's circumference to its diameter.",
                              "PI() -> 3.141592653589793",
                              {{"() -> DOUBLE", kernelOf<&pi>}}});
}

}  // namespace auspex::operators
