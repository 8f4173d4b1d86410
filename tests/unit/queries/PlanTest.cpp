// SPDX-License-Identifier: Apache-2.0
// What statements mean: EXPLAIN's text, or the error and its place.
#include <doctest/doctest.h>

#include "tests/unit/queries/FakeWorld.h"

namespace auspex::queries {
namespace {

constexpr const char* kSources = R"(
  CREATE STREAM s (k VARCHAR KEY, g INT, a INT, d DOUBLE, t VARCHAR, st STRUCT<x INT, y VARCHAR>)
    WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE STREAM keyless (a INT, b INT) WITH (KAFKA_TOPIC='keyless', PARTITIONS=1);
  CREATE TABLE tab (id VARCHAR PRIMARY KEY, name VARCHAR, n INT)
    WITH (KAFKA_TOPIC='tab', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE TABLE jsonkey (id VARCHAR PRIMARY KEY, v INT)
    WITH (KAFKA_TOPIC='jsonkey', FORMAT='JSON', PARTITIONS=2);
  CREATE MODEL m WITH (URI='logistic-1.0.2.json');
)";

struct PlanCase {
  std::string sql;
  std::string answer;
};

void checkAnswers(const std::vector<PlanCase>& cases) {
  FakeWorld world;
  const auto executor = world.start();
  runSession(*executor, kSources);
  for (const PlanCase& item : cases) {
    CAPTURE(item.sql);
    CHECK(answerOf(*executor, item.sql) == item.answer);
  }
}

TEST_CASE("plans of streams") {
  checkAnswers({
      {"EXPLAIN CREATE STREAM o AS SELECT * FROM keyless EMIT CHANGES;",
       "Schema: `A` INTEGER, `B` INTEGER\n"
       "Sink(topic=O, key=NONE, value=JSON)\n"
       "  Project(A, B)\n"
       "    Source(KEYLESS, key=KAFKA, value=JSON, columns=[A, B])"},
      {"EXPLAIN CREATE STREAM o WITH (KAFKA_TOPIC='other', FORMAT='JSON') AS "
       "SELECT k, st->y, ROWTIME AS t2 FROM s WHERE a IN (1, 2) EMIT CHANGES;",
       "Schema: `K` STRING KEY, `Y` STRING, `T2` BIGINT\n"
       "Sink(topic=other, key=JSON, value=JSON)\n"
       "  Project(K, ST->Y AS Y, ROWTIME AS T2)\n"
       "    Filter((A IN (1, 2)))\n"
       "      Source(S, key=KAFKA, value=JSON, columns=[K, A, ST, ROWTIME])"},
      {"EXPLAIN CREATE STREAM o AS SELECT a, b FROM keyless PARTITION BY a EMIT CHANGES;",
       "Schema: `A` INTEGER KEY, `B` INTEGER\n"
       "Sink(topic=O, key=KAFKA, value=JSON)\n"
       "  Project(A, B)\n"
       "    Source(KEYLESS, key=KAFKA, value=JSON, columns=[A, B])"},
      {"EXPLAIN CREATE STREAM o AS SELECT k, a FROM s PARTITION BY NULL EMIT CHANGES;",
       "Schema: `K` STRING, `A` INTEGER\n"
       "Sink(topic=O, key=NONE, value=JSON)\n"
       "  Project(K, A)\n"
       "    Source(S, key=KAFKA, value=JSON, columns=[K, A])"},
  });
}

TEST_CASE("plans that score") {
  checkAnswers({
      {"EXPLAIN CREATE STREAM o AS SELECT k, PREDICT('m', a, d, a, a, g) AS p, "
       "PREDICT_MARGIN('m', a, d, a, a, g) AS margin FROM s EMIT CHANGES;",
       "Schema: `K` STRING KEY, `P` DOUBLE, `MARGIN` DOUBLE\n"
       "Sink(topic=O, key=KAFKA, value=JSON)\n"
       "  Project(K, PREDICT('M') AS P, PREDICT_MARGIN('M') AS MARGIN)\n"
       "    Predict(model=M, version=1, deployment=EMBEDDED, features=[A, D, A, A, G])\n"
       "      Source(S, key=KAFKA, value=JSON, columns=[K, G, A, D])"},
      {"EXPLAIN CREATE STREAM o AS SELECT k, PREDICT('m', a, d, a, a, g) AS p FROM s "
       "WHERE a > 1 AND PREDICT('m', a, d, a, a, g) > 0.5 EMIT CHANGES;",
       "Schema: `K` STRING KEY, `P` DOUBLE\n"
       "Sink(topic=O, key=KAFKA, value=JSON)\n"
       "  Project(K, PREDICT('M') AS P)\n"
       "    Filter((PREDICT('M') > 0.5))\n"
       "      Predict(model=M, version=1, deployment=EMBEDDED, features=[A, D, A, A, G])\n"
       "        Filter((A > 1))\n"
       "          Source(S, key=KAFKA, value=JSON, columns=[K, G, A, D])"},
  });
}

TEST_CASE("plans of joins: repartitioned when key or its format differs") {
  checkAnswers({
      {"EXPLAIN CREATE STREAM o AS SELECT s.k AS k, a, name FROM s JOIN tab ON s.k = tab.id EMIT "
       "CHANGES;",
       "Schema: `K` STRING KEY, `A` INTEGER, `NAME` STRING\n"
       "Sink(topic=O, key=KAFKA, value=JSON)\n"
       "  Project(K, S_A AS A, TAB_NAME AS NAME)\n"
       "    StreamTableJoin(inner, store=Join)\n"
       "      Source(S, key=KAFKA, value=JSON, columns=[K, A])\n"
       "      TableSource(TAB, key=KAFKA, value=JSON, columns=[ID, NAME])"},
      {"EXPLAIN CREATE STREAM o AS SELECT s.k AS k, v FROM s LEFT JOIN jsonkey j ON s.k = j.id "
       "EMIT CHANGES;",
       "Schema: `K` STRING KEY, `V` INTEGER\n"
       "part 1\n"
       "  Sink(topic=O, key=KAFKA, value=JSON)\n"
       "    Project(K, J_V AS V)\n"
       "      StreamTableJoin(left, store=Join)\n"
       "        Source(S, key=KAFKA, value=JSON, columns=[K])\n"
       "        "
       "RepartitionSource(topic=_confluent-ksql-default_query_EXPLAINED-RightSourceKeyed-SelectKey-"
       "repartition)\n"
       "part 0\n"
       "  "
       "TableRepartition(topic=_confluent-ksql-default_query_EXPLAINED-RightSourceKeyed-SelectKey-"
       "repartition, by=[J_ID])\n"
       "    Materialize(store=Materialize)\n"
       "      TableSource(JSONKEY, key=JSON, value=JSON, columns=[ID, V])"},
  });
}

TEST_CASE("plans of groups") {
  checkAnswers({
      {"EXPLAIN CREATE TABLE o AS SELECT k, COUNT(*) AS n FROM s WHERE a > 0 GROUP BY k HAVING "
       "MAX(a) < 9 EMIT CHANGES;",
       "Schema: `K` STRING KEY, `N` BIGINT\n"
       "Sink(topic=O, key=KAFKA, value=JSON)\n"
       "  Project(K, COUNT() AS N)\n"
       "    Filter((MAX(A) < 9))\n"
       "      Aggregate(by=[K], COUNT(), MAX(A), store=Aggregate)\n"
       "        Project(K, A)\n"
       "          Filter((A > 0))\n"
       "            Source(S, key=KAFKA, value=JSON, columns=[K, A])"},
  });
}

TEST_CASE("statements that mean nothing, with the place") {
  checkAnswers({
      {"CREATE STREAM o AS SELECT k, nope FROM s EMIT CHANGES;",
       "1:30 SELECT column 'NOPE' cannot be resolved."},
      {"CREATE STREAM o AS SELECT k, tt FROM s EMIT CHANGES;",
       "1:30 SELECT column 'TT' cannot be resolved. Did you mean 'T'?"},
      {"CREATE STREAM o AS\n  SELECT x.k FROM s\n  EMIT CHANGES;",
       "2:10 'X' is not a valid stream/table name or alias."},
      {"CREATE STREAM o AS SELECT k, a FROM s WHERE a EMIT CHANGES;",
       "1:45 Type error in WHERE expression: Should evaluate to boolean but is A (INTEGER) "
       "instead."},
      {"CREATE STREAM o AS SELECT * FROM ss EMIT CHANGES;",
       "1:34 SS does not exist. Did you mean "
       "S?"},
      {"CREATE STREAM o AS SELECT * FROM tab EMIT CHANGES;",
       "1:15 Invalid result type. Your SELECT query produces a TABLE. Please use CREATE TABLE AS "
       "SELECT statement instead."},
      {"CREATE TABLE o AS SELECT * FROM s EMIT CHANGES;",
       "1:14 Invalid result type. Your SELECT query produces a STREAM. Please use CREATE STREAM AS "
       "SELECT statement instead."},
      {"CREATE STREAM o AS SELECT a FROM s EMIT CHANGES;",
       "1:20 Key missing from projection (ie, SELECT). See https://cnfl.io/2LV7ouS.\nThe query "
       "used to "
       "build `O` must include "
       "the "
       "key column K in its projection (eg, SELECT K...)."},
      {"CREATE TABLE o AS SELECT g, t, COUNT(*) AS n FROM s GROUP BY g EMIT CHANGES;",
       "1:29 Non-aggregate SELECT expression(s) not part of GROUP BY: T"},
      {"CREATE STREAM o AS SELECT k, PREDICT('n', *) AS p FROM s EMIT CHANGES;",
       "1:38 Unknown model: 'n'. SHOW MODELS lists them."},
      {"INSERT INTO s SELECT k, a FROM s EMIT CHANGES;",
       "1:13 Incompatible schema between results and sink.\nResult schema is `K` STRING KEY, `A` "
       "INTEGER\nSink schema is `K` STRING KEY, `G` INTEGER, `A` INTEGER, `D` DOUBLE, `T` STRING, "
       "`ST` STRUCT<`X` INTEGER, `Y` STRING>"},
      {"EXPLAIN NOPE;", "1:9 Query NOPE does not exist."},
      {"EXPLAIN SHOW STREAMS;", "1:9 EXPLAIN takes a query."},
  });
}

}  // namespace
}  // namespace auspex::queries
