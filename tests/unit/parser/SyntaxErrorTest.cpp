// SPDX-License-Identifier: Apache-2.0
#include "parser/SyntaxError.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "parser/Parser.h"

namespace auspex::parser {
namespace {

struct ErrorCase {
  std::string text;
  /// line:column: message
  std::string error;
};

std::string errorOf(const std::string& text) {
  try {
    parse(text);
  } catch (const SyntaxError& error) {
    return std::to_string(error.span().line) + ":" + std::to_string(error.span().column) + ": " +
           error.message();
  }
  return "none";
}

void checkErrors(const std::vector<ErrorCase>& cases) {
  for (const ErrorCase& item : cases) {
    CAPTURE(item.text);
    CHECK(errorOf(item.text) == item.error);
  }
}

TEST_CASE("Errors in queries") {
  checkErrors({
      {"SELECT a FROM b", "1:16: missing ';' at '<EOF>'"},
      {"SELECT a FORM b;", "1:15: missing ';' at 'b'\nDid you mean 'FROM' instead of 'FORM'?"},
      {"SELECT a FROM b WHER c = 1;",
       "1:22: missing ';' at 'c'\nDid you mean 'WHERE' instead of 'WHER'?"},
      {"SELECT FROM b;", "1:8: Expecting an expression, or * for all columns"},
      {"SELECT a, FROM b;", "1:11: Expecting an expression, or * for all columns"},
      {"SELECT a\nFROM b\n\tWHERE c == 1;", "3:11: Expecting an expression"},
      {"SELECT a = b = c FROM d;", "1:14: missing ';' at '='"},
      {"SELECT a FROM;", "1:14: Expecting the name of a stream or table"},
      {"SELECT a FROM b EMIT CHANGS;",
       "1:22: Expecting {'CHANGES', 'FINAL'}\nDid you mean 'CHANGES'?"},
      {"SELECT a FROM b WHERE (a = 1;", "1:29: missing ')' at ';'"},
      {"SELECT f(a, ) FROM b;", "1:13: Expecting an argument"},
      {"SELECT a FROM b JOIN c a = b;", "1:26: missing 'ON' at '='"},
      {"SELECT a FROM b LEFT c ON a = b;", "1:22: missing 'JOIN' at 'c'"},
      {"SELECT a FROM b JOIN c WITHIN x ON a = b;",
       "1:31: Expecting an interval such as 10 MINUTES, or (5 MINUTES, 10 MINUTES)"},
      {"SELECT a FROM b WINDOW TUMBLING (10 SECONDS);", "1:34: missing 'SIZE' at '10'"},
      {"SELECT a FROM b WINDOW TUMBLING (SIZE 10 YEARS);",
       "1:42: Expecting a unit of time: DAYS, HOURS, MINUTES, SECONDS or MILLISECONDS"},
      {"SELECT a FROM b WINDOW HOPPING (SIZE 1 DAY);",
       "1:43: Expecting ', ADVANCE BY' and an interval"},
      {"SELECT a FROM b GROUP BY f3, (f2, f1);", "1:33: missing ')' at ','"},
      {"SELECT a FROM b GROUP BY a AND c;", "1:28: missing ';' at 'AND'"},
      {"SELECT a FROM b LIMIT 2.5;", "1:23: Value must be integer for command: LIMIT"},
      {"SELECT a FROM b ORDER BY a;", "1:17: missing ';' at 'ORDER'"},
      {"SELECT CASE END FROM b;", "1:13: Expecting WHEN condition THEN result"},
      {"SELECT CASE WHEN a THEN b FROM c;", "1:27: missing 'END' at 'FROM'"},
      {"SELECT a IS 5 FROM b;", "1:13: Expecting {'DISTINCT', 'NOT', 'NULL'}"},
      {"SELECT a NOT b FROM c;", "1:14: Expecting {'IN', 'BETWEEN', 'LIKE'}"},
      {"SELECT SUM(x) OVER (ROWS x PRECEDING) FROM b;",
       "1:26: Expecting a number of rows, or UNBOUNDED"},
      {"SELECT DATE '2020-01-01' FROM b;", "1:8: Unknown type: DATE"},
  });
}

TEST_CASE("Errors in other statements") {
  checkErrors({
      {"SELEC a FROM b;", "1:1: Unknown statement 'SELEC'\nDid you mean 'SELECT'?"},
      {"RUN SCRIPT 'x';", "1:1: Unknown statement 'RUN'"},
      {"42;", "1:1: Unknown statement '42'"},
      {"CREATE STREM s (a INT);",
       "1:8: Expecting {'OR', 'TABLE', 'STREAM', 'TYPE', 'SOURCE', 'SINK', 'MODEL'}\nDid you mean "
       "'STREAM'?"},
      {"CREATE STREAM s (a INT, b);", "1:26: Expecting a type"},
      {"CREATE STREAM s (a INT KEY b INT);", "1:28: Expecting {',', ')'}"},
      {"CREATE STREAM s (K INTEGER (KEY));", "1:29: Expecting {'STRING', INTEGER_VALUE}"},
      {"CREATE STREAM s (a ARRAY<INT);", "1:29: missing '>' at ')'"},
      {"CREATE STREAM s (a INT) WTIH (x=1);", "1:25: missing ';' at 'WTIH'\nDid you mean 'WITH'?"},
      {"CREATE STREAM s (a INT) WITH (x=y);",
       "1:33: Expecting a literal: a string in single quotes, a number, TRUE, FALSE or NULL"},
      {"CREATE STREAM s (a INT) AS SELECT 1;",
       "1:17: CREATE ... AS SELECT takes no column list: the columns are those of the query."},
      {"CREATE SOURCE STREAM s AS SELECT 1;",
       "1:8: CREATE ... AS SELECT writes to its result, so it cannot be a SOURCE."},
      {"CREATE MODEL m (a DOUBLE CATEGORIES(1));", "1:37: missing STRING at '1'"},
      {"INSERT INTO s (a) VALUE (1);", "1:19: missing 'VALUES' at 'VALUE'\nDid you mean 'VALUES'?"},
      {"DROP STREAM IF EXIST s;", "1:16: missing 'EXISTS' at 'EXIST'\nDid you mean 'EXISTS'?"},
      {"ALTER MODEL m SPLIT a 90, b BY x;", "1:29: Expecting a number"},
      {"ASSERT SCHEMA;", "1:14: Expecting {'SUBJECT', 'ID'}"},
      {"SET foo = 'bar';", "1:5: missing STRING at 'foo'"},
      {"EXPLAIN;", "1:8: Expecting a statement or the id of a query"},
      {"EXPLAIN EXPLAIN SELECT;", "1:23: Expecting an expression, or * for all columns"},
      {"SHOW TABLES;\nSHOW STREAMS EXTENDED x;", "2:23: missing ';' at 'x'"},
  });
}

TEST_CASE("Reserved words as names") {
  const std::string tail =
      " is a reserved keyword and it can't be used as an identifier. You can use it as an "
      "identifier by escaping it as ";
  checkErrors({
      {"CREATE STREAM from (a INT);", "1:15: \"from\"" + tail + "`from`"},
      {"CREATE STREAM s (select INT);", "1:18: \"select\"" + tail + "`select`"},
      {"SELECT cast(f0 AS NULL) FROM s;", "1:19: \"NULL\"" + tail + "`NULL`"},
      {"SELECT a->b-> FROM s;", "1:15: \"FROM\"" + tail + "`FROM`"},
      {"DESCRIBE table;", "1:10: \"table\"" + tail + "`table`"},
  });
}

TEST_CASE("Errors in tokens") {
  checkErrors({
      {"SELECT 'abc FROM b;", "1:8: This string is not closed: \"'\" is missing."},
      {"SELECT `abc FROM b;", "1:8: This name is not closed: '`' is missing."},
      {"SELECT \"abc FROM b;", "1:8: This name is not closed: '\"' is missing."},
      {"SELECT a /* b;", "1:10: This comment is not closed: '*/' is missing."},
      {"SELECT \xC3\xA9 FROM b;",
       "1:8: Unexpected character '\xC3\xA9'. Names with other characters than letters, digits and "
       "'_' stand in back quotes."},
      {std::string("SELECT \0 FROM b;", 16), "1:8: Unexpected control character 0x00."},
      {"SELECT 99999999999999999999 FROM b;", "1:8: Invalid numeric literal: 99999999999999999999"},
      {"SELECT 9223372036854775808 FROM b;", "1:8: Invalid numeric literal: 9223372036854775808"},
      {"SELECT 1.7976931348623159E308 FROM b;",
       "1:8: Number overflows DOUBLE: 1.7976931348623159E308"},
      {"SELECT a FROM b LIMIT 99999999999999999999;",
       "1:23: Invalid numeric literal: 99999999999999999999"},
      {"SELECT CAST(a AS DECIMAL(99999999999, 1)) FROM b;",
       "1:26: Invalid numeric literal: 99999999999"},
      {"SELECT DECIMAL 'x' FROM b;", "1:16: Invalid numeric literal: x"},
  });
}

TEST_CASE("what() is ksqlDB's text") {
  const auto textOf = [](const std::string& text) {
    try {
      parse(text);
    } catch (const SyntaxError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(textOf("RUN SCRIPT 'foo';") ==
        "line 1:1: Syntax Error\nUnknown statement 'RUN'\nStatement: RUN SCRIPT 'foo';");
  CHECK(
      textOf("CREATE STREAM S (K DOUBLE (KEY));") ==
      "line 1:28: Syntax Error\nExpecting {'STRING', INTEGER_VALUE}\nStatement: CREATE STREAM S (K "
      "DOUBLE (KEY));");
  CHECK(textOf("SELECT CAST(a AS NULL);").find("Syntax error at or near 'NULL' at line 1:18") !=
        std::string::npos);
  CHECK(textOf("SELECT 9223372036854775808;") ==
        "Failed to prepare statement: line 1:9: Invalid numeric literal: 9223372036854775808");
}

TEST_CASE("An error is shown with its line and a caret") {
  const std::string source = "SHOW TABLES;\n\tSELECT \xC3\xA9\xC3\xA9, wrong\r\nFROM s;";
  const auto begin = static_cast<std::uint32_t>(source.find("wrong"));
  const Span span{begin, begin + 5, 2, 13};
  CHECK(renderError("no such column", span, source, "a.sql") ==
        "a.sql:2:13: no such column\n\tSELECT \xC3\xA9\xC3\xA9, wrong\n\t           ^^^^^");
  CHECK(renderError("x", span, source, "").starts_with("2:13: x\n"));
  // A place behind the last character still gets a caret.
  CHECK(renderError("x", Span{7, 7, 1, 8}, "SELECT ", "") == "1:8: x\nSELECT \n       ^");
  CHECK(renderError("x", Span{99, 100, 1, 100}, "SELECT", "") == "1:100: x");
  CHECK(renderError("x", Span{0, 0, 1, 1}, "", "") == "1:1: x\n\n^");
}

TEST_CASE("Only a part of a very long line is shown") {
  const std::string source = std::string(5000, 'a') + "!" + std::string(5000, 'b');
  const std::string shown = renderError("x", Span{5000, 5001, 1, 5001}, source, "");
  CHECK(shown.size() < 400);
  const auto caret = shown.rfind('^');
  const auto lastLine = shown.rfind('\n');
  const auto lineBefore = shown.rfind('\n', lastLine - 1);
  CHECK(shown[lineBefore + (caret - lastLine)] == '!');
}

}  // namespace
}  // namespace auspex::parser
