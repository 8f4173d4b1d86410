// SPDX-License-Identifier: Apache-2.0
// Draws wait for a model server while others follow: what comes out is the same however draws are
// cut, whatever the server does, and wherever the process dies meanwhile.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/engine/runtime/SweptChecks.h"

using namespace auspex::engine;

namespace {

constexpr const char* kModel = R"(
    CREATE MODEL m (amount DOUBLE, n DOUBLE) WITH (DEPLOYMENT='RPC', PROTOCOL='V2_HTTP',
        ENDPOINT='server:8080', REMOTE_MODEL='m', LAYOUT='COLUMNS', BINARY=false,
        BATCH_MAX_ROWS=2);)";

std::vector<std::vector<SweptRecord>> waves(const std::string& topic, int numWaves, int numRows) {
  std::vector<std::vector<SweptRecord>> waves;
  for (int wave = 0; wave < numWaves; ++wave) {
    waves.emplace_back();
    for (int i = 0; i < numRows; ++i) {
      const int row = wave * numRows + i;
      waves.back().push_back(
          {topic, fmt::format("k{}", row % 5),
           row == 5 ? "{damaged" : fmt::format(R"({{"amount": {}, "n": {}}})", row, i), 100 + row});
    }
  }
  return waves;
}

/// Scores are filtered and counted behind the server: state that is ahead of no offset.
SweptProgram streamProgram() {
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
                                   kModel);
  program.waves = waves("s", 2, 5);
  program.outputs = {"SCORED", "COUNTS", "CSAS_SCORED_0-dead-letters"};
  program.stores["CTAS_COUNTS_0"] = {"Aggregate"};
  program.server = LateServerHabits{};
  return program;
}

/// Two servers' answers are waited for, one after the other.
SweptProgram chainProgram() {
  SweptProgram program = streamProgram();
  program.statements = fmt::format(R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, n DOUBLE)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    {}
    CREATE STREAM scored AS SELECT id, PREDICT('m', PREDICT('m', *), n) AS p FROM s EMIT CHANGES;
  )",
                                   kModel);
  program.stores.clear();
  program.outputs = {"SCORED", "CSAS_SCORED_0-dead-letters"};
  return program;
}

/// State before the server: its rows go through a topic first.
SweptProgram joinProgram() {
  SweptProgram program;
  program.statements = fmt::format(R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
    CREATE TABLE t (id VARCHAR PRIMARY KEY, n DOUBLE)
        WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=2);
    {}
    CREATE STREAM scored AS SELECT s.id AS id, PREDICT('m', *) AS p FROM s LEFT JOIN t
        ON s.id = t.id EMIT CHANGES;
  )",
                                   kModel);
  for (int wave = 0; wave < 2; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 4; ++i) {
      // The table's row changes while the stream's rows before the change wait.
      const std::string key = "k";
      const int64_t time = 100 * (wave + 1) + 10 * i;
      program.waves.back().push_back({"t", key, fmt::format(R"({{"n": {}}})", wave + i), time});
      program.waves.back().push_back({"s", key, fmt::format(R"({{"amount": {}}})", i), time + 5});
    }
  }
  program.outputs = {"SCORED"};
  program.stores["CSAS_SCORED_0"] = {"Join"};
  program.server = LateServerHabits{};
  return program;
}

/// What is given out of a table is taken back as it was, though the server scores otherwise since.
SweptProgram tableProgram() {
  SweptProgram program;
  program.statements = fmt::format(R"(
    CREATE TABLE t (id VARCHAR PRIMARY KEY, g VARCHAR, amount DOUBLE, n DOUBLE)
        WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=1);
    {}
    ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7');
    CREATE TABLE scored AS SELECT id, PREDICT('m', *) AS p FROM t WHERE amount < 90 EMIT CHANGES;
    CREATE TABLE sums WITH (PARTITIONS=1) AS SELECT g, SUM(PREDICT('m', *)) AS p, COUNT(*) AS c
        FROM t GROUP BY g EMIT CHANGES;
    CREATE TABLE kept AS SELECT id, PREDICT('m', *) AS p FROM t EMIT CHANGES;
  )",
                                   kModel);
  program.changes = {{1, "ALTER MODEL m SET ALIAS default = 2;"}};
  for (int wave = 0; wave < 3; ++wave) {
    program.waves.emplace_back();
    for (int i = 0; i < 4; ++i) {
      const bool isGone = wave == 2 && i == 1;
      program.waves.back().push_back(
          {"t", fmt::format("k{}", i),
           isGone ? ""
                  : fmt::format(R"({{"g": "g{}", "amount": {}}})", (wave + i) % 2, 40 * wave + i),
           100 * wave + i});
    }
  }
  program.outputs = {"SCORED", "SUMS", "KEPT"};
  program.stores["CTAS_KEPT_0"] = {"Keep"};
  program.server = LateServerHabits{};
  return program;
}

/// Requests are answered by the score of a server; those in error have no row for it.
SweptProgram servingProgram() {
  SweptProgram program;
  program.statements =
      std::string(kModel) + "SERVE MODEL m WITH (REQUEST_TOPIC='s', PARTITIONS=2);";
  program.waves = waves("s", 2, 5);
  program.outputs = {"s-replies"};
  program.server = LateServerHabits{};
  return program;
}

/// A second version is asked for most rows, beside one server and beside two in turn.
SweptProgram shadowProgram() {
  SweptProgram program = streamProgram();
  program.statements += R"(
    ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7');
    ALTER MODEL m SHADOW 2 SAMPLE 0.7;
    CREATE STREAM twice AS SELECT id, PREDICT('m', PREDICT('m', *), n) AS p FROM s EMIT CHANGES;
  )";
  program.outputs = {"SCORED", "CSAS_SCORED_0-shadows", "COUNTS", "CTAS_COUNTS_0-shadows",
                     "TWICE",  "CSAS_TWICE_0-shadows"};
  return program;
}

SweptProgram servedShadowProgram() {
  SweptProgram program = servingProgram();
  program.statements = fmt::format(R"(
    {}
    ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7');
    ALTER MODEL m SHADOW 2;
    SERVE MODEL m WITH (REQUEST_TOPIC='s', PARTITIONS=2);
  )",
                                   kModel);
  program.outputs.push_back("SERVE_M_0-shadows");
  return program;
}

struct Road {
  std::string name;
  SweptProgram program;
};

std::vector<Road> roads() {
  return {{"stream", streamProgram()},
          {"chain", chainProgram()},
          {"join", joinProgram()},
          {"table", tableProgram()},
          {"served", servingProgram()},
          {"shadow", shadowProgram()},
          {"served shadow", servedShadowProgram()}};
}

SweptOutcome undisturbed(const Road& road, const SweepSettings& settings = {}) {
  CAPTURE(road.name);
  const SweptOutcome outcome = runSwept(road.program, settings);
  REQUIRE(outcome.failure == "");
  for (const std::string& topic : road.program.outputs) {
    CAPTURE(topic);
    REQUIRE_FALSE(outcome.outputs.at(topic).empty());
  }
  return outcome;
}

}  // namespace

TEST_CASE("draws wait for their scores while others follow, however they are cut") {
  for (const Road& road : roads()) {
    CAPTURE(road.name);
    const SweptOutcome expected = undisturbed(road, withRows(1));
    CHECK(expected.mostWaiting > 1);
    for (const size_t rows : {2U, 7U, 1024U}) {
      for (const size_t turns : {1U, 2U, 5U}) {
        CAPTURE(rows);
        CAPTURE(turns);
        Road other = road;
        other.program.server->turns = turns;
        checkSame(expected, undisturbed(other, withRows(rows)));
      }
    }
  }
}

TEST_CASE("scores are those of the server") {
  const SweptOutcome outcome = undisturbed({"stream", streamProgram()});
  const auto& rows = outcome.outputs.at("SCORED");
  REQUIRE(rows.size() == 7);
  CHECK(std::find(rows.begin(), rows.end(), R"(k3 | {"AMOUNT":3.0,"P":9.0,"V":1} | 103)") !=
        rows.end());
  CHECK(outcome.outputs.at("CSAS_SCORED_0-dead-letters").size() == 1);
}

TEST_CASE("a server that is away is waited for, and nothing is lost or doubled") {
  for (Road& road : roads()) {
    // Shadows are not waited for.
    std::erase_if(road.program.outputs,
                  [](const std::string& topic) { return topic.ends_with("-shadows"); });
    const SweptOutcome expected = undisturbed(road);
    road.program.server->turnsAway = 60;
    checkSame(expected, undisturbed(road));
  }
}

TEST_CASE("a crash before or after any step of the broker changes nothing, though rows wait") {
  for (const Road& road : roads()) {
    CAPTURE(road.name);
    const SweptOutcome expected = undisturbed(road);
    for (const bool afterEffect : {false, true}) {
      SweepSettings settings;
      settings.faults.crashAfterEffect = afterEffect;
      uint64_t numCrashes = 0;
      for (uint64_t step = 1; step <= expected.steps; ++step) {
        settings.faults.crashAtStep = step;
        CAPTURE(afterEffect);
        CAPTURE(step);
        const SweptOutcome found = runSwept(road.program, settings);
        numCrashes += found.crashed ? 1 : 0;
        checkSame(expected, found);
      }
      CHECK(numCrashes == expected.steps);
    }
  }
}

TEST_CASE("crashes at all sizes of draws") {
  const Road road{"stream", streamProgram()};
  for (const size_t rows : {1U, 7U, 1024U}) {
    SweepSettings settings;
    settings.drawRows = rows;
    const SweptOutcome expected = undisturbed(road, settings);
    for (uint64_t step = 1; step <= expected.steps; step += 3) {
      settings.faults.crashAtStep = step;
      CAPTURE(rows);
      CAPTURE(step);
      checkSame(expected, runSwept(road.program, settings));
    }
  }
}

TEST_CASE(
    "transactions that the broker aborts, and commits without an answer, lose no waiting row") {
  for (const Road& road : roads()) {
    CAPTURE(road.name);
    const SweptOutcome expected = undisturbed(road);
    for (const FaultKind kind :
         {FaultKind::Abortable, FaultKind::AmbiguousApplied, FaultKind::AmbiguousLost}) {
      for (uint32_t skip = 5; skip < 15; ++skip) {
        CAPTURE(static_cast<int>(kind));
        CAPTURE(skip);
        SweepSettings settings;
        settings.faults.planned = {{kind, BrokerCall::Commit, skip, 1}};
        checkSame(expected, runSwept(road.program, settings));
      }
    }
  }
}

namespace {

/// Rows 0 to 6 of which the model refuses the one with amount 3.
SweptProgram refusingProgram(const std::string& policies) {
  SweptProgram program;
  program.statements = fmt::format(R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color DOUBLE,
        store DOUBLE) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE MODEL local WITH (URI='logistic-3.2.0.json');
    CREATE MODEL m (amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color DOUBLE, store DOUBLE)
        WITH (DEPLOYMENT='RPC', ENDPOINT='server:8080', REMOTE_MODEL='m', LAYOUT='COLUMNS',
        BINARY=false, RETRIES=1, {});
    CREATE STREAM scored AS SELECT id, PREDICT('m', *) AS p, MODEL_VERSION('m', *) AS v,
        MODEL_VARIANT('m', *) AS who FROM s EMIT CHANGES;
  )",
                                   policies);
  program.waves.emplace_back();
  for (int i = 0; i < 7; ++i) {
    program.waves.back().push_back(
        {"s", fmt::format("k{}", i), fmt::format(R"({{"amount": {}, "n": 1}})", i), 100 + i});
  }
  program.outputs = {"SCORED", "CSAS_SCORED_0-dead-letters"};
  program.server = LateServerHabits{};
  program.server->refused = 3;
  program.server->features = {"amount", "Score x", "n", "color", "store"};
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

}  // namespace

TEST_CASE("what becomes of a row that the model refuses is the statement's choice") {
  for (const size_t rows : {1U, 2U, 7U, 1024U}) {
    CAPTURE(rows);
    SweptOutcome outcome = runSwept(refusingProgram("ON_ERROR='DLQ'"), withRows(rows));
    CHECK(outcome.failure == "");
    CHECK(outcome.outputs.at("SCORED").size() == 6);
    CHECK(rowOf(outcome, "CSAS_SCORED_0-dead-letters", "k3") ==
          R"(k3 | {"amount": 3, "n": 1} | 103)");
    outcome = runSwept(refusingProgram("ON_ERROR='NULL'"), withRows(rows));
    CHECK(outcome.failure == "");
    CHECK(rowOf(outcome, "SCORED", "k3") == R"(k3 | {"P":null,"V":null,"WHO":null} | 103)");
    CHECK(rowOf(outcome, "SCORED", "k4") == R"(k4 | {"P":9.0,"V":1,"WHO":"default"} | 104)");
    outcome = runSwept(refusingProgram("ON_ERROR='FALLBACK', FALLBACK='local'"), withRows(rows));
    CHECK(outcome.failure == "");
    CHECK(rowOf(outcome, "SCORED", "k3").find(R"("V":1,"WHO":"LOCAL")") != std::string::npos);
    CHECK(rowOf(outcome, "SCORED", "k4") == R"(k4 | {"P":9.0,"V":1,"WHO":"default"} | 104)");
  }
}

TEST_CASE("a request with a row that the server refuses is answered with an error") {
  for (const char* const policy : {"DLQ", "NULL", "FAIL"}) {
    SweptProgram program = servingProgram();
    program.statements = fmt::format(R"(
      CREATE MODEL m (amount DOUBLE, n DOUBLE) WITH (DEPLOYMENT='RPC', ENDPOINT='server:8080',
          REMOTE_MODEL='m', LAYOUT='COLUMNS', BINARY=false, RETRIES=1, ON_ERROR='{}');
      SERVE MODEL m WITH (REQUEST_TOPIC='s', PARTITIONS=1);
    )",
                                     policy);
    program.waves = {{{"s", "a", R"({"amount": 2, "n": 1})", 1},
                      {"s", "b", R"({"rows": [{"amount": 2, "n": 1}, {"amount": 3, "n": 1}]})", 2},
                      {"s", "c", R"({"amount": 4, "n": 1})", 3}}};
    program.server->refused = 3;
    for (const size_t rows : {1U, 7U}) {
      CAPTURE(policy);
      CAPTURE(rows);
      const SweptOutcome outcome = runSwept(program, withRows(rows));
      CHECK(outcome.failure == "");
      const std::vector<std::string> expected = {
          R"(a | {"model":"M","version":1,"score":5.0} | 1)",
          R"(b | {"model":"M","error":"the model's server gave no score"} | 2)",
          R"(c | {"model":"M","version":1,"score":9.0} | 3)"};
      CHECK(outcome.outputs.at("s-replies") == expected);
    }
  }
}

TEST_CASE("ON_ERROR='FAIL' ends the query with the reason, and the offsets stay") {
  const SweptOutcome outcome = runSwept(refusingProgram("ON_ERROR='FAIL'"), withRows(1));
  CHECK(outcome.failure.find("CSAS_SCORED_0/0_0: model M version 1") != std::string::npos);
  CHECK(outcome.failure.find("amount is out of range") != std::string::npos);
  CHECK(outcome.outputs.at("SCORED").size() <= 3);
  CHECK(outcome.outputs.at("CSAS_SCORED_0-dead-letters").empty());
}

TEST_CASE("what becomes of rows while the server is away is the statement's choice") {
  for (const size_t rows : {1U, 7U}) {
    CAPTURE(rows);
    SweptProgram program = refusingProgram("ON_UNAVAILABLE='NULL'");
    program.server->turnsAway = 1'000'000;
    SweptOutcome outcome = runSwept(program, withRows(rows));
    CHECK(outcome.failure == "");
    CHECK(outcome.outputs.at("SCORED").size() == 7);
    CHECK(rowOf(outcome, "SCORED", "k4") == R"(k4 | {"P":null,"V":null,"WHO":null} | 104)");
    program = refusingProgram("ON_UNAVAILABLE='DLQ'");
    program.server->turnsAway = 1'000'000;
    outcome = runSwept(program, withRows(rows));
    CHECK(outcome.outputs.at("SCORED").empty());
    CHECK(outcome.outputs.at("CSAS_SCORED_0-dead-letters").size() == 7);
  }
}

TEST_CASE("a server that is away when the statement runs stops nothing: the declarations stand") {
  SweptProgram program = streamProgram();
  const SweptOutcome expected = undisturbed({"stream", program});
  program.server->isAwayAtFirst = true;
  program.server->turnsAway = 40;
  checkSame(expected, undisturbed({"away at first", program}));
  SweepSettings settings;
  settings.faults.crashAtStep = expected.steps / 2;
  checkSame(expected, runSwept(program, settings));
}

TEST_CASE("a swap takes what waits along, so that a server that is away holds it up no more") {
  SweptProgram program = streamProgram();
  program.statements += "ALTER MODEL m ADD VERSION WITH (ENDPOINT='other:8080');";
  const SweptOutcome undone = undisturbed({"no swap", program});
  program.server->deadEndpoint = "server:8080";
  program.waitsForWaves = false;
  program.changes = {{1, "ALTER MODEL m SET ALIAS default = 2;"}};
  const SweptOutcome outcome = runSwept(program, {});
  CHECK(outcome.failure == "");
  CHECK(outcome.outputs.at("SCORED").size() == undone.outputs.at("SCORED").size());
  for (const std::string& row : outcome.outputs.at("SCORED")) {
    CHECK(row.find("\"V\":2") != std::string::npos);
  }
}

TEST_CASE(
    "versions of servers share the rows, each with its own scores, in the order of the rows") {
  SweptProgram program = streamProgram();
  program.statements = fmt::format(R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, n DOUBLE)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    {}
    ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7');
    ALTER MODEL m SPLIT 1 50, 2 50 BY id;
    CREATE STREAM scored AS SELECT id, PREDICT('m', *) - 2 * amount - n AS more,
        MODEL_VARIANT('m', *) AS v FROM s EMIT CHANGES;
  )",
                                   kModel);
  program.waves = waves("s", 1, 40);
  program.outputs = {"SCORED"};
  program.stores.clear();
  const SweptOutcome expected = undisturbed({"split", program}, withRows(1));
  size_t numOfSecond = 0;
  for (const std::string& row : expected.outputs.at("SCORED")) {
    const bool isOfSecond = row.find(R"("MORE":7.0,"V":"2")") != std::string::npos;
    numOfSecond += isOfSecond ? 1 : 0;
    CHECK((isOfSecond || row.find(R"("MORE":0.0,"V":"1")") != std::string::npos));
  }
  CHECK(numOfSecond > 0);
  CHECK(numOfSecond < 39);
  checkSame(expected, undisturbed({"split", program}, withRows(7)));
}

TEST_CASE("SET changes what becomes of rows that wait, wherever the process dies meanwhile") {
  SweptProgram program = streamProgram();
  program.server->turnsAway = 1'000'000;
  program.waitsForWaves = false;
  program.changes = {
      {1, "ALTER MODEL m SET (ON_UNAVAILABLE='NULL', RETRIES=0, BATCH_MAX_ROWS=1);"}};
  const SweptOutcome expected = runSwept(program, {});
  CHECK(expected.failure == "");
  CHECK(expected.outputs.at("SCORED").size() == 7);
  for (const std::string& row : expected.outputs.at("SCORED")) {
    CHECK(row.find(R"("P":null,"V":null)") != std::string::npos);
  }
  SweepSettings settings;
  for (uint64_t step = 1; step < expected.steps; step += 1 + expected.steps / 40) {
    CAPTURE(step);
    settings.faults.crashAtStep = step;
    checkSame(expected, runSwept(program, settings));
  }
}
