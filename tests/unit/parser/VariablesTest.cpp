// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

const Variables kVariables = {
    {"NAME", "payments"},     {"quoted", "`Pay`"},     {"number", "42"},  {"negative", "-1.5"},
    {"text", "'it''s'"},      {"plain", "it's"},       {"two", "a b"},    {"open", "'x"},
    {"statement", "a; DROP"}, {"nested", "${number}"}, {"word", "TABLE"}, {"comment", "a -- b"}};

std::string printed(const std::string& text) {
  try {
    return print(parse(text, kVariables).at(0).statement);
  } catch (const SyntaxError& error) {
    return error.message();
  }
}

TEST_CASE("A variable stands for one token") {
  CHECK(printed("SELECT * FROM ${name};") == "SELECT * FROM PAYMENTS");
  CHECK(printed("SELECT * FROM ${NAME} ${quoted};") == "SELECT * FROM PAYMENTS AS `Pay`");
  CHECK(printed("SELECT ${number} + ${negative}, ${text} FROM s;") ==
        "SELECT 42 + -1.5, 'it''s' FROM S");
  CHECK(printed("CREATE STREAM s WITH (a=${negative}, b=${text});") ==
        "CREATE STREAM S WITH (A=-1.5, B='it''s')");
  CHECK(printed("DROP ${word} t;") == "DROP TABLE T");
}

TEST_CASE("A variable is text inside a string or quoted name") {
  CHECK(printed("SELECT '<${plain}>', `x ${number}` FROM s;") == "SELECT '<it''s>', `x 42` FROM S");
  CHECK(printed("SELECT '${unknown} $${number} ${ $ {' FROM s;") ==
        "SELECT '$${unknown} $${number} $${ $ {' FROM S");
  const auto parsed = parse("SET 'a' = '$${number}';", kVariables);
  CHECK(std::get<SetProperty>(parsed[0].statement.node).value == "${number}");
}

TEST_CASE("A variable brings no more than a token into a statement") {
  CHECK(printed("SELECT ${two} FROM s;") ==
        "The value of variable 'two' is not one name, string or number: a b");
  CHECK(printed("SELECT ${open} FROM s;") ==
        "The value of variable 'open' is not one name, string or number: 'x");
  CHECK(printed("SELECT * FROM ${statement};") ==
        "The value of variable 'statement' is not one name, string or number: a; DROP");
  CHECK(printed("SELECT ${nested} FROM s;") ==
        "The value of variable 'nested' is not one name, string or number: ${number}");
  // What a comment hides is not there.
  CHECK(printed("SELECT ${comment} FROM s;") == "SELECT A FROM S");
}

TEST_CASE("An unknown variable is an error where it stands") {
  try {
    parse("SELECT a\nFROM ${nmae};", kVariables);
    FAIL("parsed");
  } catch (const SyntaxError& error) {
    CHECK(error.message() ==
          "Undefined variable: 'nmae'. DEFINE nmae = '...'; sets it, SHOW VARIABLES lists those "
          "that are set.");
    CHECK(error.span().line == 2);
    CHECK(error.span().column == 6);
    CHECK(error.span().end - error.span().begin == 7);
  }
}

TEST_CASE("The text of a statement holds the values") {
  const auto parsed =
      parse("/* c */ SELECT ${number} -- x\n, 'a${plain}' FROM ${name} -- y\n;", kVariables);
  CHECK(parsed[0].text == "SELECT 42 -- x\n, 'ait''s' FROM payments");
  CHECK(parse(parsed[0].text + ";").size() == 1);
}

TEST_CASE("DEFINE takes effect for what follows, UNDEFINE ends it") {
  const auto parsed = parse(
      "DEFINE t = 'one'; SELECT * FROM ${T}; DEFINE t = 'two'; SELECT * FROM ${t}; UNDEFINE t;");
  REQUIRE(parsed.size() == 5);
  CHECK(print(parsed[1].statement) == "SELECT * FROM ONE");
  CHECK(print(parsed[3].statement) == "SELECT * FROM TWO");
  CHECK_THROWS_AS(parse("DEFINE t = 'one'; UNDEFINE t; SELECT * FROM ${t};"), SyntaxError);
}

}  // namespace
}  // namespace auspex::parser
