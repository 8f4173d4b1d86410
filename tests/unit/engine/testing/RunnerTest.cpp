// SPDX-License-Identifier: Apache-2.0
// Files that are right pass; each file that is wrong in one thing fails at that line and says why.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/testing/TestRun.h"

namespace auspex::engine {
namespace {

struct RunCase {
  std::string steps;
  size_t line = 0;  // 0: passes; counted from the first line behind the statements
  std::string reason;
};

constexpr size_t kLinesBefore = 9;
const std::string kStatements =
    "statement ok\n"
    "CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', "
    "PARTITIONS=1);\n"
    "CREATE STREAM o AS SELECT * FROM s EMIT CHANGES;\n"
    "\n"
    "input s\nx | {\"a\": 1} | @1\ny | {\"a\": 2} | @2\nz | {\"a\": \"bad\"} | @3\n\n";

/// Failure as "line: text"; empty when the file passes.
std::string failureOf(const std::string& text) {
  std::vector<TestStep> steps;
  try {
    steps = parseTestFile(text);
  } catch (const TestFileError& error) {
    return std::to_string(error.line()) + ": " + error.what();
  }
  const auto failure = runTest("tests/some.test", steps, 2);
  return failure ? std::to_string(failure->line) + ": " + failure->text : "";
}

void checkRuns(const std::vector<RunCase>& cases) {
  for (const RunCase& item : cases) {
    CAPTURE(item.steps);
    const std::string failure = failureOf(kStatements + item.steps);
    CAPTURE(failure);
    if (item.line == 0) {
      CHECK(failure.empty());
      continue;
    }
    CHECK(failure.starts_with(std::to_string(kLinesBefore + item.line) + ": "));
    CHECK(failure.find(item.reason) != std::string::npos);
  }
}

TEST_CASE("outputs") {
  checkRuns({
      {"output O\nx | {\"A\": 1} | @1\ny | {\"A\": 2} | @2\n", 0, ""},
      {"output O unordered\ny | {\"A\": 2}\nx | {\"A\": 1}\n", 0, ""},
      {"output O\ny | {\"A\": 2}\nx | {\"A\": 1}\n", 1, "key: expected y, found x"},
      {"output O\nx | {\"A\": 1}\n", 1, "found, not expected"},
      {"output O\nx | {\"A\": 1}\ny | {\"A\": 2}\nz | null\n", 1, "expected, not found"},
      {"output O\nx | {\"A\": 7}\ny | {\"A\": 2}\n", 1, "value: A: expected 7, found 1"},
      {"output O\nx | null\ny | {\"A\": 2}\n", 1, "value: expected null"},
      {"output O\nx | {\"A\": 1} | @5\ny | {\"A\": 2}\n", 1, "timestamp: expected 5, found 1"},
      {"output O\nx | {\"A\": 1} | partition 3\ny | {\"A\": 2}\n", 1, "partition: expected 3"},
      {"output O\nx | {\"A\": 1} | headers {\"h\": \"v\"}\ny | {\"A\": 2}\n", 1, "headers: h"},
      {"output O unordered\nx | {\"A\": 1}\nx | {\"A\": 1}\n", 1, "expected, not found"},
      {"output O\nx | {\"A\": 1}\ny | {\"A\": 2}\n\ninput s\nx | {\"a\": 1}\n", 5,
       "holds more than its outputs expect"},
  });
}

TEST_CASE("statements, queries, metrics, dead letters") {
  checkRuns({
      {"statement error 1:8 column 'B' cannot\nSELECT b FROM s EMIT CHANGES;\n", 0, ""},
      {"statement error 1:9 column 'B' cannot\nSELECT b FROM s EMIT CHANGES;\n", 1, "1:8 SELECT"},
      {"statement error other words\nSELECT b FROM s EMIT CHANGES;\n", 1, "cannot be resolved"},
      {"statement error x\nSELECT a FROM s EMIT CHANGES;\n", 1, "no error"},
      {"statement ok\nSELECT b FROM s EMIT CHANGES;\n", 1, "cannot be resolved"},
      {"query SELECT k, a FROM o;\nx | 1\ny | 2\n", 0, ""},
      {"query SELECT k, a FROM o;\nx | 1\ny | 3\n", 1, "column 2: expected 3, found 2"},
      {"query SELECT k, a FROM o;\nx\ny\n", 1, "expected 1 columns, found 2"},
      {"query\nEXPLAIN SELECT nothing FROM o;\nx\n", 1, "cannot be resolved"},
      {"metric draws = ceil(3/draw)\n", 0, ""},
      {"metric CSAS_O_0.draws < 2\n", 1, "found:    2"},
      {"metric CSAS_O_0.draws < 2 at draw 7\n", 0, ""},
      {"metric CSAS_P_0.draws < 2\n", 1, "no query 'CSAS_P_0' runs"},
      {"metric speed < 2\n", 1, "'speed' is no metric"},
      {"dead letters CSAS_O_0\nz | {\"a\": \"bad\"} | Can't coerce\n", 0, ""},
      {"dead letters CSAS_O_0\nz | {\"a\": \"bad\"} | Nonsense\n", 1, "reason: expected Nonsense"},
      {"dead letters CSAS_O_0\n", 1, "found, not expected"},
  });
}

TEST_CASE("restarts and crashes") {
  checkRuns({
      {"restart\n\noutput O\nx | {\"A\": 1}\ny | {\"A\": 2}\n", 0, ""},
      {"crash at 1 2 3 4 5\n\ninput s\nw | {\"a\": 4}\n\noutput O\nx | {\"A\": 1}\ny | {\"A\": 2}\n"
       "w | {\"A\": 4}\n",
       0, ""},
  });
}

TEST_CASE("files that are no test") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\n# comment\nnonsense\n", "3: 'nonsense' is no directive"},
      {"statement maybe\nSELECT 1;\n", "1: 'statement ok' or 'statement error'"},
      {"statement ok\nSELECT 1\n", "1: the SQL does not end with ';'"},
      {"input\na | b\n", "1: a name is expected"},
      {"input s\nno separator\n", "2: 'key | value' is expected"},
      {"input s\na | b | @x\n", "2: '@x' is no timestamp"},
      {"output s sorted\n", "1: 'sorted' is neither"},
      {"metric draws ~ 3\n", "1: 'metric"},
      {"crash at\n", "1: the number of a step"},
      {"topic t partitions 0\n", "1: 'partitions N' is expected, N at least 1"},
      {"topic t partitions\n", "1: 'topic NAME [partitions N] [SETTING VALUE]...' is expected"},
      {"dead letters q\na | b\n", "2: 'key | value | part of the reason'"},
  };
  for (const auto& damaged : cases) {
    CAPTURE(damaged.first);
    const std::string failure = failureOf(damaged.first);
    CAPTURE(failure);
    CHECK(failure.starts_with(damaged.second));
  }
}

}  // namespace
}  // namespace auspex::engine
