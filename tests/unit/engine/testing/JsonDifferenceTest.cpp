// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/JsonDifference.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace auspex::engine {
namespace {

struct JsonCase {
  std::string expected;
  std::string found;
  std::string difference;  // empty: equal
};

TEST_CASE("values are compared as JSON") {
  const std::vector<JsonCase> cases = {
      {R"({"a": 1, "b": [true, null]})", R"({"b":[true,null],"a":1})", ""},
      {"1", "1.0", ""},
      {"0.1", "0.10000000001", ""},
      {"0.1", "0.1001", "expected 0.1, found 0.1001"},
      {"9007199254740993", "9007199254740992", "expected 9007199254740993, found 9007199254740992"},
      {R"("1")", "1", R"(expected "1", found 1)"},
      {R"("\u00e9\n")", "\"é\\n\"", ""},
      {R"("\ud83d\ude00")", "\"😀\"", ""},
      {R"({"a": {"b": [1, 2]}})", R"({"a": {"b": [1, 3]}})", "a.b[1]: expected 2, found 3"},
      {R"({"a": 1})", "{}", "a: expected 1, not there"},
      {"{}", R"({"a": null})", "a: not expected, found null"},
      {"[1]", "[1, 2]", "expected an array of 1, found an array of 2"},
  };
  for (const JsonCase& item : cases) {
    CAPTURE(item.expected);
    CAPTURE(item.found);
    const auto left = JsonTree::parse(item.expected);
    const auto right = JsonTree::parse(item.found);
    REQUIRE(left);
    REQUIRE(right);
    CHECK(differenceOf(*left, *right, 1e-9).value_or("") == item.difference);
  }
}

TEST_CASE("texts that are no JSON") {
  const std::string deep(200, '[');
  for (const std::string& text : std::vector<std::string>{
           "", "{", "nul", "[1,]", "{\"a\"}", "1 2", "\"open", "\"\\x\"", "\"\\u12\"", "-", deep}) {
    CAPTURE(text);
    CHECK_FALSE(JsonTree::parse(text));
  }
}

}  // namespace
}  // namespace auspex::engine
