// SPDX-License-Identifier: Apache-2.0
// The broker refuses records that passed every check, and says so only at the commit: each becomes
// a dead letter, and outputs and state are otherwise those of the undisturbed run.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "tests/unit/engine/runtime/SweptProgram.h"

using namespace auspex::engine;
using auspex::operators::OutgoingRecord;

namespace {

constexpr int kInputRows = 40;

SweptProgram filterProgram() {
  SweptProgram program;
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, a INT)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
    CREATE STREAM o AS SELECT id, a * 2 AS b FROM s EMIT CHANGES;
    CREATE STREAM other AS SELECT id, a FROM s WHERE a > 5 EMIT CHANGES;
  )";
  program.waves.emplace_back();
  for (int row = 0; row < kInputRows; ++row) {
    program.waves.back().push_back(
        {"s", fmt::format("k{}", row), fmt::format(R"({{"a": {}}})", row), 100 + row});
  }
  program.outputs = {"O", "OTHER"};
  return program;
}

SweptProgram totalsProgram() {
  SweptProgram program = filterProgram();
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, a INT)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
    CREATE TABLE totals WITH (PARTITIONS=1) AS
        SELECT id, COUNT(*) AS n, SUM(a) AS total FROM s GROUP BY id EMIT CHANGES;
  )";
  program.outputs = {"TOTALS"};
  program.stores["CTAS_TOTALS_0"] = {"Aggregate"};
  return program;
}

/// The rows wait for a server's scores before they are written.
SweptProgram servedProgram() {
  SweptProgram program = filterProgram();
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, a INT)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
    CREATE MODEL m (amount DOUBLE, n DOUBLE) WITH (DEPLOYMENT='RPC', ENDPOINT='server:8080',
        REMOTE_MODEL='m', LAYOUT='COLUMNS', BINARY=false);
    CREATE STREAM o AS SELECT id, PREDICT('m', a, a) AS b FROM s EMIT CHANGES;
    CREATE STREAM other AS SELECT id, a FROM s WHERE a > 5 EMIT CHANGES;
  )";
  program.server = LateServerHabits{};
  return program;
}

bool isOneOf(const std::string& key, const std::vector<int>& rows) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](int row) { return key == fmt::format("k{}", row); });
}

std::string keyOf(const std::string& line) {
  return line.substr(0, line.find(' '));
}

std::vector<std::string> without(std::vector<std::string> lines, const std::vector<int>& rows) {
  std::erase_if(lines, [&](const std::string& line) { return isOneOf(keyOf(line), rows); });
  return lines;
}

void checkRefusals(const SweptProgram& program, const std::string& topic, const std::string& query,
                   const std::vector<int>& refused) {
  SweepSettings settings;
  for (const size_t drawRows : {1U, 2U, 7U, 1024U}) {
    settings.drawRows = drawRows;
    settings.faults = {};
    const SweptOutcome expected = runSwept(program, settings);
    REQUIRE(expected.failure == "");
    settings.faults.refuses = [&](const std::string& name, const OutgoingRecord& record) {
      return name == topic && isOneOf(std::string(record.key.value_or("")), refused);
    };
    SweptProgram watched = program;
    const std::string letters = query + "-dead-letters";
    watched.outputs.push_back(letters);
    SweptOutcome found = runSwept(watched, settings);
    CAPTURE(drawRows);
    CHECK(found.failure == "");
    const std::vector<std::string> dead = found.outputs[letters];
    CHECK(dead.size() == refused.size());
    for (const std::string& line : dead) {
      CHECK(isOneOf(keyOf(line), refused));
    }
    for (const std::string& output : program.outputs) {
      CAPTURE(output);
      const std::vector<std::string>& all = expected.outputs.at(output);
      CHECK(all.size() > 20);
      CHECK(found.outputs[output] == (output == topic ? without(all, refused) : all));
    }
    CHECK(found.state == expected.state);
  }
}

}  // namespace

TEST_CASE("a record that the broker refuses is a dead letter") {
  checkRefusals(filterProgram(), "O", "CSAS_O_0", {17});
}

TEST_CASE("several refused records, side by side and at both ends, are dead letters") {
  checkRefusals(filterProgram(), "O", "CSAS_O_0", {0, 8, 9, 10, 11, 25, kInputRows - 1});
}

TEST_CASE("a refused record among those that wait for a model server is found as well") {
  checkRefusals(servedProgram(), "O", "CSAS_O_0", {0, 17, 18});
}

TEST_CASE("a refused output of an aggregate leaves its state as it was") {
  checkRefusals(totalsProgram(), "TOTALS", "CTAS_TOTALS_0", {3, 4, 30});
}

TEST_CASE("when the broker refuses the dead letter too, the query stops and says why") {
  SweepSettings settings;
  settings.faults.refuses = [](const std::string& topic, const OutgoingRecord& record) {
    return (topic == "O" || topic == "CSAS_O_0-dead-letters") && record.key == "k7";
  };
  const SweptOutcome found = runSwept(filterProgram(), settings);
  CHECK(found.failure.find("simulated fault") != std::string::npos);
}
