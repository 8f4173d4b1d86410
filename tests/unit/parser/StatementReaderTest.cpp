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
