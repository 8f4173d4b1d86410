// SPDX-License-Identifier: Apache-2.0
// A version of a server in the shadow: its scores stand beside those given out, and whatever its
// server does, the result is the one without it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "tests/unit/engine/runtime/SweptChecks.h"

using namespace auspex::engine;

namespace {

constexpr const char* kShadows = "CSAS_SCORED_0-shadows";
constexpr const char* kCompared = R"(
    CREATE MODEL m (amount DOUBLE, n DOUBLE) WITH (DEPLOYMENT='RPC', PROTOCOL='V2_HTTP',
        ENDPOINT='server:8080', REMOTE_MODEL='m', LAYOUT='COLUMNS', BINARY=false,
        BATCH_MAX_ROWS=2 {});)";

/// Forty rows by `scored`, with what the statements say of the model's shadow.
SweptProgram comparedProgram(const std::string& shadow, const std::string& policies = "") {
  SweptProgram program;
  program.statements = fmt::format(R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, n DOUBLE)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    {}
    {}
    CREATE STREAM scored AS SELECT id, amount, PREDICT('m', *) AS p FROM s EMIT CHANGES;
  )",
                                   fmt::format(kCompared, policies), shadow);
  program.waves.emplace_back();
  for (int i = 0; i < 40; ++i) {
    program.waves.back().push_back(
        {"s", fmt::format("k{}", i), fmt::format(R"({{"amount": {}, "n": 1}})", i), 100 + i});
  }
  program.outputs = {"SCORED", kShadows};
  program.server = LateServerHabits{};
  return program;
}

void cutIntoWaves(SweptProgram& program, size_t numRows) {
  const std::vector<SweptRecord> rows = std::move(program.waves[0]);
  program.waves.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i % numRows == 0) {
      program.waves.emplace_back();
    }
    program.waves.back().push_back(rows[i]);
  }
}

size_t numWith(const std::vector<std::string>& rows, const std::string& text) {
  return static_cast<size_t>(std::count_if(rows.begin(), rows.end(), [&](const std::string& row) {
    return row.find(text) != std::string::npos;
  }));
}

/// The program does as well as without a shadow, however draws are cut; what its shadows say.
std::vector<std::string> shadowsOf(SweptProgram program, size_t drawRows) {
  SweptProgram alone = comparedProgram("");
  alone.outputs = {"SCORED"};
  SweptOutcome outcome = runSwept(program, withRows(drawRows));
  const std::vector<std::string> shadows = outcome.outputs.at(kShadows);
  outcome.outputs.erase(kShadows);
  checkSame(runSwept(alone, withRows(drawRows)), outcome);
  return shadows;
}

}  // namespace

TEST_CASE("a shadow's score stands beside the one given out, with the row's coordinates") {
  SweptProgram program = comparedProgram(
      "ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7'); ALTER MODEL m SHADOW 2;");
  for (const size_t rows : {1U, 7U, 1024U}) {
    const auto shadows = shadowsOf(program, rows);
    REQUIRE(shadows.size() == 40);
    CHECK(std::count(shadows.begin(), shadows.end(),
                     R"(k4 | {"model":"M","version":1,"score":9.0,"shadowVersion":2,)"
                     R"("shadowScore":16.0,"topic":"s","partition":0,"offset":4} | 104)") == 1);
  }
}

TEST_CASE("a shadow's server that is silent, or not there, holds up and fails nothing") {
  SweptProgram silent = comparedProgram(
      "ALTER MODEL m ADD VERSION WITH (ENDPOINT='silent:8080'); ALTER MODEL m SHADOW 2;");
  silent.server->silentEndpoint = "silent:8080";
  SweptProgram dead = comparedProgram(
      "ALTER MODEL m ADD VERSION WITH (ENDPOINT='dead:8080'); ALTER MODEL m SHADOW 2;");
  dead.server->deadEndpoint = "dead:8080";
  for (const size_t rows : {1U, 7U, 1024U}) {
    CAPTURE(rows);
    auto shadows = shadowsOf(silent, rows);
    REQUIRE(shadows.size() == 40);
    CHECK(numWith(shadows, R"("shadowScore":null,"shadowError":")") == 40);
    CHECK(numWith(shadows, "no answer 5000 milliseconds after the result was there") > 0);
    shadows = shadowsOf(dead, rows);
    REQUIRE(shadows.size() == 40);
    CHECK(numWith(shadows, R"("score":)") == 40);
    const size_t numAway = numWith(shadows, R"("shadowScore":null,"shadowError":"model 'm' at )"
                                            R"('dead:8080' is not to be had: )");
    CHECK(numAway > 0);
    CHECK(numAway + numWith(shadows, "its server is left alone") == 40);
  }
}

TEST_CASE(
    "a shadow whose server is left alone is not waited for, nor is the request that tries it") {
  SweptProgram program = comparedProgram(
      "ALTER MODEL m ADD VERSION WITH (ENDPOINT='silent:8080', BREAKER_PAUSE='1 MILLISECOND');"
      "ALTER MODEL m SHADOW 2;");
  program.server->silentEndpoint = "silent:8080";
  program.server->turnsSilent = 30;
  cutIntoWaves(program, 10);
  const auto shadows = shadowsOf(program, 1);
  REQUIRE(shadows.size() == 40);
  CHECK(numWith(shadows, "shadowError") == 40);
  CHECK(numWith(shadows, "\"its server is left alone: ") > 0);
}

TEST_CASE("rows that a shadow has no room for go without it, and are told") {
  SweptProgram program = comparedProgram(
      "ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7', BATCH_MAX_ROWS=1, MAX_IN_FLIGHT=1);"
      "ALTER MODEL m SHADOW 2;");
  const auto shadows = shadowsOf(program, 1);
  REQUIRE(shadows.size() == 40);
  const size_t numLeftOut = numWith(shadows, "not asked: rows before it still wait");
  CHECK(numLeftOut > 0);
  CHECK(numLeftOut < 40);
  CHECK(numWith(shadows, "shadowError") == numLeftOut);
}

TEST_CASE("a row that a shadow refuses says so, and those beside it have their scores") {
  SweptProgram program = comparedProgram(
      "ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7'); ALTER MODEL m SHADOW 2;");
  program.server->refused = 4;
  program.server->refusing = "7";
  for (const size_t rows : {1U, 7U, 1024U}) {
    const auto shadows = shadowsOf(program, rows);
    CHECK(numWith(shadows, "shadowError") == 1);
    CHECK(numWith(shadows, R"("score":9.0,"shadowVersion":2,"shadowScore":null,)"
                           R"("shadowError":"the server answers 400)") == 1);
  }
}

TEST_CASE("of a row that got no score a shadow says that") {
  SweptProgram program =
      comparedProgram("ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7'); ALTER MODEL m SHADOW 2;",
                      ", ON_ERROR='DLQ'");
  program.server->refused = 4;
  program.server->refusing = "/m";
  const SweptOutcome outcome = runSwept(program, withRows(7));
  CHECK(outcome.failure == "");
  CHECK(outcome.outputs.at("SCORED").size() == 39);
  CHECK(numWith(outcome.outputs.at(kShadows), R"("version":null,"score":null,"shadowVersion":2,)"
                                              R"("shadowScore":16.0,"topic":"s")") == 1);
}

TEST_CASE("shadows come, move and go between two commits, wherever the process dies meanwhile") {
  SweptProgram program = comparedProgram(R"(
    ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7');
    ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m9');
    ALTER MODEL m SET ALIAS challenger = 2;
    ALTER MODEL m SPLIT 1 50, 3 50 BY id;
  )");
  program.waves[0].resize(16);
  cutIntoWaves(program, 4);
  program.changes = {{1, "ALTER MODEL m SHADOW challenger;"},
                     {2, "ALTER MODEL m SET ALIAS challenger = 3;"},
                     {3, "ALTER MODEL m DROP SHADOW;"}};
  const SweptOutcome expected = runSwept(program, {});
  REQUIRE(expected.failure == "");
  CHECK(expected.outputs.at("SCORED").size() == 16);
  const auto& shadows = expected.outputs.at(kShadows);
  CHECK(shadows.size() == 8);
  CHECK(numWith(shadows, R"("shadowVersion":2)") == 4);
  CHECK(numWith(shadows, R"("shadowVersion":3)") == 4);
  CHECK(numWith(shadows, "shadowError") == 0);
  SweepSettings settings;
  for (uint64_t step = 1; step < expected.steps; step += 3) {
    CAPTURE(step);
    settings.faults.crashAtStep = step;
    checkSame(expected, runSwept(program, settings));
  }
}

TEST_CASE("what a shadow gave is written with the draw, not while another server is waited for") {
  SweptProgram program = comparedProgram(R"(
    ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m7');
    ALTER MODEL m ADD VERSION WITH (REMOTE_MODEL='m9');
    ALTER MODEL m SHADOW 2;
    CREATE MODEL next (amount DOUBLE, n DOUBLE) WITH (DEPLOYMENT='RPC', PROTOCOL='V2_HTTP',
        ENDPOINT='dead:8080', REMOTE_MODEL='next', LAYOUT='COLUMNS', BINARY=false);
    ALTER MODEL next ADD VERSION WITH (ENDPOINT='server:8080');
    CREATE STREAM twice AS SELECT id, PREDICT('next', PREDICT('m', *), n) AS p FROM s EMIT CHANGES;
  )");
  const std::string topic = "CSAS_TWICE_0-shadows";
  program.outputs = {"TWICE", topic};
  program.waves[0].resize(8);
  cutIntoWaves(program, 4);
  program.waitsForWaves = false;
  program.server->deadEndpoint = "dead:8080";
  program.server->turns = 1;
  // By then the first rows have scores of the first model, and wait for the second.
  program.changes = {{1, "ALTER MODEL m SHADOW 3; ALTER MODEL next SET ALIAS default = 2;"}};
  const SweptOutcome expected = runSwept(program, {});
  REQUIRE(expected.failure == "");
  CHECK(expected.outputs.at("TWICE").size() == 8);
  CHECK(expected.outputs.at(topic).size() == 8);
  CHECK(numWith(expected.outputs.at(topic), R"("shadowVersion":3)") == 8);
  SweepSettings settings;
  for (uint64_t step = 1; step < expected.steps; step += 3) {
    CAPTURE(step);
    settings.faults.crashAtStep = step;
    checkSame(expected, runSwept(program, settings));
  }
}
