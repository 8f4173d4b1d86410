// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>

#include "operators/data/Value.h"
#include "operators/formats/delimited/CsvLine.h"
#include "tests/unit/operators/formats/FormatCases.h"

using namespace auspex::operators;

namespace {

const std::vector<SchemaColumn> kTwoColumns = {{"A", SqlType::string()}, {"B", SqlType::integer()}};

}  // namespace

TEST_CASE("lines are cut into fields by the rules of CSV") {
  struct Case {
    std::string line;
    std::vector<std::string> fields;  // empty: an error
  };
  const Case cases[] = {
      {"a,b", {"a", "b"}},
      {"a,", {"a", ""}},
      {",", {"", ""}},
      {"a", {"a"}},
      {" a , b", {" a ", " b"}},
      {"\"a,b\",c", {"a,b", "c"}},
      {"\"a\"\"b\",c", {"a\"b", "c"}},
      {"\"\",c", {"", "c"}},
      {"\"\"\"\"", {"\""}},
      {"\"a\" ,c", {"a", "c"}},
      {"\"a\nb\",c", {"a\nb", "c"}},
      {"a\"b,c", {"a\"b", "c"}},
      {"a,b\nc,d", {"a", "b"}},
      {"\r\n\na,b\r\n", {"a", "b"}},
      {"", {}},
      {"\n\n", {}},
      {"\"a", {}},
      {"\"a\"b,c", {}},
      {"a,\"", {}},
  };
  for (const Case& test : cases) {
    CAPTURE(test.line);
    Arena arena;
    std::vector<std::string_view> fields;
    const std::string problem = cutCsvLine(test.line, ',', arena, fields);
    CHECK(problem.empty() == !test.fields.empty());
    if (problem.empty()) {
      CHECK(std::vector<std::string>(fields.begin(), fields.end()) == test.fields);
    }
  }
}

TEST_CASE("fields are quoted only where needed") {
  const auto written = [](const std::string& field, bool isFirst) {
    std::string out(csvFieldBound(field.size()), ' ');
    out.resize(static_cast<size_t>(writeCsvField(out.data(), field, ',', isFirst) - out.data()));
    return out;
  };
  CHECK(written("abc", true) == "abc");
  CHECK(written("a b", false) == "a b");
  CHECK(written("a,b", false) == "\"a,b\"");
  CHECK(written("a\"b", false) == "\"a\"\"b\"");
  CHECK(written("a\nb", false) == "\"a\nb\"");
  CHECK(written("a ", false) == "\"a \"");
  CHECK(written(" a", false) == "\" a\"");
  CHECK(written("#a", false) == "\"#a\"");
  CHECK(written("-1", true) == "\"-1\"");
  CHECK(written("", true) == "\"\"");
  CHECK(written("", false) == "");
  CHECK(written("\xc3\xa4", true) == "\"\xc3\xa4\"");
  CHECK(written("\xc3\xa4", false) == "\xc3\xa4");
}

TEST_CASE("DELIMITED values by type") {
  struct Case {
    SqlType type;
    std::string field;
    std::string json;  // empty: an error
  };
  const Case cases[] = {
      {SqlType::boolean(), "tRue", "true"},
      {SqlType::boolean(), "yes", "false"},
      {SqlType::integer(), "-12", "-12"},
      {SqlType::integer(), "1.5", ""},
      {SqlType::integer(), "2147483648", ""},
      {SqlType::bigint(), "2147483648", "2147483648"},
      {SqlType::doubleType(), "1e3", "1000.0"},
      {SqlType::doubleType(), " 2.5", "2.5"},
      {SqlType::doubleType(), "x", ""},
      {SqlType::decimal(4, 2), "12.3", "12.30"},
      {SqlType::decimal(4, 2), "1.234", ""},
      {SqlType::string(), "\"a,b\"", "\"a,b\""},
      {SqlType::string(), "x\xff", "\"x\xef\xbf\xbd\""},
      {SqlType::bytes(), "AQI=", "\"AQI=\""},
      {SqlType::bytes(), "A", ""},
      {SqlType::time(), "1000", "1000"},
      {SqlType::date(), "1", "1"},
      {SqlType::timestamp(), "1700000000000", "1700000000000"},
  };
  for (const Case& test : cases) {
    CAPTURE(test.field);
    const std::string result = decodeOne("DELIMITED", test.type, test.field, {});
    CHECK((test.json.empty() ? result.find("Can't convert type") != std::string::npos
                             : result == test.json));
  }
}

TEST_CASE("DELIMITED rows: NULL is empty, one bad field fails the row") {
  const Decoded decoded = decodeTexts(
      "DELIMITED", kTwoColumns, {"x,1", ",", std::nullopt, "y,zz", "a,1,2", "b", "", "z,3\r\n"});
  CHECK(decoded.rows == std::vector<std::string>{"[\"x\",1]", "[null,null]", "[null,null]",
                                                 "[null,null]", "[null,null]", "[null,null]",
                                                 "[null,null]", "[\"z\",3]"});
  REQUIRE(decoded.errors.size() == 4);
  CHECK(decoded.errors[0].row == 3);
  CHECK(decoded.errors[0].message ==
        "Error deserializing delimited row: Can't convert type. sourceType: String, requiredType: "
        "INTEGER, column: `B`");
  CHECK(decoded.errors[1].message ==
        "Error deserializing delimited row: Unexpected field count, csvFields:3 schemaFields:2");
  CHECK(decoded.errors[2].row == 5);
  CHECK(decoded.errors[3].message == "Error deserializing delimited row: No fields in record");
}

TEST_CASE("DELIMITED decodes used columns only") {
  const auto decoder = findFormat("DELIMITED")->makeDecoder(kTwoColumns, {true, false}, {});
  const Decoded decoded = decodeTexts(*decoder, {"x,not a number", "y,2"});
  CHECK(decoded.errors.empty());
  CHECK(decoded.columns[1] == nullptr);
  CHECK(decoded.rows == std::vector<std::string>{"[\"x\"]", "[\"y\"]"});
}

TEST_CASE("delimiters are one character, SPACE or TAB") {
  FormatOptions options;
  for (const auto& [option, line] : std::vector<std::pair<std::string, std::string>>{
           {"", "a,1"}, {"TAB", "a\t1"}, {"SPACE", "a 1"}, {"$", "a$1"}}) {
    options.delimiter = option;
    CHECK(decodeTexts("DELIMITED", kTwoColumns, {line}, options).rows ==
          std::vector<std::string>{"[\"a\",1]"});
    const std::vector<ColumnPtr> columns = {
        makeConstant(SqlType::string(), Value{std::string("a")}, 1),
        makeConstant(SqlType::integer(), Value{1}, 1)};
    CHECK(encodeRows("DELIMITED", kTwoColumns, columns, options) == std::vector<std::string>{line});
  }
}

TEST_CASE("DELIMITED writes NULL as an empty field, and nothing for a single NULL") {
  const std::vector<ColumnPtr> nulls = {Column::makeNulls(SqlType::string(), 1),
                                        Column::makeNulls(SqlType::integer(), 1)};
  CHECK(encodeRows("DELIMITED", kTwoColumns, nulls) == std::vector<std::string>{","});
  CHECK(encodeRows("DELIMITED", {kTwoColumns[0]}, {nulls[0]}) ==
        std::vector<std::string>{"<absent>"});
}

TEST_CASE("what DELIMITED writes it reads") {
  std::mt19937_64 random(5);
  const std::string alphabet = "ab,\" \n\r\t#\xc3\xa4-\\";
  for (int round = 0; round < 2000; ++round) {
    std::vector<Value> values(2);
    for (Value& value : values) {
      std::string text;
      for (size_t i = 1 + random() % 6; i > 0; --i) {
        const size_t at = random() % (alphabet.size() - 1);
        text += alphabet[at] == '\xc3' || alphabet[at] == '\xa4' ? "\xc3\xa4"
                                                                 : std::string(1, alphabet[at]);
      }
      value = Value{text};
    }
    const std::vector<SchemaColumn> schema = {{"A", SqlType::string()}, {"B", SqlType::string()}};
    const std::vector<ColumnPtr> columns = {makeColumn(SqlType::string(), {&values[0], 1}),
                                            makeColumn(SqlType::string(), {&values[1], 1})};
    const std::vector<std::string> lines = encodeRows("DELIMITED", schema, columns);
    CAPTURE(lines[0]);
    const Decoded decoded = decodeTexts("DELIMITED", schema, {lines[0]});
    REQUIRE(decoded.errors.empty());
    CHECK(valueAt(*decoded.columns[0], 0) == values[0]);
    CHECK(valueAt(*decoded.columns[1], 0) == values[1]);
  }
}
