// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

TEST_CASE("Statements come one by one, with their own text") {
  const std::string text =
      "-- first; not yet\nSHOW STREAMS;\n/* ; */ SELECT ';', `;`, \";\" FROM s; ;;\nSHOW TABLES ; "
      "-- "
      "end";
  StatementReader reader(text);
  std::vector<std::string> texts;
  std::vector<std::uint32_t> lines;
  while (const auto statement = reader.next({})) {
    texts.push_back(statement->text);
    lines.push_back(statement->span.line);
  }
  CHECK(texts ==
        std::vector<std::string>{"SHOW STREAMS", "SELECT ';', `;`, \";\" FROM s", "SHOW TABLES"});
  CHECK(lines == std::vector<std::uint32_t>{2, 3, 4});
  CHECK_FALSE(reader.next({}).has_value());
}

TEST_CASE("Reading goes on behind a statement in error") {
  StatementReader reader("SELECT FROM;\nSHOW TABLES;\nSELECT ${x};\nSHOW STREAMS;");
  CHECK_THROWS_AS(reader.next({}), SyntaxError);
  CHECK(print(reader.next({})->statement) == "SHOW TABLES");
  CHECK_THROWS_AS(reader.next({}), SyntaxError);
  const auto last = reader.next({});
  CHECK(print(last->statement) == "SHOW STREAMS");
  CHECK(last->span.line == 4);
  CHECK_FALSE(reader.next({}).has_value());
}

/// What a reader makes of a script: statements printed, and for errors the line and the names.
std::vector<std::string> readAll(std::string_view text) {
  StatementReader reader(text);
  std::vector<std::string> found;
  while (true) {
    try {
      const auto statement = reader.next({});
      if (!statement) {
        return found;
      }
      found.push_back(print(statement->statement));
    } catch (const SyntaxError& error) {
      found.push_back("error in line " + std::to_string(error.span().line));
      for (const std::string& name : reader.failedNames()) {
        found.back() += " " + name;
      }
    }
  }
}

TEST_CASE("Reading goes on where a forgotten semicolon or an open quote ended a statement") {
  struct Case {
    std::string text;
    std::vector<std::string> expected;
  };
  const std::vector<Case> cases = {
      {"DROP STREAM a\n  CREATE STREAM b AS SELECT * FROM c;\nSHOW TABLES;",
       {"error in line 2 A", "CREATE STREAM B AS SELECT * FROM C", "SHOW TABLES"}},
      {"DROP STREAM a CREATE STREAM b AS SELECT * FROM c;\nSHOW TABLES;",
       {"error in line 1 A B", "SHOW TABLES"}},
      {"CREATE STREAM a (x INT) WITH (KAFKA_TOPIC='a);\n"
       "CREATE STREAM b (x INT) WITH (KAFKA_TOPIC='b);\nSHOW TABLES;",
       {"error in line 1 A", "error in line 2 B", "SHOW TABLES"}},
      {"SELECT `a FROM s; \nSHOW TABLES;", {"error in line 1", "SHOW TABLES"}},
      {"SELECT a FROM s /* open;\nSHOW TABLES;", {"error in line 1", "SHOW TABLES"}},
      {"SELECT FROM s -- not; its end;\n;\nSHOW TABLES;", {"error in line 1", "SHOW TABLES"}},
      {"SELECT /* a;\n */ FROM s;\nSHOW TABLES;", {"error in line 2", "SHOW TABLES"}},
      {"CREATE", {"error in line 1"}}};
  for (const Case& one : cases) {
    CAPTURE(one.text);
    CHECK(readAll(one.text) == one.expected);
  }
}

TEST_CASE("A statement in error still says what it was to make, change or drop") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"CREATE STREAM payments (id STRING KEY;", "PAYMENTS"},
      {"CREATE OR REPLACE STREM `p` (id INT) WITH;", "p"},
      {"CRATE SOURCE TABLE IF NOT EXIST t (id INT);", "T"},
      {"create or replace model m (", "M"},
      {"ALTER STREAM s ADD COLUM x INT;", "S"},
      {"DROP TABLE IF EXISTS t NOW;", "T"},
      {"CREATE SINK CONNECTOR c WITH 'a';", "C"},
      {"CREATE STREAM s (a # INT);", "S"},
      {"CREATE TYPE t AS STRUCT<;", "T"},
      {"CREATE STREAM (a INT);", ""},
      {"SELECT a FORM s WHERE;", ""}};
  for (const auto& statement : cases) {
    CAPTURE(statement.first);
    StatementReader reader(statement.first);
    CHECK_THROWS_AS(reader.next({}), SyntaxError);
    const std::string& name = statement.second;
    CHECK(reader.failedNames() ==
          (name.empty() ? std::vector<std::string>{} : std::vector<std::string>{name}));
  }
}

TEST_CASE("Empty scripts give no statements") {
  for (const std::string& text :
       {std::string(), std::string(" \n"), std::string("-- x"), std::string("/* x */"),
        std::string(";;"), std::string("\xEF\xBB\xBF")}) {
    CAPTURE(text);
    CHECK(parse(text).empty());
  }
  CHECK(parse("\xEF\xBB\xBFSHOW TABLES;").size() == 1);
}

TEST_CASE("A text is complete when its last statement is closed") {
  struct Case {
    std::string text;
    bool complete;
  };
  const std::vector<Case> cases = {
      {"SHOW TABLES;", true},
      {"SHOW TABLES", false},
      {"SHOW TABLES; -- x", true},
      {"SHOW TABLES; /* x */ \n", true},
      {"SHOW TABLES; /* x", false},
      {"SELECT ';", false},
      {"SELECT ';';", true},
      {"SELECT `a;", false},
      {"SELECT \"a;\";", true},
      {"SHOW TABLES; SHOW", false},
      {"-- x;", false},
      {"", false},
      {";", false},
      {"SELECT 'it''s;", false},
      {"SELECT 'it''s';", true},
      {"SELECT 1 -- ;", false},
      {"SELECT 1 -- '\n;", true},
      {"SELECT /* ' */ 1;", true},
  };
  for (const Case& item : cases) {
    CAPTURE(item.text);
    CHECK(isComplete(item.text) == item.complete);
  }
}

TEST_CASE("A text is cut at its semicolons") {
  const auto pieces = splitStatements("SELECT ';'; -- a;b\nSHOW TABLES;; SHOW");
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0] == "SELECT ';';");
  CHECK(pieces[1] == " -- a;b\nSHOW TABLES;");
}

}  // namespace
}  // namespace auspex::parser
