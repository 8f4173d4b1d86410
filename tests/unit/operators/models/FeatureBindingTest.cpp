// SPDX-License-Identifier: Apache-2.0
// From argument columns to the feature matrix.
#include "operators/models/FeatureBinding.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "operators/models/ModelError.h"

using namespace auspex::operators;

namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

/// Equal, taking NaN as equal to NaN.
bool same(const std::vector<float>& left, const std::vector<float>& right) {
  if (left.size() != right.size()) {
    return false;
  }
  for (size_t i = 0; i < left.size(); ++i) {
    if (!(left[i] == right[i] || (std::isnan(left[i]) && std::isnan(right[i])))) {
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("Columns of every kind land in their feature, NULL as missing") {
  std::vector<float> matrix(3 * 4, -1.0F);
  const std::vector<uint8_t> validity = {1, 0, 1};
  encodeNumeric(std::vector<double>{0.1, 2.0, 1e300}, validity, 0, 4, matrix.data());
  encodeNumeric(std::vector<int64_t>{16'777'217, 5, -7}, {}, 1, 4, matrix.data());
  encodeNumeric(std::vector<int32_t>{1, 2, 3}, validity, 2, 4, matrix.data());
  encodeBoolean(std::vector<uint8_t>{1, 0, 7}, {}, 3, 4, matrix.data());
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(same(matrix, {0.1F, 16'777'216.0F, 1, 1,  //
                      kMissing, 5, kMissing, 0,   //
                      infinity, -7, 3, 1}));
  encodeConstant(kMissing, 3, 1, 4, matrix.data());
  replaceMissing(9.0F, 3, 0, 4, matrix.data());
  markMissing(1.0F, matrix);
  CHECK(same(matrix, {0.1F, kMissing, kMissing, kMissing,  //
                      9, kMissing, kMissing, 0,            //
                      infinity, kMissing, 3, kMissing}));
}

TEST_CASE("Categories: known ones get their code, unknown ones are missing") {
  const std::vector<std::string> names = {"red", "", "naïve", "a long category of 30 letters"};
  const CategoryEncoder encoder{std::span(names)};
  std::vector<float> column(6);
  const std::vector<std::string_view> values = {
      "naïve", "", "RED", "red", "a long category of 30 letters", "red"};
  encodeCategory(values, std::vector<uint8_t>{1, 1, 1, 1, 1, 0}, encoder, 0, 1, column.data());
  CHECK(same(column, {2, 1, kMissing, 0, 3, kMissing}));

  const std::vector<int64_t> numbers = {7, -3, 9'000'000'000};
  const CategoryEncoder integers{std::span(numbers)};
  encodeCategory(std::vector<int64_t>{9'000'000'000, 7, 8, -3, 0, 7}, {}, integers, 0, 1,
                 column.data());
  CHECK(same(column, {2, 0, kMissing, 1, kMissing, 0}));
}

TEST_CASE("A large dictionary finds every category, and the first of equal ones") {
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; ++i) {
    names.push_back("category-" + std::to_string(i));
  }
  names.push_back("category-5");
  const CategoryEncoder encoder{std::span(std::as_const(names))};
  CHECK(encoder.size() == 20'001);
  for (int i = 0; i < 20'000; ++i) {
    REQUIRE(encoder.encode(names[static_cast<size_t>(i)]) == static_cast<float>(i));
  }
  CHECK(std::isnan(encoder.encode("category-20000")));
  const CategoryEncoder empty{std::span<const std::string>()};
  CHECK(std::isnan(empty.encode("")));
}

TEST_CASE("Binding chooses the conversion or says why it cannot") {
  FeatureInfo amount{"amount", FeatureKind::Numeric, {}, {}, false};
  FeatureInfo color{"color", FeatureKind::Categorical, {"red", "blue"}, {}, false};
  FeatureInfo store{"store", FeatureKind::Categorical, {}, {4, 9}, false};
  FeatureInfo code{"code", FeatureKind::Categorical, {}, {}, false};
  const std::vector<std::string> given = {"x", "y"};

  CHECK(bindFeature(amount, 2, ArgumentKind::Boolean, {}).argument == 2);
  CHECK(bindFeature(amount, 0, ArgumentKind::Double, {}).conversion == FeatureConversion::Numeric);
  const FeatureSource text = bindFeature(color, 0, ArgumentKind::String, {});
  CHECK(text.conversion == FeatureConversion::Category);
  CHECK(text.categories->encode("blue") == 1.0F);
  CHECK(bindFeature(color, 0, ArgumentKind::String, given).categories->encode("y") == 1.0F);
  CHECK(bindFeature(code, 0, ArgumentKind::String, given).categories->encode("x") == 0.0F);
  CHECK(bindFeature(store, 0, ArgumentKind::Bigint, {}).categories->encode(int64_t{9}) == 1.0F);
  CHECK(bindFeature(code, 0, ArgumentKind::Integer, {}).conversion == FeatureConversion::Numeric);

  CHECK_THROWS_WITH_AS(bindFeature(amount, 0, ArgumentKind::String, {}),
                       "feature 'amount' is numeric, but a STRING is given. Cast it to DOUBLE",
                       ModelError);
  CHECK_THROWS_AS(bindFeature(code, 0, ArgumentKind::String, {}), ModelError);
  CHECK_THROWS_AS(bindFeature(color, 0, ArgumentKind::Bigint, {}), ModelError);
  CHECK_THROWS_AS(bindFeature(store, 0, ArgumentKind::Double, {}), ModelError);
}

TEST_CASE("Names: exactly, else ignoring case if that is unique") {
  const std::vector<std::string> names = {"Amount", "AMOUNT", "Id", "x", "x"};
  CHECK(findByName("AMOUNT", names).index == 1);
  CHECK(findByName("AMOUNT", names).match == NameMatch::Found);
  CHECK(findByName("amount", names).match == NameMatch::Ambiguous);
  CHECK(findByName("ID", names).match == NameMatch::Found);
  CHECK(findByName("ID", names).index == 2);
  CHECK(findByName("x", names).match == NameMatch::Ambiguous);
  CHECK(findByName("y", names).match == NameMatch::Missing);
}
