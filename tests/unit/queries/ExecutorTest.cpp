// SPDX-License-Identifier: Apache-2.0
// The life of statements: programs that run again, the command log, and what a failure leaves.
#include <doctest/doctest.h>

#include "tests/unit/queries/FakeWorld.h"

namespace auspex::queries {
namespace {

constexpr const char* kProgram = R"(
  CREATE TYPE small AS STRUCT<x INT>;
  CREATE STREAM s (k VARCHAR KEY, a INT, st small) WITH (KAFKA_TOPIC='s', PARTITIONS=3);
  CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR) WITH (KAFKA_TOPIC='t', PARTITIONS=1);
  CREATE MODEL m WITH (URI='logistic-3.2.0.json');
  CREATE STREAM o AS SELECT k, a FROM s EMIT CHANGES;
  INSERT INTO o SELECT k, a * 2 AS a FROM s EMIT CHANGES;
  CREATE TABLE n AS SELECT k, COUNT(*) AS n FROM s GROUP BY k EMIT CHANGES;
  INSERT INTO s (k, a) VALUES ('one', 1);
  INSERT INTO s (k, a) VALUES ('one', 1);
)";

TEST_CASE("a program that runs again does nothing") {
  FakeWorld world;
  const auto first = world.start();
  runProgram(*first, kProgram);
  CHECK(world.started == std::vector<std::string>{"CSAS_O_0", "INSERTQUERY_O_1", "CTAS_N_0"});
  REQUIRE(world.inserted.size() == 2);
  CHECK(world.inserted[0].key == "one");
  CHECK(world.inserted[0].value == R"({"A":1,"ST":null})");
  CHECK(world.inserted[0].timestamp == 1000);
  const size_t numCommands = world.commands.size();
  CHECK(numCommands == 9);

  const auto second = world.start();
  world.clock = 2000;
  runProgram(*second, kProgram);
  CHECK(world.commands.size() == numCommands);
  CHECK(world.inserted.size() == 2);
  CHECK(describeCatalog(*second) == describeCatalog(*first));
}

TEST_CASE("a replay of the log brings back catalog, models, queries and their ids") {
  FakeWorld world;
  const auto first = world.start();
  runProgram(*first, kProgram);
  const std::vector<std::string> before = describeCatalog(*first);
  CHECK(before.size() == 9);
  world.started.clear();
  const auto second = world.start();
  CHECK(describeCatalog(*second) == before);
  CHECK(world.started == std::vector<std::string>{"CSAS_O_0", "INSERTQUERY_O_1", "CTAS_N_0"});
}

TEST_CASE("what two instances log that begin at the same moment is replayed once") {
  FakeWorld world;
  const auto one = world.start();
  const auto other = world.start();
  const std::string program =
      std::string(kProgram) + "ALTER MODEL m ADD VERSION WITH (URI='logistic-3.2.0.json');";
  runProgram(*one, program);
  const std::vector<Command> ofOne = world.commands;
  world.topicPartitions.clear();  // the other one has looked for them before
  runProgram(*other, program);
  const std::vector<std::string> before = describeCatalog(*one);
  CHECK(world.commands.size() == 2 * ofOne.size());
  CHECK(other->hear(ofOne).empty());
  CHECK(describeCatalog(*other) == before);
  world.started.clear();
  CHECK(describeCatalog(*world.start()) == before);
  CHECK(world.started == std::vector<std::string>{"CSAS_O_0", "INSERTQUERY_O_1", "CTAS_N_0"});
}

TEST_CASE("a statement of a session is replayed as often as it was given") {
  FakeWorld world;
  const auto one = world.start();
  runProgram(*one, "CREATE MODEL m WITH (URI='logistic-3.2.0.json');");
  const auto other = world.start();
  const std::string more = "ALTER MODEL m ADD VERSION WITH (URI='logistic-3.2.0.json');";
  runSession(*one, more);
  CHECK(other->hear({world.commands.back()}).empty());
  runSession(*other, more);
  CHECK(describeCatalog(*world.start()) == describeCatalog(*other));
}

TEST_CASE("ids count earlier queries into the same sink, so a statement more renames nothing") {
  FakeWorld world;
  runProgram(*world.start(), kProgram);
  const std::string more = "CREATE STREAM middle AS SELECT k, a FROM s EMIT CHANGES;";
  const auto second = world.start();
  world.started.clear();
  runProgram(*second, std::string("CREATE TYPE extra AS ARRAY<INT>;") + kProgram + more +
                          "INSERT INTO o SELECT k, a FROM middle EMIT CHANGES;");
  CHECK(world.started.size() == 2);
  CHECK(world.started[0] == "CSAS_MIDDLE_0");
  CHECK(world.started[1] == "INSERTQUERY_O_2");
}

TEST_CASE("a changed statement is an error that names the difference") {
  FakeWorld world;
  runProgram(*world.start(),
             "CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', "
             "PARTITIONS=1);");
  const auto second = world.start();
  const std::string changed =
      "CREATE STREAM s (k VARCHAR KEY, b INT) WITH (KAFKA_TOPIC='s', PARTITIONS=1);";
  CHECK_THROWS_WITH_AS(
      runProgram(*second, changed),
      "This statement has changed since it ran here. Then it was:\n    CREATE STREAM s (k VARCHAR "
      "KEY, a INT) WITH (KAFKA_TOPIC='s', PARTITIONS=1)\nUse CREATE OR REPLACE, another name, or "
      "start anew (--fresh).",
      StatementError);
  CHECK(world.commands.size() == 1);
}

TEST_CASE("a session executes equal statements each time") {
  FakeWorld world;
  const auto executor = world.start();
  runSession(*executor,
             "CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', "
             "PARTITIONS=1);");
  runSession(*executor, "INSERT INTO s VALUES ('x', 1); INSERT INTO s VALUES ('x', 1);");
  CHECK(world.inserted.size() == 2);
  const auto second = world.start();
  runSession(*second, "INSERT INTO s VALUES ('x', 1);");
  CHECK(world.inserted.size() == 3);
}

TEST_CASE("a statement that fails leaves catalog, topics and log as they were") {
  FakeWorld world;
  const auto executor = world.start();
  runSession(*executor,
             "CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', "
             "PARTITIONS=1);");
  const std::vector<std::string> before = describeCatalog(*executor);
  const std::string wrong[] = {
      "CREATE STREAM o AS SELECT k, nope FROM s EMIT CHANGES;",
      "CREATE STREAM o (k INT KEY, a ARRAY<INT>) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='DELIMITED', "
      "PARTITIONS=1);",
      "CREATE STREAM o WITH (KEY_FORMAT='KAFKA') AS SELECT a, k, 1 AS v FROM s PARTITION BY a, k "
      "EMIT CHANGES;",
      "CREATE MODEL m WITH (URI='refusedLinear-3.2.0.json');",
      "INSERT INTO s VALUES ('x', 'no number');",
      "INSERT INTO s SELECT k, UCASE(k) AS a FROM s EMIT CHANGES;",
      "DROP STREAM other;",
      "CREATE SOURCE CONNECTOR c WITH ('path'='x');",
      "CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='other', PARTITIONS=1);",
      "TERMINATE nothing;",
  };
  for (const std::string& sql : wrong) {
    CAPTURE(sql);
    CHECK_THROWS_AS(runSession(*executor, sql), StatementError);
    CHECK(describeCatalog(*executor) == before);
    CHECK(world.commands.size() == 1);
    CHECK(world.topicPartitions.size() == 1);
    CHECK(world.started.empty());
    CHECK(world.inserted.empty());
  }
}

TEST_CASE("dropping and creating again, and its replay") {
  FakeWorld world;
  const auto executor = world.start();
  runSession(*executor, R"(
    CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', PARTITIONS=1);
    CREATE STREAM o AS SELECT k, a FROM s EMIT CHANGES;
    DROP STREAM o DELETE TOPIC;
    CREATE STREAM o AS SELECT k, a + 1 AS a FROM s EMIT CHANGES;
    TERMINATE CSAS_O_1;)");
  CHECK(world.started == std::vector<std::string>{"CSAS_O_0", "CSAS_O_1"});
  CHECK(world.stopped == std::vector<std::string>{"CSAS_O_0", "CSAS_O_1"});
  CHECK(world.topicPartitions.contains("O"));
  const auto second = world.start();
  CHECK(describeCatalog(*second) == describeCatalog(*executor));
  CHECK(world.topicPartitions.contains("O"));
}

TEST_CASE("a replay loads the engine's own copy of a model, else the file if it is the same") {
  FakeWorld world;
  runProgram(*world.start(), "CREATE MODEL m WITH (URI='logistic-3.2.0.json');");
  REQUIRE(world.commands.size() == 1);
  REQUIRE(world.artefacts.size() == 1);
  std::string& uri = world.commands[0].text;
  SUBCASE("the file may have gone") {
    uri.replace(uri.find("logistic"), 8, "nolongerthere");
    CHECK(world.start()->models().find("M")->info().version == 1);
  }
  SUBCASE("a lost copy is made again") {
    world.artefacts.clear();
    CHECK(world.start()->models().find("M")->info().version == 1);
    CHECK(world.artefacts.size() == 1);
  }
  SUBCASE("a lost copy of a file that has changed") {
    world.artefacts.clear();
    world.commands[0].details["checksum"] = "another";
    CHECK_THROWS_WITH_AS(world.start(), doctest::Contains("is not to be had"), StatementError);
  }
}

TEST_CASE("what another instance says of models is taken over") {
  FakeWorld world;
  const auto one = world.start();
  runSession(*one, R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color DOUBLE,
        store DOUBLE) WITH (KAFKA_TOPIC='s', PARTITIONS=1);
    CREATE MODEL m WITH (URI='logistic-3.2.0.json');
    CREATE STREAM o AS SELECT id, PREDICT('m', *) AS p FROM s EMIT CHANGES;)");
  const auto other = world.start();
  const size_t numBefore = world.commands.size();
  const size_t numStarted = world.started.size();
  runSession(*one, R"(
    ALTER MODEL m ADD VERSION 4 WITH (URI='logistic-3.2.0.json', ITERATIONS='1');
    CREATE STREAM p AS SELECT id, n FROM s EMIT CHANGES;
    CREATE MODEL k WITH (URI='logistic-3.2.0.json');
    ALTER MODEL m SET ALIAS default = 4;
    ALTER MODEL m SPLIT 1 10, default 90 BY id;)");
  const std::vector<Command> news(world.commands.begin() + static_cast<ptrdiff_t>(numBefore),
                                  world.commands.end());
  REQUIRE(news.size() == 5);
  CHECK(other->hear(news).empty());
  CHECK(world.commands.size() == numBefore + 5);
  CHECK(other->models().find("M")->info().version == 4);
  CHECK(other->models().find("K")->info().version == 1);
  CHECK(other->catalog().findSource("P") == nullptr);
  // The split has given each instance's query its key.
  CHECK(world.started.size() == numStarted + 3);
  // Heard twice: the number is taken, and what follows is not kept from being heard.
  const auto failures = other->hear({news[0], news[3]});
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].find("had a version 4 before") != std::string::npos);
}

TEST_CASE("a rollback that was logged twice goes back once") {
  FakeWorld world;
  runSession(*world.start(), R"(
    CREATE MODEL m WITH (URI='logistic-3.2.0.json');
    CREATE OR REPLACE MODEL m WITH (URI='logistic-3.2.0.json', ITERATIONS='1');
    CREATE OR REPLACE MODEL m WITH (URI='logistic-3.2.0.json', ITERATIONS='2');
    ALTER MODEL m ROLLBACK;)");
  world.commands.push_back(world.commands.back());
  CHECK(world.start()->models().find("M")->info().version == 2);
}

TEST_CASE("a statement about a model that fails leaves no trace") {
  FakeWorld world;
  const auto executor = world.start();
  runSession(*executor, "CREATE MODEL m WITH (URI='logistic-3.2.0.json');");
  const std::vector<std::string> before = describeCatalog(*executor);
  const uint64_t numChanges = executor->models().numChanges();
  for (const std::string sql :
       {"ALTER MODEL m ADD VERSION WITH (URI='none.json');",
        "ALTER MODEL m ADD VERSION WITH (URI='softprob-3.2.0.json');",
        "ALTER MODEL m ADD VERSION 1 WITH (URI='logistic-3.2.0.json');",
        "ALTER MODEL m SET ALIAS a = 2;", "ALTER MODEL m DROP ALIAS a;", "ALTER MODEL m ROLLBACK;",
        "ALTER MODEL m DROP VERSION 1;", "ALTER MODEL m DROP VERSION 9;",
        "ALTER MODEL m SPLIT 1 50, 2 50 BY id;", "ALTER MODEL m SHADOW 2;",
        "ALTER MODEL m SPLIT 1 50 BY id;", "ALTER MODEL m SET (TIMEOUT='1 SECOND');"}) {
    CAPTURE(sql);
    CHECK_THROWS_AS(runSession(*executor, sql), StatementError);
    CHECK(describeCatalog(*executor) == before);
    CHECK(world.commands.size() == 1);
    CHECK(executor->models().numChanges() == numChanges);
    CHECK(executor->catalog().findModel("M")->splitKey == nullptr);
  }
}

}  // namespace
}  // namespace auspex::queries
