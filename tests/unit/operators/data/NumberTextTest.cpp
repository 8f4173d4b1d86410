// SPDX-License-Identifier: Apache-2.0
#include "operators/data/NumberText.h"

#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

using namespace auspex::operators;

namespace {

Int128 tenToThe(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) {
    power *= 10;
  }
  return power;
}

std::string javaText(double value) {
  std::string text;
  appendJavaDouble(text, value);
  return text;
}

std::string decimalText(int64_t unscaled, int scale) {
  std::string text;
  appendDecimal(text, unscaled, scale);
  return text;
}

}  // namespace

TEST_CASE("doubles are written as Java's Double.toString") {
  struct Case {
    double value;
    std::string text;
  };
  const Case cases[] = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1, "1.0"},
      {-12.5, "-12.5"},
      {100, "100.0"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1.0 / 3, "0.3333333333333333"},
      {0.001, "0.001"},
      {0.00123, "0.00123"},
      {0.0012345678, "0.0012345678"},
      {0.0009999, "9.999E-4"},
      {1e-5, "1.0E-5"},
      {9999999, "9999999.0"},
      {9999999.5, "9999999.5"},
      {1e7, "1.0E7"},
      {12345678.9, "1.23456789E7"},
      {1e10, "1.0E10"},
      {1.5e300, "1.5E300"},
      {2e23, "2.0E23"},
      {123456.789012345, "123456.789012345"},
      {1234567.000001, "1234567.000001"},
      {4.9e-324, "4.9E-324"},
      {std::numeric_limits<double>::max(), "1.7976931348623157E308"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
      {std::numeric_limits<double>::infinity(), "Infinity"},
      {-std::numeric_limits<double>::infinity(), "-Infinity"},
  };
  for (const Case& test : cases) {
    CHECK(javaText(test.value) == test.text);
  }
}

TEST_CASE("double text reads back and is as short as to_chars finds") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200000; ++i) {
    double value = i % 2 == 0 ? std::bit_cast<double>(random())
                              : static_cast<double>(random() % 1000000000) /
                                    std::pow(10, static_cast<double>(random() % 10));
    if (!std::isfinite(value)) {
      continue;
    }
    const std::string text = javaText(value);
    REQUIRE(parseDouble(text) == value);
    const auto digits = [](std::string_view number) {
      size_t count = 0;
      size_t zeros = 0;
      for (const char c : number.substr(0, number.find_first_of("eE"))) {
        if (c == '0') {
          zeros += count > 0 ? 1 : 0;
        } else if (c >= '1' && c <= '9') {
          count += zeros + 1;
          zeros = 0;
        }
      }
      return count;
    };
    char shortest[64];
    const char* const end =
        std::to_chars(shortest, shortest + 64, value, std::chars_format::scientific).ptr;
    REQUIRE(digits(text) ==
            digits(std::string_view(shortest, static_cast<size_t>(end - shortest))));
  }
}

TEST_CASE("decimals are written plainly with their scale") {
  CHECK(decimalText(100000, 4) == "10.0000");
  CHECK(decimalText(-5, 2) == "-0.05");
  CHECK(decimalText(0, 3) == "0.000");
  CHECK(decimalText(42, 0) == "42");
  CHECK(decimalText(std::numeric_limits<int64_t>::min(), 0) == "-9223372036854775808");
  std::string text;
  appendDecimal(text, tenToThe(38), 38);
  CHECK(text == "1." + std::string(38, '0'));
  text.clear();
  appendDecimal(text, -tenToThe(20) - 7, 64);
  CHECK(text == "-0." + std::string(43, '0') + "100000000000000000007");
}

TEST_CASE("whole numbers are read as Java reads them") {
  CHECK(parseBigint("9223372036854775807") == INT64_MAX);
  CHECK(parseBigint("-9223372036854775808") == INT64_MIN);
  CHECK(parseBigint("+12") == 12);
  CHECK(parseInteger("-2147483648") == INT32_MIN);
  for (const std::string text :
       {"", "+", "-", "+-1", "1.0", " 1", "1 ", "9223372036854775808", "a"}) {
    CAPTURE(text);
    CHECK_FALSE(parseBigint(text).has_value());
  }
  CHECK_FALSE(parseInteger("2147483648").has_value());
}

TEST_CASE("doubles are read as Java reads them") {
  CHECK(parseDouble("1") == 1.0);
  CHECK(parseDouble(" -1.5e3\n") == -1500.0);
  CHECK(parseDouble("+.5") == 0.5);
  CHECK(parseDouble("5.") == 5.0);
  CHECK(parseDouble("1.5f") == 1.5);
  CHECK(parseDouble("1e999") == std::numeric_limits<double>::infinity());
  CHECK(parseDouble("-1e999") == -std::numeric_limits<double>::infinity());
  CHECK(parseDouble("1e-999") == 0.0);
  CHECK(parseDouble("0." + std::string(400, '0') + "1") == 0.0);
  CHECK(parseDouble("1" + std::string(400, '0')) == std::numeric_limits<double>::infinity());
  CHECK(std::isnan(parseDouble("NaN").value_or(0)));
  CHECK(parseDouble("-Infinity") == -std::numeric_limits<double>::infinity());
  for (const std::string text :
       {"", " ", "abc", "1,5", "inf", "nan", "1e", "0x10", "--1", ".", "1.5x", "d", "1 2"}) {
    CAPTURE(text);
    CHECK_FALSE(parseDouble(text).has_value());
  }
}

TEST_CASE("decimals must fit without rounding") {
  struct Case {
    std::string text;
    DecimalFit fit;
    int64_t unscaled;  // of DECIMAL(6, 2)
  };
  const Case cases[] = {
      {"12.34", DecimalFit::Fits, 1234},
      {"-12.3", DecimalFit::Fits, -1230},
      {"+1", DecimalFit::Fits, 100},
      {"1.500000000000000000000000000000000000000000000000", DecimalFit::Fits, 150},
      {"1e3", DecimalFit::Fits, 100000},
      {"125e-2", DecimalFit::Fits, 125},
      {"0e999", DecimalFit::Fits, 0},
      {"0.000", DecimalFit::Fits, 0},
      {"9999.99", DecimalFit::Fits, 999999},
      {".5", DecimalFit::Fits, 50},
      {"10000", DecimalFit::Overflow, 0},
      {"1e400", DecimalFit::Overflow, 0},
      {"123456.789", DecimalFit::Overflow, 0},
      {"1.234", DecimalFit::NeedsRounding, 0},
      {"1e-400", DecimalFit::NeedsRounding, 0},
      {"", DecimalFit::Malformed, 0},
      {"-", DecimalFit::Malformed, 0},
      {".", DecimalFit::Malformed, 0},
      {"1.2.3", DecimalFit::Malformed, 0},
      {"1e", DecimalFit::Malformed, 0},
      {"e5", DecimalFit::Malformed, 0},
      {"abc", DecimalFit::Malformed, 0},
      {"123456789012345678901234567890123456789", DecimalFit::Malformed, 0},
  };
  for (const Case& test : cases) {
    CAPTURE(test.text);
    Int128 result = 0;
    CHECK(parseFitting(test.text, 6, 2, result) == test.fit);
    CHECK(result == test.unscaled);
  }
  Int128 result = 0;
  CHECK(parseFitting("99999999999999999999999999999999999999", 38, 0, result) == DecimalFit::Fits);
  CHECK(result == tenToThe(38) - 1);
  CHECK(parseFitting("1.5", 64, 10, result) == DecimalFit::Fits);
  CHECK(result == 15000000000);
}

TEST_CASE("rounding is half up, away from zero") {
  CHECK(roundDecimal({12345, 3}, 6, 2) == Int128{1235});
  CHECK(roundDecimal({-12345, 3}, 6, 2) == Int128{-1235});
  CHECK(roundDecimal({12344, 3}, 6, 2) == Int128{1234});
  CHECK(roundDecimal({5, 0}, 6, 2) == Int128{500});
  CHECK(roundDecimal({5, 60}, 6, 2) == Int128{0});
  CHECK_FALSE(roundDecimal({9999995, 3}, 6, 2).has_value());
}
