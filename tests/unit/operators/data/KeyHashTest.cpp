// SPDX-License-Identifier: Apache-2.0
#include "operators/data/KeyHash.h"

#include <doctest/doctest.h>

#include <string>

using namespace auspex::operators;

TEST_CASE("murmur2 gives what Kafka's clients compute") {
  struct Case {
    std::string key;
    int32_t hash;
  };
  const Case cases[] = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  for (const Case& test : cases) {
    CAPTURE(test.key);
    CHECK(static_cast<int32_t>(murmur2(test.key)) == test.hash);
  }
}

TEST_CASE("partitionOf drops the sign bit before the remainder") {
  CHECK(partitionOf("21", 10) == ((-973932308) & 0x7fffffff) % 10);
  for (int32_t numPartitions : {1, 2, 7, 1000}) {
    const int32_t partition = partitionOf("foobar", numPartitions);
    CHECK(partition >= 0);
    CHECK(partition < numPartitions);
  }
  CHECK(partitionOf("", 1) == 0);
}
