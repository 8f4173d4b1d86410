// SPDX-License-Identifier: Apache-2.0
// Random texts: each ends in trees that print and parse again, or in a SyntaxError inside the text.
#include <random>

#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

constexpr std::uint32_t kSeed = 20240611;

const std::vector<std::string> kPieces = {
    "SELECT",   "FROM",    "WHERE",   "a",        "b",       "s",      "t",         "*",
    "(",        ")",       ",",       "+",        "-",       "=",      "<",         ">",
    "1",        "2.5",     "1e3",     "'x'",      "`q`",     "->",     "=>",        ":=",
    "[",        "]",       "||",      "AND",      "OR",      "NOT",    "IN",        "BETWEEN",
    "LIKE",     "IS",      "NULL",    "CASE",     "WHEN",    "THEN",   "END",       "CAST",
    "AS",       "INT",     "ARRAY",   "MAP",      "STRUCT",  "CREATE", "STREAM",    "TABLE",
    "WITH",     "VALUES",  "INSERT",  "INTO",     "JOIN",    "ON",     "WITHIN",    "WINDOW",
    "TUMBLING", "SIZE",    "SECONDS", "GROUP",    "BY",      "EMIT",   "CHANGES",   "MODEL",
    "ALTER",    "DROP",    "SHOW",    "DESCRIBE", "EXPLAIN", "OVER",   "ROWS",      "PRECEDING",
    "f(",       "x =>",    "${v}",    "KEY",      "DECIMAL", "LIMIT",  "PARTITION", "SPLIT",
    ";",        "/* c */", "-- c\n"};

/// Parses; whatever parses must print and parse again to the same text.
void check(const std::string& text) {
  CAPTURE(text);
  std::vector<ParsedStatement> statements;
  try {
    statements = parse(text, {{"v", "value"}});
  } catch (const SyntaxError& error) {
    CHECK(error.span().begin <= error.span().end);
    CHECK(error.span().end <= text.size());
    CHECK_FALSE(renderError(error.message(), error.span(), text, "f.sql").empty());
    return;
  }
  for (const ParsedStatement& statement : statements) {
    const std::string printed = print(statement.statement);
    CAPTURE(printed);
    std::string again;
    try {
      again = print(parse(printed + ";").at(0).statement);
    } catch (const SyntaxError& error) {
      again = error.what();
    }
    CHECK(again == printed);
    CHECK(isComplete(text));
  }
}

TEST_CASE("Random bytes") {
  std::mt19937 random(kSeed);
  for (int round = 0; round < 5000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& letter : text) {
      letter = static_cast<char>(random() % 256);
    }
    check(text);
  }
}

TEST_CASE("Random words of the dialect") {
  MESSAGE("seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 8000; ++round) {
    std::string text;
    const auto numPieces = 1 + random() % 14;
    for (std::size_t i = 0; i < numPieces; ++i) {
      text += kPieces[random() % kPieces.size()] + (random() % 8 == 0 ? "" : " ");
    }
    check(text + ";");
  }
}

TEST_CASE("Statements with a piece changed, lost or doubled") {
  const std::vector<std::string> statements = {
      "CREATE STREAM s ( id VARCHAR KEY , v ARRAY<INT> ) WITH ( KAFKA_TOPIC = 't' ) ;",
      "CREATE TABLE t AS SELECT a , COUNT ( * ) AS n FROM s WINDOW TUMBLING ( SIZE 5 SECONDS ) "
      "WHERE "
      "a > 1 GROUP BY a HAVING n > 2 EMIT CHANGES ;",
      "SELECT x . a , y . * FROM s x LEFT JOIN t y WITHIN ( 1 DAY , 2 DAYS ) GRACE PERIOD 1 DAY ON "
      "x "
      ". a = y . a AND TRUE ;",
      "CREATE MODEL m ( a DOUBLE , c VARCHAR CATEGORIES ( 'x' ) DEFAULT 1 ) RETURNS DOUBLE "
      "TRANSFORM ( "
      "a + 1 AS b ) WITH ( URI = 'u' ) ;",
      "ALTER MODEL m CANARY 3 STEPS ( 1 , 2 ) EVERY '1 DAY' BASED ON k PROMOTE WHEN 'x' ELSE "
      "ROLLBACK "
      ";",
      "SELECT CASE a WHEN 1 THEN f ( x , y => y + 1 ) ELSE ARRAY [ 1 ] [ 1 ] END , MAP ( 'a' := 1 "
      ") , "
      "SUM ( x ) OVER ( PARTITION BY k ROWS 5 PRECEDING ) FROM s ;"};
  std::mt19937 random(kSeed);
  for (int round = 0; round < 6000; ++round) {
    std::string text = statements[random() % statements.size()];
    const auto position = random() % text.size();
    const auto begin = text.rfind(' ', position) + 1;
    const auto end = std::min(text.find(' ', position + 1), text.size());
    switch (random() % 3) {
      case 0:
        text.replace(begin, end - begin, kPieces[random() % kPieces.size()]);
        break;
      case 1:
        text.erase(begin, end - begin);
        break;
      default:
        text.insert(begin, text.substr(begin, end - begin) + " ");
    }
    check(text);
  }
}

}  // namespace
}  // namespace auspex::parser
