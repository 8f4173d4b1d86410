// SPDX-License-Identifier: Apache-2.0
// Limits: what is deep, long or wide ends in a tree or in an error, never in a crash.
#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) {
    result += text;
  }
  return result;
}

/// An expression with `depth` constructs inside each other.
std::string nested(const std::string& open, const std::string& close, int depth) {
  return repeated(open, depth) + "a" + repeated(close, depth);
}

std::string messageOf(const std::string& text) {
  try {
    parseExpression(text);
  } catch (const SyntaxError& error) {
    return error.message();
  }
  return "none";
}

struct Bracket {
  std::string open;
  std::string close;
};

const std::vector<Bracket> kBrackets = {
    {"(", ")"},
    {"f(", ")"},
    {"ARRAY[", "]"},
    {"CAST(", " AS INT)"},
    {"f(x => ", ")"},
    {"a[", "]"},
    {"MAP(a := ", ")"},
    {"STRUCT(a := ", ")"},
    {"CASE WHEN ", " THEN 1 END"},
    {"a IN (", ")"},
    {"f((x, y) => ", ")"},
    {"f(a + (", "))"},
};

TEST_CASE("Deep nesting parses up to the limit") {
  for (const Bracket& bracket : kBrackets) {
    CAPTURE(bracket.open);
    CHECK(messageOf(nested(bracket.open, bracket.close, 90)) == "none");
    CHECK(messageOf(nested(bracket.open, bracket.close, 250)) ==
          "The statement nests more than 200 levels deep.");
    CHECK(messageOf(nested(bracket.open, bracket.close, 2000)) ==
          "The statement nests more than 200 levels deep.");
    // Without the closing half.
    CHECK(messageOf(repeated(bracket.open, 2000)) ==
          "The statement nests more than 200 levels deep.");
  }
}

TEST_CASE("Deep types and statements are refused") {
  CHECK(messageOf("CAST(a AS " + repeated("ARRAY<", 250) + "INT" + repeated(">", 250) + ")") ==
        "The statement nests more than 200 levels deep.");
  CHECK_THROWS_WITH_AS(parse(repeated("EXPLAIN ", 1000) + "SELECT 1;"),
                       doctest::Contains("nests more than 200"), SyntaxError);
}

TEST_CASE("Long chains are refused beyond their limit") {
  CHECK(messageOf("a" + repeated(" + a", 900)) == "none");
  for (const std::string& link : {std::string(" + a"), std::string(" AND a"), std::string("->a"),
                                  std::string("[1]"), std::string(" || a"), std::string(" OR a")}) {
    CAPTURE(link);
    CHECK(messageOf("a" + repeated(link, 3000)) ==
          "The expression has more than 1000 operations inside each other.");
  }
  for (const std::string& prefix : {std::string("- "), std::string("NOT "), std::string("+")}) {
    CAPTURE(prefix);
    CHECK(messageOf(repeated(prefix, 3000) + "a") ==
          "The expression has more than 1000 operations inside each other.");
  }
  CHECK(messageOf("CAST(a AS INT" + repeated(" ARRAY", 2000) + ")") ==
        "The type has more than 200 ARRAYs inside each other.");
}

TEST_CASE("Wide statements are no problem") {
  const std::string list = "INSERT INTO s VALUES (1" + repeated(", 1", 20000) + ");";
  const auto parsed = parse(list);
  CHECK(std::get<InsertValues>(parsed[0].statement.node).rows[0].size() == 20001);
  CHECK(parse(repeated("SHOW TABLES;", 2000)).size() == 2000);
}

TEST_CASE("A statement may have one MiB") {
  const std::string text(kMaxStatementBytes - 20, 'x');
  CHECK(parse("SELECT '" + text + "';").size() == 1);
  CHECK_THROWS_WITH_AS(parse("SELECT '" + text + "xxxxxxxxxxxxxxx';"),
                       doctest::Contains("longer than 1048576 bytes"), SyntaxError);
  CHECK_THROWS_AS(parse("SELECT '" + text), SyntaxError);
}

}  // namespace
}  // namespace auspex::parser
