// SPDX-License-Identifier: Apache-2.0
// The process dies at every step of the broker, and commits end without an answer: outputs and
// state are those of the undisturbed run. With the commit's order broken the same check must see a
// difference, or it would see nothing at all.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/engine/runtime/SweptChecks.h"

using namespace auspex::engine;

namespace {

SweptProgram scoringProgram() {
  SweptProgram program;
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color DOUBLE,
        store DOUBLE) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
    INSERT INTO s (ROWTIME, id, amount) VALUES (1, 'inserted', 0.5);
    CREATE MODEL risk WITH (URI='logistic-3.2.0.json');
    CREATE STREAM scored AS SELECT id, PREDICT('risk', *) AS p FROM s EMIT CHANGES;
    CREATE STREAM high AS SELECT id, p FROM scored WHERE p > 0.2 EMIT CHANGES;
  )";
  for (int wave = 0; wave < 2; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 5; ++i) {
      const int row = wave * 5 + i;
      program.waves.back().push_back(
          {"s", fmt::format("k{}", row),
           row == 7 ? "{damaged" : fmt::format(R"({{"amount": {}, "n": {}}})", row - 5, i),
           100 + row});
    }
  }
  program.outputs = {"s", "SCORED", "HIGH", "CSAS_SCORED_0-dead-letters"};
  return program;
}

SweptProgram groupsProgram() {
  SweptProgram program;
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, g VARCHAR, a INT)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE TABLE totals WITH (PARTITIONS=2) AS
        SELECT g, COUNT(*) AS n, SUM(a) AS total FROM s GROUP BY g EMIT CHANGES;
  )";
  for (int wave = 0; wave < 2; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 6; ++i) {
      const int row = wave * 6 + i;
      program.waves.back().push_back({"s", fmt::format("k{}", row),
                                      fmt::format(R"({{"g": "g{}", "a": {}}})", row % 4, row),
                                      100 + row});
    }
  }
  program.outputs = {"TOTALS"};
  program.stores["CTAS_TOTALS_0"] = {"Aggregate"};
  return program;
}

/// Rows of a group come from several partitions in any order, so only what is left is compared.
SweptProgram wideGroupsProgram() {
  SweptProgram program = groupsProgram();
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, g VARCHAR, a INT)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=3);
    CREATE TABLE totals AS SELECT g, COUNT(*) AS n, SUM(a) AS total, MIN(a) AS least
        FROM s GROUP BY g EMIT CHANGES;
  )";
  program.outputs = {"s"};
  return program;
}

SweptProgram joinProgram() {
  SweptProgram program;
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, a INT)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
    CREATE TABLE t (id VARCHAR PRIMARY KEY, name VARCHAR)
        WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=2);
    CREATE STREAM joined AS SELECT s.id AS id, a, name FROM s LEFT JOIN t ON s.id = t.id
        EMIT CHANGES;
  )";
  for (int wave = 0; wave < 2; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 4; ++i) {
      const std::string key = fmt::format("k{}", i);
      const int64_t time = 100 * (wave + 1) + 10 * i;
      // The last wave deletes one row of the table before the stream's row comes.
      program.waves.back().push_back(
          {"t", key, wave == 1 && i == 1 ? "" : fmt::format(R"({{"name": "n{}-{}"}})", wave, i),
           time});
      program.waves.back().push_back({"s", key, fmt::format(R"({{"a": {}}})", wave), time + 5});
      program.waves.back().push_back({"s", key, fmt::format(R"({{"a": -{}}})", wave), time - 5});
    }
  }
  program.outputs = {"JOINED"};
  program.stores["CSAS_JOINED_0"] = {"Join"};
  return program;
}

/// Waves of left rows, of right rows, and of left rows that move and go: no answer can be
/// overtaken.
SweptProgram foreignKeyProgram() {
  SweptProgram program;
  program.statements = R"(
    CREATE TABLE l (id VARCHAR PRIMARY KEY, a INT, fk VARCHAR)
        WITH (KAFKA_TOPIC='l', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE TABLE r (id VARCHAR PRIMARY KEY, b INT)
        WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE TABLE joined AS SELECT l.id AS id, a, b FROM l LEFT JOIN r ON l.fk = r.id EMIT CHANGES;
  )";
  program.waves = {{{"l", "k0", R"({"a": 0, "fk": "f0"})", 100},
                    {"l", "k1", R"({"a": 1, "fk": "f1"})", 101},
                    {"l", "k2", R"({"a": 2, "fk": "f0"})", 102}},
                   {{"r", "f0", R"({"b": 5})", 200}, {"r", "f1", R"({"b": 6})", 201}},
                   {{"l", "k0", R"({"a": 7, "fk": "f1"})", 300}, {"l", "k2", "", 301}}};
  program.outputs = {"JOINED"};
  return program;
}

/// Versions change between waves, and what is kept of the rows of a table is by version.
SweptProgram swapProgram() {
  SweptProgram program;
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color DOUBLE,
        store DOUBLE) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE TABLE t (id VARCHAR PRIMARY KEY, g VARCHAR, amount DOUBLE, `Score x` DOUBLE, n DOUBLE,
        color DOUBLE, store DOUBLE) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE MODEL risk WITH (URI='logistic-3.2.0.json');
    ALTER MODEL risk ADD VERSION WITH (URI='logistic-3.2.0.json', ITERATIONS='1');
    CREATE STREAM scored AS SELECT id, MODEL_VERSION('risk', *) AS v, PREDICT('risk', *) AS p FROM s
        EMIT CHANGES;
    CREATE TABLE sums WITH (PARTITIONS=1) AS SELECT g, SUM(MODEL_VERSION('risk', *)) AS v FROM t
        GROUP BY g EMIT CHANGES;
  )";
  program.changes = {{1, "ALTER MODEL risk SET ALIAS default = 2;"},
                     {2, "ALTER MODEL risk ROLLBACK;"}};
  for (int wave = 0; wave < 3; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 3; ++i) {
      const std::string key = fmt::format("k{}", (wave + i) % 4);
      const int64_t time = 100 * (wave + 1) + i;
      program.waves.back().push_back({"s", key, fmt::format(R"({{"amount": {}}})", i), time});
      program.waves.back().push_back(
          {"t", key, fmt::format(R"({{"g": "g{}", "amount": {}}})", i % 2, i), time});
    }
  }
  program.outputs = {"SCORED", "SUMS"};
  return program;
}

/// Windows that end and are gone by the end, but for the last ones.
SweptProgram windowsProgram() {
  SweptProgram program;
  program.statements = R"(
    CREATE STREAM s (g VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE TABLE totals AS SELECT g, COUNT(*) AS n, SUM(a) AS total FROM s
        WINDOW TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY g EMIT CHANGES;
  )";
  for (int wave = 0; wave < 4; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 6; ++i) {
      const int row = wave * 6 + i;
      program.waves.back().push_back({"s", fmt::format("g{}", row % 3),
                                      fmt::format(R"({{"a": {}}})", row),
                                      100 + 7 * (row - row % 2)});
    }
  }
  program.outputs = {"TOTALS"};
  program.stores["CTAS_TOTALS_0"] = {"Aggregate"};
  return program;
}

/// Requests, some of them in error, and another version for the second half.
SweptProgram servingProgram() {
  SweptProgram program;
  program.statements = R"(
    CREATE MODEL risk WITH (URI='logistic-3.2.0.json');
    ALTER MODEL risk ADD VERSION WITH (URI='logistic-3.2.0.json', ITERATIONS='1');
    SERVE MODEL risk WITH (REQUEST_TOPIC='q', PARTITIONS=2);
  )";
  program.changes = {{1, "ALTER MODEL risk SET ALIAS default = 2;"}};
  for (int wave = 0; wave < 2; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 5; ++i) {
      const int row = wave * 5 + i;
      const std::string features =
          fmt::format(R"({{"amount": {}, "Score x": 1, "n": {}, "color": 1, "store": 2}})", row, i);
      program.waves.back().push_back(
          {"q", fmt::format("k{}", row),
           i == 3 ? "{damaged" : fmt::format(R"({{"rows": [{0}, {0}]}})", features), 100 + row});
    }
  }
  program.outputs = {"q-replies"};
  return program;
}

struct Road {
  std::string name;
  SweptProgram program;
};

std::vector<Road> roads() {
  return {{"scoring", scoringProgram()},        {"groups", groupsProgram()},
          {"wide groups", wideGroupsProgram()}, {"join", joinProgram()},
          {"foreign key", foreignKeyProgram()}, {"swaps of models", swapProgram()},
          {"windows", windowsProgram()},        {"served model", servingProgram()}};
}

/// The undisturbed run, which must have done something.
SweptOutcome undisturbed(const Road& road, const SweepSettings& settings = {}) {
  const SweptOutcome outcome = runSwept(road.program, settings);
  REQUIRE(outcome.failure == "");
  REQUIRE_FALSE(outcome.crashed);
  for (const std::string& topic : road.program.outputs) {
    CAPTURE(topic);
    REQUIRE_FALSE(outcome.outputs.at(topic).empty());
  }
  for (const auto& state : outcome.state) {
    CAPTURE(state.first);
    REQUIRE_FALSE(state.second.empty());
  }
  return outcome;
}

void sweepCrashes(const Road& road, SweepSettings settings) {
  const SweptOutcome expected = undisturbed(road, settings);
  uint64_t numCrashes = 0;
  for (uint64_t step = 1; step <= expected.steps; ++step) {
    settings.faults.crashAtStep = step;
    CAPTURE(road.name);
    CAPTURE(step);
    const SweptOutcome found = runSwept(road.program, settings);
    numCrashes += found.crashed ? 1 : 0;
    checkSame(expected, found);
  }
  CHECK(numCrashes == expected.steps);
}

}  // namespace

TEST_CASE("a crash before every step of the broker changes nothing") {
  for (const Road& road : roads()) {
    sweepCrashes(road, {});
  }
}

TEST_CASE("a crash after every step of the broker, whose answer is lost, changes nothing") {
  SweepSettings settings;
  settings.faults.crashAfterEffect = true;
  for (const Road& road : roads()) {
    sweepCrashes(road, settings);
  }
}

TEST_CASE("a crash that takes the state directory with it changes nothing") {
  SweepSettings settings;
  settings.losesDisk = true;
  settings.drawRows = 7;
  sweepCrashes({"groups", groupsProgram()}, settings);
  sweepCrashes({"join", joinProgram()}, settings);
  sweepCrashes({"windows", windowsProgram()}, settings);
}

TEST_CASE("of windows that are over the changelog keeps nothing") {
  SweepSettings settings;
  settings.drawRows = 1;
  const SweptOutcome outcome = undisturbed({"windows", windowsProgram()}, settings);
  CHECK(outcome.numPurged > 10);
  CHECK(outcome.state.at("CTAS_TOTALS_0").size() < 8);
  CHECK(undisturbed({"groups", groupsProgram()}, settings).numPurged == 0);
}

TEST_CASE("commits whose answer is lost are settled") {
  for (const FaultKind kind : {FaultKind::AmbiguousApplied, FaultKind::AmbiguousLost}) {
    for (const Road& road : roads()) {
      const SweptOutcome expected = undisturbed(road);
      // The command log commits too; its statement is then executed again by the next start.
      for (uint32_t skip = 5; skip < 11; ++skip) {
        CAPTURE(road.name);
        CAPTURE(skip);
        CAPTURE(static_cast<int>(kind));
        SweepSettings settings;
        settings.faults.planned = {{kind, BrokerCall::Commit, skip, 1}};
        checkSame(expected, runSwept(road.program, settings));
      }
    }
  }
}

TEST_CASE("transactions that the broker aborts are run again") {
  for (const BrokerCall call : {BrokerCall::Send, BrokerCall::SendOffsets, BrokerCall::Commit}) {
    for (const Road& road : roads()) {
      const SweptOutcome expected = undisturbed(road);
      for (uint32_t skip = 8; skip < 16; skip += 2) {
        CAPTURE(road.name);
        CAPTURE(skip);
        CAPTURE(static_cast<int>(call));
        SweepSettings settings;
        settings.faults.planned = {{FaultKind::Abortable, call, skip, 1}};
        checkSame(expected, runSwept(road.program, settings));
      }
    }
  }
}

TEST_CASE("with the order of the commit broken the same check finds a difference") {
  for (const Road& road : roads()) {
    SweepSettings settings;
    settings.brokenOrder = true;
    const SweptOutcome expected = undisturbed(road);
    const uint64_t last = runSwept(road.program, settings).steps;
    bool isSeen = false;
    for (uint64_t step = 1; step <= last && !isSeen; ++step) {
      settings.faults.crashAtStep = step;
      isSeen = !runSwept(road.program, settings).isSameAs(expected);
    }
    CAPTURE(road.name);
    CHECK(isSeen);
  }
}
