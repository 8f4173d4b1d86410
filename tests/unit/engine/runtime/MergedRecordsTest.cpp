// SPDX-License-Identifier: Apache-2.0
// Of a table's changes between two commits the last of each key is enough, where it is asked for.
#include "engine/runtime/MergedRecords.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tests/unit/engine/runtime/SweptChecks.h"

using namespace auspex::engine;
using auspex::operators::OutgoingRecord;

namespace {

OutgoingRecord change(int32_t partition, std::string_view key, std::string_view value,
                      int64_t timestamp) {
  OutgoingRecord record;
  record.partition = partition;
  record.key = key;
  record.value = value;
  record.timestamp = timestamp;
  return record;
}

std::vector<std::string> written(MergedRecords& merged) {
  std::vector<std::string> lines;
  merged.writeTo([&](std::span<const OutgoingRecord> records) {
    for (const OutgoingRecord& record : records) {
      std::string line = fmt::format("{} {} {} {}", record.partition, *record.key,
                                     record.value.value_or("(none)"), record.timestamp);
      for (const auto& header : record.headers) {
        line += fmt::format(" {}={}", header.key, header.value.value_or("(none)"));
      }
      lines.push_back(std::move(line));
    }
  });
  return lines;
}

SweptProgram mergedProgram() {
  SweptProgram program;
  program.statements = R"(
    CREATE STREAM s (g VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE TABLE totals AS SELECT g, COUNT(*) AS n, SUM(a) AS total FROM s GROUP BY g EMIT CHANGES;
  )";
  for (int wave = 0; wave < 2; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 9; ++i) {
      const int row = wave * 9 + i;
      program.waves.back().push_back(
          {"s", fmt::format("g{}", row % 3), fmt::format(R"({{"a": {}}})", row), 100 + row});
    }
  }
  program.outputs = {"TOTALS"};
  program.stores["CTAS_TOTALS_0"] = {"Aggregate"};
  return program;
}

constexpr size_t kPlenty = 1 << 20;

}  // namespace

TEST_CASE("the last change of a key stands where it came, per partition") {
  MergedRecords merged;
  CHECK(written(merged).empty());
  for (int round = 0; round < 2; ++round) {
    CAPTURE(round);
    merged.add(change(0, "a", "1", 10));
    merged.add(change(0, "b", "2", 11));
    merged.add(change(1, "a", "3", 12));
    OutgoingRecord last = change(0, "a", "a longer value than a string holds by itself", 9);
    last.headers = {{"h", "x"}, {"i", std::nullopt}};
    merged.add(last);
    OutgoingRecord gone = change(0, "b", "", 14);
    gone.value.reset();
    merged.add(gone);
    const size_t key = sizeof(int32_t) + 1;
    CHECK(merged.sizeBytes() == key + 1 + (key + last.value->size() + 3) + key);
    CHECK(written(merged) ==
          std::vector<std::string>{"1 a 3 12", fmt::format("0 a {} 9 h=x i=(none)", *last.value),
                                   "0 b (none) 14"});
    CHECK(merged.sizeBytes() == 0);
    CHECK(written(merged).empty());
  }
}

TEST_CASE("many changes of few keys leave the last ones, and take no more room") {
  MergedRecords merged;
  constexpr int kKeys = 3;
  constexpr int kRounds = 5000;  // several times what is let go of at once
  for (int i = 0; i < kRounds * kKeys; ++i) {
    const std::string value = fmt::format("value {}", i);
    merged.add(change(i % 2, fmt::format("k{}", i % kKeys), value, i));
  }
  const size_t one = sizeof(int32_t) + 2 + std::string_view("value 14999").size();
  CHECK(merged.sizeBytes() == 2 * kKeys * one);
  std::vector<std::string> expected;
  for (int i = kRounds * kKeys - 2 * kKeys; i < kRounds * kKeys; ++i) {
    expected.push_back(fmt::format("{} k{} value {} {}", i % 2, i % kKeys, i, i));
  }
  CHECK(written(merged) == expected);
}

TEST_CASE("what could not be written waits on") {
  MergedRecords merged;
  merged.add(change(0, "a", "1", 10));
  CHECK_THROWS_AS(merged.writeTo([](auto) { throw std::runtime_error("no broker"); }),
                  std::runtime_error);
  CHECK(written(merged) == std::vector<std::string>{"0 a 1 10"});
}

TEST_CASE("a table's changes are merged up to the commit, whatever crashes") {
  const SweptProgram program = mergedProgram();
  SweepSettings settings;
  const SweptOutcome all = runSwept(program, settings);
  const std::vector<std::string>& changes = all.outputs.at("TOTALS");
  REQUIRE(changes.size() == 18);
  settings.mergedBytes = kPlenty;
  const SweptOutcome merged = runSwept(program, settings);
  CHECK(textOf(merged.state) == textOf(all.state));
  CHECK(merged.outputs.at("TOTALS").size() == 6);  // three keys in each of two waves
  for (uint64_t step = 1; step <= merged.steps; ++step) {
    CAPTURE(step);
    settings.faults.crashAtStep = step;
    const SweptOutcome found = runSwept(program, settings);
    CHECK(found.failure == "");
    CHECK(textOf(found.state) == textOf(all.state));
    const std::vector<std::string>& some = found.outputs.at("TOTALS");
    CHECK(std::adjacent_find(some.begin(), some.end()) == some.end());
    CHECK(std::includes(changes.begin(), changes.end(), some.begin(), some.end()));
    for (const int group : {0, 1, 2}) {
      const std::string last = fmt::format(R"(g{} | {{"N":6,)", group);
      CHECK(std::count_if(some.begin(), some.end(),
                          [&](const std::string& line) { return line.starts_with(last); }) == 1);
    }
  }
}

TEST_CASE("beyond its bytes the merging does not wait for the commit") {
  SweepSettings settings;
  settings.mergedBytes = 1;
  const SweptOutcome found = runSwept(mergedProgram(), settings);
  CHECK(found.failure == "");
  CHECK(found.outputs.at("TOTALS").size() == 18);  // a draw of two rows has two keys
}
