// SPDX-License-Identifier: Apache-2.0
// Splits by the hash of a key, and routes as they are logged.
#include "operators/models/ModelRoute.h"

#include <doctest/doctest.h>

#include <array>

using namespace auspex::operators;

TEST_CASE("the bucket of a key is the same for ever") {
  struct Case {
    std::string salt;
    std::string key;
    uint32_t bucket;
  };
  for (const Case& each : std::vector<Case>{{"", "", 2267},
                                            {"", "a", 3764},
                                            {"", "1", 6018},
                                            {"x", "1", 6626},
                                            {"x", "2", 1258},
                                            {"x", "3", 6257},
                                            {"x", "", 2725},
                                            {"exp7", "card-42", 7527},
                                            {"", "Z\u00fcrich", 4798}}) {
    CAPTURE(each.salt);
    CAPTURE(each.key);
    CHECK(bucketOf(each.salt, each.key) == each.bucket);
  }
}

TEST_CASE("keys are spread evenly, and another salt deals them anew") {
  std::array<int, 10> tenths{};
  int numSame = 0;
  constexpr int kNumKeys = 20'000;
  for (int key = 0; key < kNumKeys; ++key) {
    const std::string text = "card-" + std::to_string(key);
    ++tenths[bucketOf("", text) / 1'000];
    numSame += bucketOf("", text) / 1'000 == bucketOf("other", text) / 1'000 ? 1 : 0;
  }
  for (const int count : tenths) {
    CHECK(count > kNumKeys / 10 - 200);  // nearly five standard deviations
    CHECK(count < kNumKeys / 10 + 200);
  }
  CHECK(numSame > kNumKeys / 10 - 200);
  CHECK(numSame < kNumKeys / 10 + 200);
}

TEST_CASE("a route is read as it was written") {
  ModelRoute route;
  route.shares = {{1, "champion \"x\"", 9'000}, {12, "12", kNumBuckets}};
  route.key = "CARD + 'a'";
  route.salt = "\n";
  route.shadow = RouteShadow{3, 1'000};
  CHECK(ModelRoute::fromText(route.toText()) == route);
  CHECK(route.describe() == "champion \"x\":1 90%, 12 10% by CARD + 'a'");
  const ModelRoute single{{{7, "default", kNumBuckets}}, "", ""};
  CHECK(ModelRoute::fromText(single.toText()) == single);
  CHECK(single.describe() == "7");
  for (const std::string text :
       {"", "null", "{}", R"({"shares":[]})", R"({"shares":[{"version":1,"variant":"a"}]})",
        R"({"shares":[{"version":1,"variant":"a","end":9000}]})",
        R"({"shares":[{"version":-1,"variant":"a","end":10000}]})",
        R"({"shares":[{"version":1,"variant":"a","end":10001}]})",
        R"({"shares":[{"version":1,"variant":"a","end":10000}],"shadow":{}})"}) {
    CAPTURE(text);
    CHECK_FALSE(ModelRoute::fromText(text).has_value());
  }
}
