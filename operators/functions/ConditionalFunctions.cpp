// SPDX-License-Identifier: Apache-2.0
// COALESCE, IFNULL, NULLIF, AS_VALUE and GEO_DISTANCE.
#include <cmath>
#include <numbers>

#include "operators/expressions/NestedKernels.h"
#include "operators/expressions/RowOrder.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"

namespace auspex::operators {

namespace {

ColumnPtr firstPresentKernel(const KernelInput& input) {
  std::vector<uint16_t> choice(input.numRows, kNoChoice);
  for (size_t i = input.arguments.size(); i-- > 0;) {
    const Operand& argument = input.arguments[i];
    input.rows.forEach([&](size_t row) {
      if (!argument.isNull(row)) {
        choice[row] = static_cast<uint16_t>(i);
      }
    });
  }
  return choose(input.resultType, input.arguments, choice, input.numRows);
}

ColumnPtr nullIfKernel(const KernelInput& input) {
  const Operand& value = input.arguments[0];
  const Operand& other = input.arguments[1];
  std::vector<uint16_t> choice(input.numRows, kNoChoice);
  input.rows.forEach([&](size_t row) {
    if (!equalRows(*value.column, value.rowOf(row), *other.column, other.rowOf(row))) {
      choice[row] = 0;
    }
  });
  return choose(input.resultType, input.arguments.first(1), choice, input.numRows);
}

ColumnPtr identityKernel(const KernelInput& input) {
  return materialize(input.arguments[0], input.numRows);
}

constexpr double kEarthRadiusKilometres = 6371;
constexpr double kEarthRadiusMiles = 3959;

double radiansOf(double degrees) {
  return degrees / 180.0 * std::numbers::pi;
}

// The order of operations is ksqlDB's, so that the last digit is too.
double haversine(double latitude1, double longitude1, double latitude2, double longitude2,
                 double radius) {
  const double sinLatitude = std::sin(radiansOf(latitude2 - latitude1) / 2);
  const double sinLongitude = std::sin(radiansOf(longitude2 - longitude1) / 2);
  const double a = sinLatitude * sinLatitude + sinLongitude * sinLongitude *
                                                   std::cos(radiansOf(latitude1)) *
                                                   std::cos(radiansOf(latitude2));
  return 2 * std::asin(std::sqrt(a)) * radius;
}

bool areOnEarth(double latitude1, double longitude1, double latitude2, double longitude2) {
  return std::fabs(latitude1) <= 90 && std::fabs(latitude2) <= 90 && std::fabs(longitude1) <= 180 &&
         std::fabs(longitude2) <= 180;
}

double distanceIn(RowContext& context, double latitude1, double longitude1, double latitude2,
                  double longitude2, std::string_view unit) {
  std::string lower(unit);
  for (char& c : lower) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  const bool miles = lower.starts_with("mi");
  const bool kilometres = lower == "km" || lower.starts_with("kilomet");
  if (!miles && !kilometres) {
    context.fail("GEO_DISTANCE function units must be one of 'miles' or 'kilometers'");
    return 0;
  }
  if (!areOnEarth(latitude1, longitude1, latitude2, longitude2)) {
    context.fail(
        "valid latitude values for GEO_DISTANCE function are in the range of -90 to 90, "
        "longitude values -180 to 180");
    return 0;
  }
  return haversine(latitude1, longitude1, latitude2, longitude2,
                   miles ? kEarthRadiusMiles : kEarthRadiusKilometres);
}

double distance(RowContext& context, double latitude1, double longitude1, double latitude2,
                double longitude2) {
  return distanceIn(context, latitude1, longitude1, latitude2, longitude2, "km");
}

}  // namespace

void addConditionalFunctions(FunctionRegistry& registry) {
  registry.add(ScalarFunction{"COALESCE",
                              "Conditional",
                              "The first argument that is not NULL.",
                              "COALESCE(NULL, 'a') -> 'a'",
                              {{"(T, T...) -> T", firstPresentKernel}}});
  registry.add(ScalarFunction{"IFNULL",
                              "Conditional",
                              "The first argument, or the second where that is NULL.",
                              "IFNULL(NULL, 'a') -> 'a'",
                              {{"(T, T) -> T", firstPresentKernel}}});
  registry.add(ScalarFunction{"NULLIF",
                              "Conditional",
                              "NULL where both arguments are equal, else the first.",
                              "NULLIF('a', 'b') -> 'a'",
                              {{"(T, T) -> T", nullIfKernel}}});
  registry.add(ScalarFunction{"AS_VALUE",
                              "Other",
                              "The argument; makes a value column of a key column.",
                              "AS_VALUE(id) -> id",
                              {{"(T) -> T", identityKernel}}});
  registry.add(ScalarFunction{
      "geo_distance",
      "Other",
      "Distance of two points on earth, in kilometres or in 'miles'.",
      "GEO_DISTANCE(37.4439, -122.1663, 51.5257, -0.1122) -> 8634.659796579544",
      {{"(DOUBLE, DOUBLE, DOUBLE, DOUBLE) -> DOUBLE", kernelOf<&distance>},
       {"(DOUBLE, DOUBLE, DOUBLE, DOUBLE, STRING) -> DOUBLE", kernelOf<&distanceIn>}}});
}

}  // namespace auspex::operators
