// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonNumber.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

using namespace auspex::operators;

TEST_CASE("JSON numbers as whole numbers, doubles and text, or none at all") {
  struct Case {
    std::string number;
    int64_t whole;
    double real;
    std::string text;
  };
  const Case cases[] = {
      {"0", 0, 0, "0"},
      {"-0", 0, -0.0, "0"},
      {"7", 7, 7, "7"},
      {"-12.99", -12, -12.99, "-12.99"},
      {"1.50", 1, 1.5, "1.50"},
      {"1e3", 1000, 1000, "1E+3"},
      {"1.5E1", 15, 15, "15"},
      {"12e-1", 1, 1.2, "1.2"},
      {"1e-7", 0, 1e-7, "1E-7"},
      {"0.000001", 0, 1e-6, "0.000001"},
      {"0.0000001", 0, 1e-7, "1E-7"},
      {"0.00", 0, 0, "0.00"},
      {"-0.0", 0, -0.0, "0.0"},
      {"0.1e3", 100, 100, "1E+2"},
      {"123456789012345678", 123456789012345678, 123456789012345678.0, "123456789012345678"},
      {"9223372036854775807", INT64_MAX, 9223372036854775807.0, "9223372036854775807"},
      {"9223372036854775808", INT64_MIN, 9223372036854775808.0, "9223372036854775808"},
      {"18446744073709551617", 1, 18446744073709551617.0, "18446744073709551617"},
      {"1e400", 0, HUGE_VAL, "1E+400"},
      {"1e-400", 0, 0, "1E-400"},
      {"0.123456789012345678901234567890", 0, 0.123456789012345678901234567890,
       "0.123456789012345678901234567890"},
      {"9007199254740993", 9007199254740993, 9007199254740992.0, "9007199254740993"},
  };
  for (const Case& test : cases) {
    CAPTURE(test.number);
    for (const char end : std::string("\0,}] \n", 6)) {
      const std::string text = test.number + end;
      int64_t whole = 99;
      CHECK(readJsonBigint(text.c_str(), whole));
      CHECK(whole == test.whole);
      double real = 99;
      CHECK(readJsonDouble(text.c_str(), real));
      CHECK(real == test.real);
      CHECK(findJsonNumberEnd(text.c_str()) == text.c_str() + test.number.size());
    }
    std::string text;
    CHECK(appendJsonNumberText(test.number, text));
    CHECK(text == test.text);
    CHECK(isPlainJsonInteger(test.number) ==
          (test.number == text && text.find_first_of(".E") == std::string::npos));
  }
}

TEST_CASE("what is not a JSON number is refused") {
  for (const std::string text :
       {"",    "-",     "+1",    "01",       "-01",
        ".5",  "5.",    "1e",    "1e+",      "1.e1",
        "0x1", "1_000", "NaN",   "Infinity", "1.2.3",
        "--1", "1a",    "1e5.5", "00",       "12345678901234567890123456789x"}) {
    CAPTURE(text);
    int64_t whole = 0;
    double real = 0;
    CHECK_FALSE(readJsonBigint(text.c_str(), whole));
    CHECK_FALSE(readJsonDouble(text.c_str(), real));
    CHECK(findJsonNumberEnd(text.c_str()) == nullptr);
  }
}

TEST_CASE("doubles are rounded as strtod rounds them") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 100000; ++i) {
    std::string text = std::to_string(random() >> (random() % 60));
    if (random() % 4 != 0) {
      text += "." + std::to_string(random() >> (random() % 64));
    }
    if (random() % 4 == 0) {
      text += "e" + std::to_string(static_cast<int>(random() % 600) - 300);
    }
    double real = 0;
    REQUIRE(readJsonDouble(text.c_str(), real));
    REQUIRE(real == std::strtod(text.c_str(), nullptr));
  }
}
