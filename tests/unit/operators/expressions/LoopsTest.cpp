// SPDX-License-Identifier: Apache-2.0
// What the loops over columns are built of: division by a constant, lists of flagged rows.
#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <vector>

#include "operators/expressions/ConstantDivisor.h"
#include "operators/expressions/FlagSelection.h"

using namespace auspex::operators;

TEST_CASE("a constant divisor divides as the processor does, at the edges of numbers too") {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  std::vector<int64_t> numbers{kLeast, kLeast + 1, std::numeric_limits<int64_t>::max(), 0};
  for (int shift = 0; shift < 63; ++shift) {
    for (int64_t beside = -2; beside <= 2; ++beside) {
      numbers.push_back((int64_t{1} << shift) + beside);
      numbers.push_back(-(int64_t{1} << shift) + beside);
    }
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; ++i) {
    numbers.push_back(static_cast<int64_t>(random() >> (random() % 64)));
  }
  size_t numWrong = 0;
  for (const int64_t divisor : numbers) {
    if (divisor == 0 || divisor == -1) {
      continue;
    }
    const ConstantDivisor constant(divisor);
    for (const int64_t number : numbers) {
      numWrong += constant.quotient(number) != number / divisor ? 1 : 0;
      numWrong += constant.remainder(number) != number % divisor ? 1 : 0;
    }
  }
  CHECK(numWrong == 0);
}

TEST_CASE("flagged rows are listed in order, for any number of rows") {
  std::mt19937_64 random(7);
  std::vector<uint32_t> rows;
  for (size_t numRows = 0; numRows < 70; ++numRows) {
    std::vector<uint8_t> flags(numRows);
    for (uint8_t& flag : flags) {
      flag = static_cast<uint8_t>(random() & 1);
    }
    for (const bool wanted : {true, false}) {
      std::vector<uint32_t> expected;
      for (size_t row = 0; row < numRows; ++row) {
        if ((flags[row] != 0) == wanted) {
          expected.push_back(static_cast<uint32_t>(row));
        }
      }
      const size_t count = listFlaggedRows(flags.data(), numRows, wanted, rows);
      CHECK(std::vector<uint32_t>(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(count)) ==
            expected);
    }
  }
}
