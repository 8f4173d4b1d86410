// SPDX-License-Identifier: Apache-2.0
// Rows are scored by a model server behind topics: what comes out is the same whatever becomes of
// requests and replies, and wherever the process dies meanwhile.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "tests/unit/engine/runtime/SweptChecks.h"

using namespace auspex::engine;

namespace {

constexpr const char* kModel = R"(
    CREATE MODEL m (amount DOUBLE, n DOUBLE) WITH (DEPLOYMENT='KAFKA', PROTOCOL='MLSERVER',
        REQUEST_TOPIC='q', REPLY_TOPIC='r', REMOTE_MODEL='m', LAYOUT='COLUMNS', PARTITIONS=2,
        TIMEOUT='2 SECONDS', BREAKER_PAUSE='300 MILLISECONDS', BATCH_MAX_ROWS=2 {});)";

// So many retries that a row that is lost now and then is never taken for one of its own fault.
SweptProgram topicProgram(const TopicServerHabits& habits,
                          const std::string& more = ", RETRIES=9") {
  SweptProgram program;
  program.statements = fmt::format(R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, n DOUBLE)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
    {}
    CREATE STREAM scored AS SELECT id, amount, PREDICT('m', *) AS p, MODEL_VERSION('m', *) AS v
        FROM s WHERE n < 4 EMIT CHANGES;
    CREATE TABLE counts AS SELECT id, COUNT(*) AS n, SUM(PREDICT('m', *)) AS p FROM s GROUP BY id
        EMIT CHANGES;
  )",
                                   fmt::format(kModel, more));
  for (int wave = 0; wave < 2; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 5; ++i) {
      const int row = wave * 5 + i;
      program.waves.back().push_back(
          {"s", fmt::format("k{}", row % 5),
           row == 5 ? "{damaged" : fmt::format(R"({{"amount": {}, "n": {}}})", row, i), 100 + row});
    }
  }
  program.outputs = {"SCORED", "COUNTS", "CSAS_SCORED_0-dead-letters"};
  program.stores["CTAS_COUNTS_0"] = {"Aggregate"};
  program.topicServer = habits;
  return program;
}

/// The row of a key; empty when there is none.
std::string rowOf(const SweptOutcome& outcome, const std::string& topic, const std::string& key) {
  for (const std::string& row : outcome.outputs.at(topic)) {
    if (row.starts_with(key + " |")) {
      return row;
    }
  }
  return "";
}

struct Server {
  std::string name;
  TopicServerHabits habits;
};

/// Servers that all rows can be had from in the end.
std::vector<Server> servers() {
  TopicServerHabits twice;
  twice.doubled = 1;
  TopicServerHabits losing;
  losing.lost = 4;
  TopicServerHabits damaging;
  damaging.damaged = 4;
  TopicServerHabits away;
  away.scoring.turnsAway = 60;
  TopicServerHabits slow;  // some replies come after their deadline, and to a life before
  slow.scoring.turns = 18;
  TopicServerHabits wild;
  wild.doubled = 2;
  wild.lost = 5;
  wild.damaged = 7;
  return {{"well", {}},   {"twice", twice}, {"losing", losing}, {"damaging", damaging},
          {"away", away}, {"slow", slow},   {"wild", wild}};
}

}  // namespace

TEST_CASE("scores come through topics, whatever becomes of replies and however draws are cut") {
  const SweptOutcome expected = runSwept(topicProgram({}), withRows(1));
  REQUIRE(expected.failure == "");
  CHECK(expected.mostWaiting > 1);
  const auto& rows = expected.outputs.at("SCORED");
  REQUIRE(rows.size() == 7);
  CHECK(std::find(rows.begin(), rows.end(), R"(k3 | {"AMOUNT":3.0,"P":9.0,"V":1} | 103)") !=
        rows.end());
  CHECK(expected.outputs.at("CSAS_SCORED_0-dead-letters").size() == 1);
  for (const Server& server : servers()) {
    for (const size_t rowsAtATime : {1U, 2U, 7U, 1024U}) {
      CAPTURE(server.name);
      CAPTURE(rowsAtATime);
      checkSame(expected, runSwept(topicProgram(server.habits), withRows(rowsAtATime)));
    }
  }
}

TEST_CASE("a crash before or after any step changes nothing, though requests are under way") {
  for (const Server& server : servers()) {
    if (server.name != "wild" && server.name != "slow") {
      continue;  // wild is all of the others, and sweeps take their time
    }
    CAPTURE(server.name);
    const SweptProgram program = topicProgram(server.habits);
    const SweptOutcome expected = runSwept(program, {});
    REQUIRE(expected.failure == "");
    const uint64_t stride = server.name == "wild" ? 1 : 3;
    for (const bool afterEffect : {false, true}) {
      SweepSettings settings;
      settings.faults.crashAfterEffect = afterEffect;
      uint64_t numRuns = 0;
      uint64_t numCrashes = 0;
      for (uint64_t step = 1; step <= expected.steps; step += stride) {
        settings.faults.crashAtStep = step;
        CAPTURE(afterEffect);
        CAPTURE(step);
        const SweptOutcome found = runSwept(program, settings);
        // Pauses between tries are random, so a run may be some steps shorter than another.
        CHECK((found.crashed || found.steps < step));
        ++numRuns;
        numCrashes += found.crashed ? 1 : 0;
        checkSame(expected, found);
      }
      CHECK(numCrashes * 10 > numRuns * 9);
    }
  }
}

TEST_CASE("transactions that fail, and a broker that is away at times, lose no waiting row") {
  const SweptProgram program = topicProgram({});
  const SweptOutcome expected = runSwept(program, {});
  for (const FaultKind kind :
       {FaultKind::Abortable, FaultKind::AmbiguousApplied, FaultKind::AmbiguousLost}) {
    for (uint32_t skip = 5; skip < 15; ++skip) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(skip);
      SweepSettings settings;
      settings.faults.planned = {{kind, BrokerCall::Commit, skip, 1}};
      checkSame(expected, runSwept(program, settings));
    }
  }
  for (const BrokerCall call : {BrokerCall::Send, BrokerCall::Poll}) {
    for (uint32_t skip = 4; skip < 40; skip += 3) {
      CAPTURE(static_cast<int>(call));
      CAPTURE(skip);
      SweepSettings settings;
      settings.faults.planned = {{FaultKind::Unavailable, call, skip, 1}};
      checkSame(expected, runSwept(program, settings));
    }
  }
}

TEST_CASE("a row that the server refuses, or is silent over, is found and set apart") {
  for (const bool isSilent : {false, true}) {
    for (const size_t rowsAtATime : {1U, 7U}) {
      CAPTURE(isSilent);
      CAPTURE(rowsAtATime);
      TopicServerHabits habits;
      habits.scoring.refused = 3;
      habits.isSilentOverErrors = isSilent;
      const SweptOutcome outcome =
          runSwept(topicProgram(habits, ", RETRIES=1"), withRows(rowsAtATime));
      CHECK(outcome.failure == "");
      CHECK(outcome.outputs.at("SCORED").size() == 6);
      CHECK(rowOf(outcome, "SCORED", "k3") == R"(k3 | {"AMOUNT":8.0,"P":19.0,"V":1} | 108)");
      CHECK(rowOf(outcome, "CSAS_SCORED_0-dead-letters", "k3") ==
            R"(k3 | {"amount": 3, "n": 3} | 103)");
    }
  }
}

TEST_CASE("what becomes of rows while nobody answers is the statement's choice") {
  TopicServerHabits habits;
  habits.scoring.turnsAway = 1'000'000;
  const SweptOutcome outcome =
      runSwept(topicProgram(habits, ", RETRIES=1, ON_UNAVAILABLE='NULL'"), withRows(7));
  CHECK(outcome.failure == "");
  REQUIRE(outcome.outputs.at("SCORED").size() == 7);
  CHECK(rowOf(outcome, "SCORED", "k3").find(R"("P":null,"V":null)") != std::string::npos);
}

TEST_CASE(
    "requests that are too large for their topic go in pieces, and a row alone is set apart") {
  SweptProgram program = topicProgram({});
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, n DOUBLE, text VARCHAR)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE MODEL m (amount DOUBLE, n DOUBLE, text VARCHAR) WITH (DEPLOYMENT='KAFKA',
        PROTOCOL='MLSERVER', REQUEST_TOPIC='q', REPLY_TOPIC='r', REMOTE_MODEL='m',
        LAYOUT='COLUMNS', PARTITIONS=1);
    CREATE STREAM scored AS SELECT id, PREDICT('m', amount, n, text || text || text) AS p FROM s
        EMIT CHANGES;
  )";
  program.stores.clear();
  program.outputs = {"SCORED", "CSAS_SCORED_0-dead-letters"};
  program.waves = {{}};
  for (int i = 0; i < 6; ++i) {
    // Some of the others fit in a request together, not all of them, and this one does not alone.
    const std::string text(i == 4 ? 400'000 : 100'000, 'x');
    program.waves[0].push_back({"s", fmt::format("k{}", i),
                                fmt::format(R"({{"amount": {}, "n": 0, "text": "{}"}})", i, text),
                                100 + i});
  }
  const SweptOutcome outcome = runSwept(program, withRows(1024));
  CHECK(outcome.failure == "");
  CHECK(outcome.outputs.at("SCORED").size() == 5);
  REQUIRE(outcome.outputs.at("CSAS_SCORED_0-dead-letters").size() == 1);
  CHECK(outcome.outputs.at("CSAS_SCORED_0-dead-letters")[0].starts_with("k4 |"));
}

TEST_CASE("a version in the shadow is asked through topics, and nothing hangs on its server") {
  SweptProgram program = topicProgram({});
  program.statements += R"(
    ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7');
    ALTER MODEL m ADD VERSION WITH (REQUEST_TOPIC='unread', REPLY_TOPIC='unwritten', PARTITIONS=1);
  )";
  const std::string topic = "CSAS_SCORED_0-shadows";
  SweptProgram shadowed = program;
  shadowed.statements += "ALTER MODEL m SHADOW 2;";
  shadowed.outputs.push_back(topic);
  const SweptOutcome expected = runSwept(shadowed, {});
  REQUIRE(expected.failure == "");
  const auto& shadows = expected.outputs.at(topic);
  REQUIRE(shadows.size() == 7);
  CHECK(std::count_if(shadows.begin(), shadows.end(), [](const std::string& row) {
          return row.find(R"("score":9.0,"shadowVersion":2,"shadowScore":16.0,)") !=
                 std::string::npos;
        }) == 1);
  for (const bool afterEffect : {false, true}) {
    SweepSettings settings;
    settings.faults.crashAfterEffect = afterEffect;
    for (uint64_t step = 1; step <= expected.steps; step += 3) {
      settings.faults.crashAtStep = step;
      CAPTURE(afterEffect);
      CAPTURE(step);
      checkSame(expected, runSwept(shadowed, settings));
    }
  }
  SweptProgram unanswered = program;
  unanswered.statements += "ALTER MODEL m SHADOW 3;";
  unanswered.outputs.push_back(topic);
  SweptOutcome outcome = runSwept(unanswered, {});
  CHECK(outcome.outputs.at(topic).size() == 7);
  for (const std::string& row : outcome.outputs.at(topic)) {
    CHECK(row.find(R"("shadowVersion":3,"shadowScore":null,"shadowError":")") != std::string::npos);
  }
  outcome.outputs.erase(topic);
  checkSame(runSwept(program, {}), outcome);
}
