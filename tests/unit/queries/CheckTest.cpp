// SPDX-License-Identifier: Apache-2.0
// check(): all independent errors of a script at once, and nothing changed.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/queries/FakeWorld.h"

namespace auspex::queries {
namespace {

std::vector<std::string> errorsOf(const StatementExecutor& executor, const std::string& sql) {
  std::vector<std::string> errors;
  for (const StatementError& error : executor.check(parser::parse(sql))) {
    const std::string message = error.what();
    errors.push_back(fmt::format("{}:{} {}", error.span().line, error.span().column,
                                 message.substr(0, message.find_first_of(".\n"))));
  }
  return errors;
}

TEST_CASE("a script without errors is checked against what it makes itself, and changes nothing") {
  FakeWorld world;
  const auto executor = world.start();
  CHECK(errorsOf(*executor, R"(CREATE TYPE small AS STRUCT<x INT>;
    CREATE STREAM s (k VARCHAR KEY, a INT, st small) WITH (KAFKA_TOPIC='s', PARTITIONS=3);
    CREATE MODEL m WITH (URI='logistic-3.2.0.json');
    CREATE STREAM o AS SELECT k, a FROM s EMIT CHANGES;
    INSERT INTO o SELECT k, a + 1 AS a FROM s EMIT CHANGES;
    INSERT INTO s (k, a) VALUES ('x', 1);
    CREATE SOURCE CONNECTOR c WITH ('topic'='t');
    SELECT * FROM o EMIT CHANGES;
    DROP STREAM o;)") == std::vector<std::string>{"9:17 Cannot drop O"});
  CHECK(describeCatalog(*executor).empty());
  CHECK(world.topicPartitions.empty());
  CHECK(world.commands.empty());
  CHECK(world.started.empty());
  CHECK(world.inserted.empty());
}

TEST_CASE("all independent errors are found, in order, with their places") {
  FakeWorld world;
  const auto executor = world.start();
  runSession(*executor,
             "CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', "
             "PARTITIONS=1);");
  CHECK(errorsOf(*executor, R"(CREATE STREAM o AS SELECT k, b FROM s EMIT CHANGES;
CREATE STREAM good AS SELECT k, a FROM s EMIT CHANGES;
SELECT UCAES(k) FROM good EMIT CHANGES;
INSERT INTO good VALUES ('x');
CREATE MODEL gone WITH (URI='gone.json');
CREATE STREAM s2 (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', PARTITIONS=2);)") ==
        std::vector<std::string>{
            "1:30 SELECT column 'B' cannot be resolved",
            "3:8 Can't find any functions with the name 'UCAES'",
            "4:26 Expected a value for each column", "5:25 Model GONE was not loaded from 'gone",
            "6:64 A Kafka topic with the name 's' already exists, with different partition count "
            "than required"});
  CHECK(describeCatalog(*executor).size() == 1);
}

TEST_CASE("what follows from another error is not told") {
  FakeWorld world;
  const auto executor = world.start();
  CHECK(errorsOf(*executor,
                 R"(CREATE STREAM s (k VARCHAR KEY, a NOTYPE) WITH (KAFKA_TOPIC='s', PARTITIONS=1);
CREATE STREAM o AS SELECT k, a FROM s EMIT CHANGES;
INSERT INTO O SELECT k, a FROM s EMIT CHANGES;
SELECT * FROM other EMIT CHANGES;
CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', PARTITIONS=1);
CREATE STREAM p AS SELECT k, b FROM s EMIT CHANGES;)")
            .size() == 2);
}

TEST_CASE("what follows from a statement that could not be read, or changed nothing, is not told") {
  FakeWorld world;
  const auto executor = world.start();
  runSession(*executor,
             "CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', PARTITIONS=1);");
  const auto statements = parser::parse(R"(SELECT k FROM p EMIT CHANGES;
CREATE STREAM o AS SELECT k FROM p EMIT CHANGES;
SELECT * FROM o EMIT CHANGES;
SELECT b FROM s EMIT CHANGES;
ALTER STREAM s ADD COLUMN a INT;
SELECT c FROM s EMIT CHANGES;
DROP STREAM nobody;
SELECT * FROM nobody EMIT CHANGES;)");
  const auto errors = executor->check(statements, {{1, {"P"}}, {4, {}}});
  std::vector<uint32_t> lines;
  for (const StatementError& error : errors) {
    lines.push_back(error.span().line);
  }
  // Line 1 stands before the unread statement; 5 cannot add a column twice, and 6 may need it.
  CHECK(lines == std::vector<uint32_t>{1, 4, 5, 7, 8});
}

TEST_CASE("a changed statement is found by the check, an equal one is none") {
  FakeWorld world;
  runProgram(*world.start(),
             "CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', PARTITIONS=1);");
  const auto executor = world.start();
  CHECK(errorsOf(*executor,
                 "CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', PARTITIONS=1);")
            .empty());
  CHECK(errorsOf(*executor,
                 "CREATE STREAM s (k VARCHAR KEY, a BIGINT) WITH (KAFKA_TOPIC='s', PARTITIONS=1);")
            .size() == 1);
}

}  // namespace
}  // namespace auspex::queries
