// SPDX-License-Identifier: Apache-2.0
// Comments: parsed and printed, none is lost, and each stays where it says something.
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "parser/grammar/Token.h"
#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

/// Every statement of a script, printed, with a `;` and a new line behind each.
std::string printedScript(const std::string& script) {
  std::string result;
  for (const ParsedStatement& parsed : parse(script)) {
    result += print(parsed.statement) + ";\n";
  }
  return result;
}

std::string withoutComments(Statement statement) {
  statement.comments = nullptr;
  return print(statement);
}

TEST_CASE("Comments above and behind statements") {
  checkPrinted(
      {{"-- one\n  --two  \r\nSELECT a FROM s;", "-- one\n--two\nSELECT A FROM S;\n"},
       {"/* above */ SELECT a FROM s;", "/* above */\nSELECT A FROM S;\n"},
       {"--@directive: x\nSELECT 1;", "--@directive: x\nSELECT 1;\n"},
       {"SELECT 1 -- last\n;", "SELECT 1 -- last\n;\n"},
       {"SELECT 1\n-- below\n;", "SELECT 1\n-- below\n;\n"},
       {"SELECT 1 /* last */;", "SELECT 1 /* last */;\n"},
       {"SELECT 1\n/* below */\n\n;", "SELECT 1\n/* below */;\n"},
       {"SELECT 1; -- of the first\n-- of the second\nSELECT 2;",
        "SELECT 1 -- of the first\n;\n-- of the second\nSELECT 2;\n"},
       {"SELECT 1; /* of the first */\nSELECT 2;", "SELECT 1 /* of the first */;\nSELECT 2;\n"},
       {"SELECT 1; /* of the second */ SELECT 2;", "SELECT 1;\n/* of the second */\nSELECT 2;\n"},
       {"SELECT 1; -- last", "SELECT 1 -- last\n;\n"},
       {"SELECT 1;\n-- of none\n", "SELECT 1;\n"},
       {"LIST -- before what\nTABLES;", "SHOW -- before what\nTABLES;\n"}},
      printedScript);
}

TEST_CASE("Comments at items, columns and clauses") {
  checkPrinted(
      {{"SELECT\n  -- above a\n  a, -- behind a\n  b -- behind b\n  , c\n  -- above FROM\nFROM s "
        "-- "
        "behind s\n-- above WHERE\nWHERE a > 1 -- behind WHERE\n",
        "SELECT\n-- above a\nA, -- behind a\nB -- behind b\n, C\n-- above FROM\nFROM S -- behind "
        "s\n-- above WHERE\nWHERE A > 1 -- behind WHERE\n"},
       {"CREATE STREAM s -- behind the name\n(\n  -- the key\n  k string key, -- text\n  /* a list "
        "*/ "
        "v array<int> /* of ints */) WITH (-- how\n kafka_topic = 's', -- where\n -- what\n "
        "value_format='json')",
        "CREATE STREAM S -- behind the name\n(\n-- the key\nK STRING KEY, -- text\n/* a list */ V "
        "ARRAY<INT> /* of ints */) WITH (-- how\nKAFKA_TOPIC='s', -- where\n-- what\n"
        "VALUE_FORMAT='json')"},
       {"CREATE TABLE t AS\n-- the query\nSELECT k, COUNT(*) n -- how many\nFROM s\n-- by "
        "time\nWINDOW TUMBLING (SIZE 5 SECONDS) -- short\n-- by key\nGROUP BY k\n-- many\nHAVING "
        "COUNT(*) > 1 -- really\nEMIT CHANGES -- at once\n",
        "CREATE TABLE T AS\n-- the query\nSELECT K, COUNT(*) AS N -- how many\nFROM S\n-- by "
        "time\nWINDOW TUMBLING (SIZE 5 SECONDS) -- short\n-- by key\nGROUP BY K\n-- many\nHAVING "
        "COUNT(*) > 1 -- really\nEMIT CHANGES -- at once\n"},
       {"SELECT * FROM a x\n-- the rates\nINNER JOIN b y -- small\nWITHIN 1 DAYS\n-- by key\nON "
        "x.k = "
        "y.k",
        "SELECT * FROM A AS X\n-- the rates\nINNER JOIN B AS Y -- small\nWITHIN 1 DAYS\n-- by "
        "key\nON "
        "X.K = Y.K"},
       {"INSERT INTO s VALUES (1, /* one */ 'a'), -- first\n(2, 'b') -- second\n",
        "INSERT INTO S VALUES (1, /* one */ 'a'), -- first\n(2, 'b') -- second\n"},
       {"EXPLAIN -- why\nSELECT 1", "EXPLAIN -- why\nSELECT 1"}},
      printedStatement);
}

TEST_CASE("Comments inside expressions") {
  checkPrinted({{"SELECT a + /* more */ b FROM s", "SELECT A + /* more */ B FROM S"},
                {"SELECT ((a -- left\n + b)) FROM s", "SELECT A -- left\n+ B FROM S"},
                {"SELECT (/* in */ (a)) FROM s", "SELECT /* in */ A FROM S"},
                {"SELECT f(/* first */ a, b /* second */) FROM s",
                 "SELECT F(/* first */ A, B /* second */) FROM S"},
                {"SELECT a FROM s WHERE\n-- one\na != 1\n-- and two\nAND b = 2",
                 "SELECT A FROM S WHERE\n-- one\nA <> 1\n-- and two\nAND B = 2"},
                {"SELECT a -/**/-1, '--', '/*' FROM s", "SELECT A - /**/ -1, '--', '/*' FROM S"},
                {"SELECT a /* x\n  y */ FROM s", "SELECT A /* x\n  y */ FROM S"},
                {"SELECT `-- no` -- '${v}\nFROM s", "SELECT `-- no` -- '${v}\nFROM S"}},
               printedStatement);
}

TEST_CASE("Comments are no part of the tree or the text") {
  const auto parsed = parse("-- above\nSELECT a /* in */ FROM s; -- behind\n");
  REQUIRE(parsed.size() == 1);
  CHECK(parsed[0].text == "SELECT a /* in */ FROM s");
  CHECK(withoutComments(parsed[0].statement) == "SELECT A FROM S");
  CHECK(parse("SELECT 1;").at(0).statement.comments == nullptr);
}

/// The statements of a .test file that succeed, or the whole of another.
std::string readStatements(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string result;
  bool isInside = path.extension() != ".test";
  const bool isWhole = isInside;
  for (std::string line; std::getline(file, line);) {
    if (!isWhole && (line.empty() || line == "statement ok")) {
      isInside = !line.empty();
    } else if (isInside) {
      result += line + "\n";
    }
  }
  return result;
}

/// A statement with a comment in every gap between its tokens, of all kinds in turn.
std::string commentedEverywhere(const std::string& text, std::size_t& numComments) {
  static constexpr std::array<std::string_view, 5> kForms = {" /* {} */ ", "\n-- {}\n", " -- {}\n",
                                                             "\n/* {}\n*/\n", "/* {} */"};
  const TokenList list = readTokens(text, Span{}, text.size(), {});
  std::string result;
  std::size_t copied = 0;
  for (const Token& token : list.tokens) {
    result += text.substr(copied, token.span.begin - copied);
    copied = token.span.begin;
    std::string comment(kForms[numComments * 7 % kForms.size()]);
    comment.replace(comment.find("{}"), 2, "number " + std::to_string(numComments++) + ".");
    result += comment;
  }
  return result;
}

/// Checks a statement that holds the comments "number 0" to "number N-1" in this order.
void checkKeepsAll(const std::string& text, std::size_t numComments, const std::string& expected) {
  const auto parsed = parse(text + ";");
  REQUIRE(parsed.size() == 1);
  CHECK(withoutComments(parsed[0].statement) == expected);
  const std::string printed = print(parsed[0].statement);
  std::size_t position = 0;
  for (std::size_t i = 0; i < numComments && position != std::string::npos; ++i) {
    position = printed.find("number " + std::to_string(i) + ".", position);
  }
  CAPTURE(printed);
  CHECK(position != std::string::npos);
  const auto again = parse(printed + ";");
  REQUIRE(again.size() == 1);
  CHECK(print(again[0].statement) == printed);
  CHECK(withoutComments(again[0].statement) == expected);
}

TEST_CASE("No comment is lost, wherever it stands in the statements of the tests and examples") {
  std::size_t numStatements = 0;
  for (const std::string folder : {"tests/sql", "queries/examples"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(AUSPEX_SOURCES + ("/" + folder))) {
      const std::string extension = entry.path().extension();
      if (extension != ".test" && extension != ".sql") {
        continue;
      }
      CAPTURE(entry.path());
      for (const ParsedStatement& parsed : parse(readStatements(entry.path()))) {
        CAPTURE(parsed.text);
        const std::string expected = withoutComments(parsed.statement);
        std::size_t numComments = 0;
        const std::string text = commentedEverywhere(expected, numComments);
        checkKeepsAll(text, numComments, expected);
        // As written: other parentheses, spellings and quotes than the printer's.
        numComments = 0;
        checkKeepsAll(commentedEverywhere(parsed.text, numComments), numComments, expected);
        ++numStatements;
      }
    }
  }
  CHECK(numStatements > 400);
}

}  // namespace
}  // namespace auspex::parser
