// SPDX-License-Identifier: Apache-2.0
// Names and keys of results. Source: dialect, schemas, keys, names.
#include <doctest/doctest.h>

#include "tests/unit/queries/FakeWorld.h"

namespace auspex::queries {
namespace {

struct SchemaCase {
  std::string select;
  std::string schema;
};

TEST_CASE("schemas of sinks") {
  const std::vector<SchemaCase> cases = {
      {"STREAM o AS SELECT * FROM s", "`K` STRING KEY, `A` INTEGER, `ST` STRUCT<`X` INTEGER>"},
      {"STREAM o AS SELECT a, k FROM s", "`K` STRING KEY, `A` INTEGER"},
      {"STREAM o AS SELECT k AS id, a AS k FROM s", "`ID` STRING KEY, `K` INTEGER"},
      {"STREAM o AS SELECT k, a + 1, a * 2 FROM s",
       "`K` STRING KEY, `KSQL_COL_0` INTEGER, `KSQL_COL_1` INTEGER"},
      {"STREAM o AS SELECT k, st->x FROM s", "`K` STRING KEY, `X` INTEGER"},
      {"STREAM o AS SELECT k, a AS `quoted` FROM s", "`K` STRING KEY, `quoted` INTEGER"},
      {"STREAM o AS SELECT a, k FROM s PARTITION BY a", "`A` INTEGER KEY, `K` STRING"},
      {"STREAM o AS SELECT s.k, t.v FROM s JOIN t ON s.k = t.id", "`K` STRING KEY, `V` DOUBLE"},
      {"STREAM o AS SELECT s.k, s.a, t.a FROM s JOIN t ON s.k = t.id",
       "`K` STRING KEY, `S_A` INTEGER, `T_A` INTEGER"},
      {"STREAM o AS SELECT x.*, y.v FROM s x LEFT JOIN t y ON x.k = y.id",
       "`X_K` STRING KEY, `X_A` INTEGER, `X_ST` STRUCT<`X` INTEGER>, `V` DOUBLE"},
      {"TABLE o AS SELECT a, k, COUNT(*), SUM(st->x) AS total FROM s GROUP BY a, k",
       "`A` INTEGER KEY, `K` STRING KEY, `KSQL_COL_0` BIGINT, `TOTAL` INTEGER"},
      {"TABLE o AS SELECT COUNT(*) AS n, UCASE(k) FROM s GROUP BY UCASE(k)",
       "`KSQL_COL_0` STRING KEY, `N` BIGINT"},
      {"TABLE o AS SELECT id, v FROM t", "`ID` STRING KEY, `V` DOUBLE"},
  };
  FakeWorld world;
  const auto executor = world.start();
  runSession(*executor, R"(
    CREATE STREAM s (k VARCHAR KEY, a INT, st STRUCT<x INT>)
      WITH (KAFKA_TOPIC='s', FORMAT='JSON', PARTITIONS=1);
    CREATE TABLE t (id VARCHAR PRIMARY KEY, v DOUBLE, a INT)
      WITH (KAFKA_TOPIC='t', FORMAT='JSON', PARTITIONS=1);)");
  for (const SchemaCase& item : cases) {
    CAPTURE(item.select);
    const std::string answer =
        answerOf(*executor, "EXPLAIN CREATE " + item.select + " EMIT CHANGES;");
    CHECK(answer.substr(0, answer.find('\n')) == "Schema: " + item.schema);
  }
}

}  // namespace
}  // namespace auspex::queries
