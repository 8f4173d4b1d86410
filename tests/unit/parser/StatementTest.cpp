// SPDX-License-Identifier: Apache-2.0
#include <variant>

#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

TEST_CASE("CREATE STREAM and CREATE TABLE") {
  checkPrinted(
      {
          {"create stream s (id varchar key, `v` array<int>, h BYTES HEADER('k'), r "
           "ARRAY<STRUCT<KEY STRING, VALUE BYTES>> HEADERS) with (kafka_topic='t', partitions=3, "
           "wrap_single_value=true, x=-1.5, y=null, z=1e3)",
           "CREATE STREAM S (ID VARCHAR KEY, `v` ARRAY<INT>, H BYTES HEADER('k'), R "
           "ARRAY<STRUCT<KEY STRING, VALUE BYTES>> HEADERS) WITH (KAFKA_TOPIC='t', PARTITIONS=3, "
           "WRAP_SINGLE_VALUE=TRUE, X=-1.5, Y=NULL, Z=1E3)"},
          {"CREATE OR REPLACE SOURCE TABLE IF NOT EXISTS t (id INT PRIMARY KEY) WITH "
           "(KAFKA_TOPIC='t')",
           "CREATE OR REPLACE SOURCE TABLE IF NOT EXISTS T (ID INT PRIMARY KEY) WITH "
           "(KAFKA_TOPIC='t')"},
          {"CREATE STREAM s () WITH ('kafka_topic'='x')",
           "CREATE STREAM S WITH (`kafka_topic`='x')"},
          {"CREATE STREAM s", "CREATE STREAM S"},
          {"CREATE STREAM if (key STRING KEY)", "CREATE STREAM `IF` (KEY STRING KEY)"},
          {"CREATE OR REPLACE STREAM IF NOT EXISTS s WITH (PARTITIONS=1) AS SELECT * FROM t EMIT "
           "CHANGES",
           "CREATE OR REPLACE STREAM IF NOT EXISTS S WITH (PARTITIONS=1) AS SELECT * FROM T EMIT "
           "CHANGES"},
          {"CREATE TABLE t AS SELECT a, COUNT(*) FROM s GROUP BY a",
           "CREATE TABLE T AS SELECT A, COUNT(*) FROM S GROUP BY A"},
      },
      printedStatement);
}

TEST_CASE("INSERT") {
  checkPrinted(
      {
          {"insert into s select * from t", "INSERT INTO S SELECT * FROM T"},
          {"INSERT INTO s WITH (QUERY_ID='q') SELECT a FROM t EMIT CHANGES",
           "INSERT INTO S WITH (QUERY_ID='q') SELECT A FROM T EMIT CHANGES"},
          {"INSERT INTO s VALUES (1, -2, 'x', NULL, ARRAY[1], STRUCT(a := 1))",
           "INSERT INTO S VALUES (1, -2, 'x', NULL, ARRAY[1], STRUCT(A := 1))"},
          {"INSERT INTO s (a, `b`, rowtime) VALUES (1, 2, 3), (4, 5, 6)",
           "INSERT INTO S (A, `b`, ROWTIME) VALUES (1, 2, 3), (4, 5, 6)"},
      },
      printedStatement);
}

TEST_CASE("DROP, ALTER and types") {
  checkPrinted(
      {
          {"drop stream s", "DROP STREAM S"},
          {"DROP TABLE IF EXISTS t DELETE TOPIC", "DROP TABLE IF EXISTS T DELETE TOPIC"},
          {"DROP TYPE IF EXISTS t", "DROP TYPE IF EXISTS T"},
          {"DROP CONNECTOR IF EXISTS `c`", "DROP CONNECTOR IF EXISTS `c`"},
          {"alter stream s add column a int, add b array<string>",
           "ALTER STREAM S ADD COLUMN A INT, ADD COLUMN B ARRAY<STRING>"},
          {"ALTER TABLE t ADD column INT", "ALTER TABLE T ADD COLUMN `COLUMN` INT"},
          {"ALTER TABLE t ADD a DECIMAL(2, 1)", "ALTER TABLE T ADD COLUMN A DECIMAL(2, 1)"},
          {"ALTER SYSTEM 'a'='b'", "ALTER SYSTEM 'a'='b'"},
          {"CREATE TYPE IF NOT EXISTS address AS STRUCT<street VARCHAR, number INT>",
           "CREATE TYPE IF NOT EXISTS ADDRESS AS STRUCT<STREET VARCHAR, NUMBER INT>"},
      },
      printedStatement);
}

TEST_CASE("Connectors") {
  checkPrinted(
      {
          {"CREATE SOURCE CONNECTOR c WITH (\"connector.class\"='FileSource', 'tasks.max'=1)",
           "CREATE SOURCE CONNECTOR C WITH (`connector.class`='FileSource', `tasks.max`=1)"},
          {"CREATE SINK CONNECTOR IF NOT EXISTS `c` WITH ()",
           "CREATE SINK CONNECTOR IF NOT EXISTS `c` WITH ()"},
          {"DESCRIBE CONNECTOR c", "DESCRIBE CONNECTOR C"},
          {"LIST SOURCE CONNECTORS", "SHOW SOURCE CONNECTORS"},
          {"SHOW SINK CONNECTORS", ""},
          {"SHOW CONNECTORS", ""},
          {"SHOW CONNECTOR PLUGINS", ""},
      },
      printedStatement);
}

TEST_CASE("SHOW, DESCRIBE and EXPLAIN") {
  checkPrinted(
      {
          {"list all topics extended", "SHOW ALL TOPICS EXTENDED"},
          {"SHOW TOPICS", ""},
          {"SHOW STREAMS EXTENDED", ""},
          {"SHOW TABLES", ""},
          {"SHOW QUERIES EXTENDED", ""},
          {"SHOW PROPERTIES", ""},
          {"SHOW FUNCTIONS", ""},
          {"SHOW TYPES", ""},
          {"SHOW VARIABLES", ""},
          {"DESCRIBE s EXTENDED", "DESCRIBE S EXTENDED"},
          {"DESCRIBE STREAMS EXTENDED", ""},
          {"DESCRIBE TABLES", ""},
          {"DESCRIBE FUNCTION sum", "DESCRIBE FUNCTION SUM"},
          {"DESCRIBE MODEL m EXTENDED", "DESCRIBE MODEL M EXTENDED"},
          {"DESCRIBE model", "DESCRIBE `MODEL`"},
          {"DESCRIBE function", "DESCRIBE `FUNCTION`"},
          {"EXPLAIN CSAS_S_0", ""},
          {"EXPLAIN show", "EXPLAIN SHOW"},
          {"EXPLAIN SELECT * FROM s EMIT CHANGES", "EXPLAIN SELECT * FROM S EMIT CHANGES"},
          {"EXPLAIN CREATE STREAM s AS SELECT * FROM t",
           "EXPLAIN CREATE STREAM S AS SELECT * FROM T"},
      },
      printedStatement);
}

TEST_CASE("PRINT, queries and the session") {
  checkPrinted(
      {
          {"print myTopic", "PRINT 'myTopic'"},
          {"PRINT 'a.b' FROM BEGINNING INTERVAL 2 LIMIT 3", ""},
          {"PRINT 't' SAMPLE 2", "PRINT 't' INTERVAL 2"},
          {"terminate all", "TERMINATE ALL"},
          {"TERMINATE csas_s_0", "TERMINATE CSAS_S_0"},
          {"PAUSE q", "PAUSE Q"},
          {"RESUME ALL", ""},
          {"set 'a'='b''c'", "SET 'a'='b''c'"},
          {"UNSET 'a'", ""},
          {"define name = 'value'", "DEFINE NAME = 'value'"},
          {"undefine name", "UNDEFINE NAME"},
      },
      printedStatement);
}

TEST_CASE("ASSERT") {
  checkPrinted(
      {
          {"ASSERT TOPIC t WITH (PARTITIONS=3) TIMEOUT 5 seconds",
           "ASSERT TOPIC 't' WITH (PARTITIONS=3) TIMEOUT 5 SECONDS"},
          {"ASSERT NOT EXISTS TOPIC 'a-b'", ""},
          {"ASSERT SCHEMA SUBJECT 's' ID 3 TIMEOUT 1 minute",
           "ASSERT SCHEMA SUBJECT 's' ID 3 TIMEOUT 1 MINUTES"},
          {"ASSERT NOT EXISTS SCHEMA ID 3", ""},
          {"ASSERT VALUES s (a, b) VALUES (1, 'x')", "ASSERT VALUES S (A, B) VALUES (1, 'x')"},
          {"ASSERT NULL VALUES t (id) KEY (1)", "ASSERT NULL VALUES T (ID) KEY (1)"},
          {"ASSERT STREAM s (a INT KEY) WITH (KAFKA_TOPIC='t')",
           "ASSERT STREAM S (A INT KEY) WITH (KAFKA_TOPIC='t')"},
          {"ASSERT TABLE t", "ASSERT TABLE T"},
      },
      printedStatement);
}

TEST_CASE("CREATE MODEL") {
  checkPrinted(
      {
          {"create or replace model if not exists fraud (amount double, country varchar "
           "categories('DE', 'FR'), n bigint default 0) returns struct<label varchar, p double> "
           "transform (ln(amount + 1) as amount, coalesce(country, 'none') as country) with "
           "(deployment='EMBEDDED', uri='m.ubj', version=2)",
           "CREATE OR REPLACE MODEL IF NOT EXISTS FRAUD (AMOUNT DOUBLE, COUNTRY VARCHAR "
           "CATEGORIES('DE', 'FR'), N BIGINT DEFAULT 0) RETURNS STRUCT<LABEL VARCHAR, P DOUBLE> "
           "TRANSFORM (LN(AMOUNT + 1) AS AMOUNT, COALESCE(COUNTRY, 'none') AS COUNTRY) WITH "
           "(DEPLOYMENT='EMBEDDED', URI='m.ubj', VERSION=2)"},
          {"CREATE MODEL m WITH (URI='m.json')", "CREATE MODEL M WITH (URI='m.json')"},
          {"CREATE MODEL m RETURNS ARRAY<DOUBLE> WITH (URI='m')",
           "CREATE MODEL M RETURNS ARRAY<DOUBLE> WITH (URI='m')"},
          {"CREATE MODEL m WITH (LABEL='y') AS SELECT a, y FROM s EMIT CHANGES",
           "CREATE MODEL M WITH (LABEL='y') AS SELECT A, Y FROM S EMIT CHANGES"},
      },
      printedStatement);
}

TEST_CASE("Other statements about models") {
  checkPrinted(
      {
          {"ALTER MODEL m ADD VERSION 3 WITH (URI='x')",
           "ALTER MODEL M ADD VERSION 3 WITH (URI='x')"},
          {"ALTER MODEL m ADD VERSION WITH (URI='x')", "ALTER MODEL M ADD VERSION WITH (URI='x')"},
          {"ALTER MODEL m DROP VERSION 1", "ALTER MODEL M DROP VERSION 1"},
          {"ALTER MODEL m SET ALIAS champion = 3", "ALTER MODEL M SET ALIAS CHAMPION = 3"},
          {"ALTER MODEL m SET ALIAS a = b", "ALTER MODEL M SET ALIAS A = B"},
          {"ALTER MODEL m DROP ALIAS a", "ALTER MODEL M DROP ALIAS A"},
          {"ALTER MODEL m SPLIT champion 90, 4 10 BY card_id SALT 'exp7'",
           "ALTER MODEL M SPLIT CHAMPION 90, 4 10 BY CARD_ID SALT 'exp7'"},
          {"ALTER MODEL m DROP SPLIT", "ALTER MODEL M DROP SPLIT"},
          {"ALTER MODEL m SHADOW challenger SAMPLE 0.1",
           "ALTER MODEL M SHADOW CHALLENGER SAMPLE 0.1"},
          {"ALTER MODEL m DROP SHADOW", "ALTER MODEL M DROP SHADOW"},
          {"ALTER MODEL m CANARY 3 STEPS (1, 10, 50.5) EVERY '10 MINUTES' BASED ON card_id PROMOTE "
           "WHEN 'psi < 0.2' ELSE ROLLBACK",
           "ALTER MODEL M CANARY 3 STEPS (1, 10, 50.5) EVERY '10 MINUTES' BASED ON CARD_ID PROMOTE "
           "WHEN 'psi < 0.2' ELSE ROLLBACK"},
          {"ALTER MODEL m CANARY 3 EVERY 10 MINUTES", "ALTER MODEL M CANARY 3 EVERY '10 MINUTES'"},
          {"ALTER MODEL m PAUSE CANARY", "ALTER MODEL M PAUSE CANARY"},
          {"ALTER MODEL m RESUME CANARY", "ALTER MODEL M RESUME CANARY"},
          {"ALTER MODEL m ROLLBACK", "ALTER MODEL M ROLLBACK"},
          {"ALTER MODEL m SET (TIMEOUT='100 MILLISECONDS')",
           "ALTER MODEL M SET (TIMEOUT='100 MILLISECONDS')"},
          {"DROP MODEL IF EXISTS m", "DROP MODEL IF EXISTS M"},
          {"LIST MODELS EXTENDED", "SHOW MODELS EXTENDED"},
          {"SHOW MODEL VERSIONS m", "SHOW MODEL VERSIONS M"},
          {"SHOW CREATE MODEL m", "SHOW CREATE MODEL M"},
          {"SERVE MODEL m WITH (REQUEST_TOPIC='q')", "SERVE MODEL M WITH (REQUEST_TOPIC='q')"},
          {"STOP SERVING m", "STOP SERVING M"},
          {"list served models", "SHOW SERVED MODELS"},
          {"EVALUATE MODEL m ON (SELECT * FROM s) VERSIONS ALL",
           "EVALUATE MODEL M ON (SELECT * FROM S) VERSIONS ALL"},
      },
      printedStatement);
}

TEST_CASE("The values of properties") {
  const auto parsed =
      parse("CREATE STREAM s WITH (a='It''s', b=-3, c=TRUE, d=NULL, `e`=1.5, 'f.G'=2e1);");
  const auto& properties = std::get<CreateSource>(parsed[0].statement.node).properties;
  REQUIRE(properties.size() == 6);
  CHECK(properties[0].name.name == "A");
  CHECK(properties[0].text == "It's");
  CHECK(properties[1].text == "-3");
  CHECK(std::get<IntegerLiteral>(properties[1].value->node).value == -3);
  CHECK(properties[2].text == "true");
  CHECK(properties[3].text == "null");
  CHECK(std::holds_alternative<NullLiteral>(properties[3].value->node));
  CHECK(properties[4].name.name == "e");
  CHECK(properties[5].name.name == "f.G");
  CHECK(properties[5].name.quoted);
  CHECK(std::get<DoubleLiteral>(properties[5].value->node).value == doctest::Approx(20));
}

}  // namespace
}  // namespace auspex::parser
