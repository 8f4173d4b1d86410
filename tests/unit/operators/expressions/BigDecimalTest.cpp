// SPDX-License-Identifier: Apache-2.0
// Decimals of any size beside machine numbers, and as bytes.
#include <doctest/doctest.h>

#include <random>

#include "operators/expressions/BigDecimal.h"

using namespace auspex::operators;

TEST_CASE("big decimals compute as machine numbers do where those hold the result") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const int shift = static_cast<int>(random() % 63);
    const auto a = static_cast<int64_t>(random()) >> shift;
    const auto b = static_cast<int64_t>(random()) >> (random() % 63);
    CAPTURE(a);
    CAPTURE(b);
    const BigDecimal left(a, 2);
    const BigDecimal right(b, 2);
    CHECK((left + right).unscaled() == Int128{a} + b);
    CHECK((left - right).unscaled() == Int128{a} - b);
    CHECK((left * right).unscaled() == Int128{a} * b);
    CHECK((left * right).scale() == 4);
    CHECK((BigDecimal::compare(left, right) < 0) == (a < b));
    CHECK((BigDecimal::compare(left, right) == 0) == (a == b));
    if (b != 0) {
      CHECK(BigDecimal::remainder(left, right)->unscaled() == Int128{a} % b);
      CHECK(BigDecimal::quotient(left * right, right, 2)->unscaled() == Int128{a});
    }
    CHECK(BigDecimal::parse(left.toString())->unscaled() == Int128{a});
    CHECK(BigDecimal::fromBytes(left.toBytes(), 2).unscaled() == Int128{a});
  }
}

TEST_CASE("the bytes of a big decimal are Java's two's complement, and no more than needed") {
  struct Case {
    Int128 unscaled;
    std::string bytes;
  };
  const std::vector<Case> cases = {{0, std::string(1, '\0')},
                                   {1, "\x01"},
                                   {127, "\x7f"},
                                   {128, std::string("\0\x80", 2)},
                                   {-1, "\xff"},
                                   {-128, "\x80"},
                                   {-129, "\xff\x7f"},
                                   {256, std::string("\x01\0", 2)},
                                   {-256, std::string("\xff\0", 2)}};
  for (const Case& one : cases) {
    CAPTURE(static_cast<int64_t>(one.unscaled));
    CHECK(BigDecimal(one.unscaled, 0).toBytes() == one.bytes);
    CHECK(BigDecimal::fromBytes(one.bytes, 0).unscaled() == one.unscaled);
  }
}
