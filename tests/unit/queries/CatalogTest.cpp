// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/unit/queries/FakeWorld.h"

namespace auspex::queries {
namespace {

TEST_CASE("what statements define") {
  FakeWorld world;
  const auto executor = world.start();
  runSession(*executor, R"(
    CREATE STREAM s (k VARCHAR KEY, `Mixed` DECIMAL(6, 2), m MAP<VARCHAR, ARRAY<INT>>)
      WITH (KAFKA_TOPIC='topic', FORMAT='JSON', PARTITIONS=4);
    CREATE TABLE t WITH (VALUE_FORMAT='DELIMITED') AS
      SELECT `Mixed`, COUNT(*) AS n FROM s GROUP BY `Mixed` EMIT CHANGES;)");
  CHECK(describeCatalog(*executor) ==
        std::vector<std::string>{
            "STREAM S on topic: `K` STRING KEY, `Mixed` DECIMAL(6, 2), `M` MAP<STRING, "
            "ARRAY<INTEGER>> key=JSON value=JSON query=",
            "TABLE T on T: `Mixed` DECIMAL(6, 2) KEY, `N` BIGINT key=JSON value=DELIMITED "
            "query=CTAS_T_0",
            "QUERY CTAS_T_0 into T: CREATE TABLE t WITH (VALUE_FORMAT='DELIMITED') AS\n      "
            "SELECT `Mixed`, COUNT(*) AS n FROM s GROUP BY `Mixed` EMIT CHANGES"});
  CHECK(world.topicPartitions == std::map<std::string, int32_t>{{"T", 4}, {"topic", 4}});
  CHECK(executor->catalog().readersOf("S") == std::vector<std::string>{"CTAS_T_0"});
  CHECK(executor->catalog().writersOf("T") == std::vector<std::string>{"CTAS_T_0"});
  CHECK(executor->catalog().readersOf("T").empty());
}

}  // namespace
}  // namespace auspex::queries
