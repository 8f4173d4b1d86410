// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "operators/formats/json/JsonFields.h"
#include "tests/unit/operators/formats/FormatCases.h"

using namespace auspex::operators;

namespace {

std::string mismatch(const std::string& source, const std::string& required,
                     const std::string& path = "$.F") {
  return "Can't convert type. sourceType: " + source + ", requiredType: " + required +
         ", path: " + path;
}

const std::vector<SchemaColumn> kAb = {{"A", SqlType::integer()}, {"B", SqlType::string()}};

std::string repeat(const std::string& text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) {
    result += text;
  }
  return result;
}

}  // namespace

TEST_CASE("a JSON value becomes what the column's type says") {
  struct Case {
    SqlType type;
    std::string value;
    std::string result;  // JSON of the column, or the error
  };
  const SqlType decimal = SqlType::decimal(6, 2);
  const SqlType numbers = SqlType::array(SqlType::integer());
  const SqlType map = SqlType::map(SqlType::string(), SqlType::integer());
  const SqlType record =
      SqlType::structOf({{"X", SqlType::integer()}, {"y", SqlType::array(SqlType::string())}});
  const Case cases[] = {
      {SqlType::boolean(), "true", "true"},
      {SqlType::boolean(), "false", "false"},
      {SqlType::boolean(), "null", "null"},
      {SqlType::boolean(), "\"true\"", mismatch("TextNode", "BOOLEAN")},
      {SqlType::boolean(), "1", mismatch("IntNode", "BOOLEAN")},
      {SqlType::integer(), "12", "12"},
      {SqlType::integer(), "1.9", "1"},
      {SqlType::integer(), "-1.9", "-1"},
      {SqlType::integer(), "4294967297", "1"},
      {SqlType::integer(), "\"12\"", "12"},
      {SqlType::integer(), "\"1.9\"",
       "Can't coerce string to type. targetType: INTEGER, path: $.F"},
      {SqlType::integer(), "\"\"", "Can't coerce string to type. targetType: INTEGER, path: $.F"},
      {SqlType::integer(), "true", mismatch("BooleanNode", "INTEGER")},
      {SqlType::integer(), "{}", mismatch("ObjectNode", "INTEGER")},
      {SqlType::integer(), "[1]", mismatch("ArrayNode", "INTEGER")},
      {SqlType::integer(), "01", "Malformed JSON: not a number, path: $.F"},
      {SqlType::integer(), "tru", "Malformed JSON: unknown word, path: $.F"},
      {SqlType::integer(), "nul", "Malformed JSON: unknown word, path: $.F"},
      {SqlType::bigint(), "9007199254740993", "9007199254740993"},
      {SqlType::bigint(), "\"-5\"", "-5"},
      {SqlType::bigint(), "false", mismatch("BooleanNode", "BIGINT")},
      {SqlType::doubleType(), "1", "1.0"},
      {SqlType::doubleType(), "1e10", "1.0E10"},
      {SqlType::doubleType(), "\"1.5\"", "1.5"},
      {SqlType::doubleType(), "\"NaN\"", "\"NaN\""},
      {SqlType::doubleType(), "\"x\"",
       "Can't coerce string to type. targetType: DOUBLE, path: $.F"},
      {SqlType::doubleType(), "[]", mismatch("ArrayNode", "DOUBLE")},
      {decimal, "12.3", "12.30"},
      {decimal, "\"12.3\"", "12.30"},
      {decimal, "1.234",
       "Cannot fit the value into DECIMAL(6, 2) without rounding or overflow, path: $.F"},
      {decimal, "12345",
       "Cannot fit the value into DECIMAL(6, 2) without rounding or overflow, path: $.F"},
      {decimal, "true", mismatch("BooleanNode", "DECIMAL(6, 2)")},
      {SqlType::string(), "\"x\"", "\"x\""},
      {SqlType::string(), "\"\"", "\"\""},
      {SqlType::string(), "\"a\\n\\u00e9\\\"\\/\"", "\"a\\n\xc3\xa9\\\"/\""},
      {SqlType::string(), "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
      {SqlType::string(), "\"\\x\"", "Malformed JSON: wrong escape in a string, path: $.F"},
      {SqlType::string(), "10", "\"10\""},
      {SqlType::string(), "1.50", "\"1.50\""},
      {SqlType::string(), "1e3", "\"1E+3\""},
      {SqlType::string(), "-0", "\"0\""},
      {SqlType::string(), "01", "Malformed JSON: not a number, path: $.F"},
      {SqlType::string(), "true", "\"true\""},
      {SqlType::string(), "{ \"a\" : [1 , 2e1, 2.0e1], \"b\":\"\\u0041\\n\" }",
       "\"{\\\"a\\\":[1,2E+1,20],\\\"b\\\":\\\"A\\\\n\\\"}\""},
      {SqlType::string(), "{}", "\"{}\""},
      {SqlType::string(), "[1, \"b\\u0063\", null, [true, []], {\"x\": null}]",
       "\"[1, bc, null, [true, []], {\\\"x\\\":null}]\""},
      {SqlType::string(), "[{\"x\": tru}]", mismatch("ArrayNode", "STRING")},
      {SqlType::bytes(), "\"AQI=\"", "\"AQI=\""},
      {SqlType::bytes(), "\"\"", "\"\""},
      {SqlType::bytes(), "\"A\"", "Value is not a valid Base64 encoded string, path: $.F"},
      {SqlType::bytes(), "12", mismatch("IntNode", "BYTES")},
      {SqlType::time(), "1000", "1000"},
      {SqlType::date(), "\"1000\"", "1000"},
      {SqlType::timestamp(), "1700000000000", "1700000000000"},
      {SqlType::timestamp(), "\"2020-01-01\"",
       "Can't coerce string to type. targetType: TIMESTAMP, path: $.F"},
      {numbers, "[1, null, \"3\", 4.5]", "[1,null,3,4]"},
      {numbers, "[]", "[]"},
      {numbers, "null", "null"},
      {numbers, "{}", mismatch("ObjectNode", "ARRAY<INT>")},
      {numbers, "\"[1]\"", mismatch("TextNode", "ARRAY<INT>")},
      {numbers, "[1, true]", mismatch("BooleanNode", "INTEGER", "$.F[1]")},
      {map, "{\"a\": 1, \"b\": null, \"a\": 2}", "{\"a\":2,\"b\":null}"},
      {map, "{\"\\u0061\": 1}", "{\"a\":1}"},
      {map, "{}", "{}"},
      {map, "{\"a\": false}", mismatch("BooleanNode", "INTEGER", "$.F.a.value")},
      {map, "[]", mismatch("ArrayNode", "MAP<VARCHAR, INT>")},
      {record, "{\"x\": 1, \"y\": [\"a\", 2]}", "{\"X\":1,\"y\":[\"a\",\"2\"]}"},
      {record, "{\"x\": 1, \"Y\": []}", "{\"X\":1,\"y\":null}"},
      {record, "{\"x\": [1]}", mismatch("ArrayNode", "INTEGER", "$.F.X")},
      {record, "{\"x\": {\"z\": [{}]}, \"y\": 5}", mismatch("ObjectNode", "INTEGER", "$.F.X")},
      {record, "7", mismatch("IntNode", "STRUCT<X INT, y ARRAY<VARCHAR>>")},
      {SqlType::array(record), "[{\"X\": 1}, {\"X\": 2, \"y\": [1, true, {}]}]",
       "[{\"X\":1,\"y\":null},{\"X\":2,\"y\":[\"1\",\"true\",\"{}\"]}]"},
  };
  FormatOptions bare;
  bare.wrapSingleValue = false;
  for (const Case& test : cases) {
    CAPTURE(test.type.toString());
    CAPTURE(test.value);
    CHECK(decodeOne("JSON", test.type, "{\"F\": " + test.value + "}", {}) == test.result);
    CHECK(decodeOne("JSON", test.type, "{\"Z\":[{}],\"f\":" + test.value + ",\"U\":\"\\n\"}", {}) ==
          test.result);
    // Unwrapped, the same value is the document and the path has no field.
    std::string result = test.result;
    const size_t path = result.find("$.F");
    if (path != std::string::npos) {
      result.erase(path + 1, 2);
    }
    CHECK(decodeOne("JSON", test.type, test.value, bare) == result);
  }
}

TEST_CASE(
    "fields are found by their exact name, else by the upper-cased one, the last one counts") {
  const std::vector<SchemaColumn> schema = {{"AMOUNT", SqlType::integer()},
                                            {"amount", SqlType::integer()},
                                            {"averyverylongnameindeed", SqlType::integer()},
                                            {"exactly16bytes__", SqlType::integer()}};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"amount":1})", "[1,1,null,null]"},
      {R"({"AMOUNT":1})", "[1,null,null,null]"},
      {R"({"Amount":1})", "[1,null,null,null]"},
      {R"({"AMOUNT":1,"amount":2})", "[1,2,null,null]"},
      {R"({"amount":2,"AMOUNT":1})", "[1,2,null,null]"},
      {R"({"amount":2,"Amount":3})", "[3,2,null,null]"},
      {R"({"AMOUNT":1,"AMOUNT":2})", "[2,null,null,null]"},
      {R"({"AMOUNT":true,"AMOUNT":2})", "[2,null,null,null]"},
      {R"({"AMOUNT":null,"Amount":5})", "[null,null,null,null]"},
      {R"({"AMOUN":1,"AMOUNTS":2,"":3})", "[null,null,null,null]"},
      {R"({"averyverylongnameindeed":1,"AVERYVERYLONGNAMEINDEED":2})", "[null,null,1,null]"},
      {R"({"exactly16bytes__":4, "exactly16bytes_":5})", "[null,null,null,4]"},
      {R"({"\u0041MOUNT":6})", "[6,null,null,null]"},
      {R"({"\x":6})", "[null,null,null,null]"},
      {R"({})", "[null,null,null,null]"},
      {R"(null)", "[null,null,null,null]"},
      {"  {\n\t\"AMOUNT\"\r\n:\t1 , \"x\" : { } }  \n", "[1,null,null,null]"},
  };
  std::vector<Text> all;
  std::vector<std::string> rows;
  for (const auto& written : cases) {
    const auto& [document, row] = written;
    CAPTURE(written.first);
    const Decoded decoded = decodeTexts("JSON", schema, {document});
    CHECK(decoded.errors.empty());
    CHECK(decoded.rows[0] == row);
    for (int i = 0; i < 2; ++i) {  // twice in a row: guessed from the one before
      all.push_back(document);
      rows.push_back(row);
    }
  }
  CHECK(decodeTexts("JSON", schema, all).rows == rows);
}

TEST_CASE("a broken document is an error and leaves its neighbours alone") {
  const std::vector<std::string> broken = {
      "",
      " \n",
      "{",
      "{\"A\"",
      "{\"A\":",
      "{\"A\":1",
      "{\"A\":1,",
      "{\"A\":1,}",
      "{\"A\":1]",
      "{\"A\" 1}",
      "{A:1}",
      "{\"A\":1 \"B\":2}",
      "{\"A\":1,\"B\":\"x}",
      "{\"A\":1,\"B\":\"x\\\"}",
      "{\"A\":1}}",
      "{\"A\":1} x",
      "{\"A\":1}{\"A\":2}",
      "{\"A\":1,\"Z\":[1,2}",
      "{\"A\":1,\"Z\":[1 2]}",
      "{\"A\":1,\"Z\":{\"a\":1,}}",
      "{\"A\":1,\"Z\":?}",
      "{\"A\":1,\"Z\":\"a\nb\"}",
      "{\"A\":1,\"Z\":\"\xff\"}",
      "{\"A\":1}\xc3",
      "\\",
      "{\"A\":1}\\",
      "\"",
      "}",
      "]",
      "1",
      "\"text\"",
      "[1,2]",
      "true",
      "nul",
      std::string("{\"A\":1}\0", 8),
      std::string("\0", 1),
      "{\"A\":1,\"Z\":" + repeat("[", kMaxJsonDepth + 1) + repeat("]", kMaxJsonDepth + 1) + "}",
      "{\"A\":1,\"Z\":" + repeat("[", 100000),
  };
  const std::string good = R"({"A":7,"B":"g\u006fod"})";
  for (const std::string& document : broken) {
    CAPTURE(document);
    const Decoded decoded = decodeTexts("JSON", kAb, {good, document, good, document, good});
    REQUIRE(decoded.errors.size() == 2);
    CHECK(decoded.errors[0].row == 1);
    CHECK(decoded.errors[1].row == 3);
    const std::string row = "[7,\"good\"]";
    CHECK(decoded.rows == std::vector<std::string>{row, "[null,null]", row, "[null,null]", row});
    // The pieces of a document in two messages must not make one row.
    const size_t half = 1 + document.size() % (good.size() - 1);
    const Decoded pieces =
        decodeTexts("JSON", kAb, {good.substr(0, half), good.substr(half), document});
    CHECK(pieces.rows == std::vector<std::string>(3, "[null,null]"));
  }
}

TEST_CASE("every truncation of a document is an error") {
  const std::string whole = R"({"A":12,"B":"x\n","C":[1,{"d":null}],"E":true,"F":-1.5e3})";
  std::vector<Text> pieces;
  for (size_t size = 0; size < whole.size(); ++size) {
    pieces.push_back(whole.substr(0, size));
  }
  CHECK(decodeTexts("JSON", kAb, pieces).errors.size() == whole.size());
  CHECK(decodeTexts("JSON", kAb, {whole}).rows[0] == "[12,\"x\\n\"]");
}

TEST_CASE("nesting is read up to its limit") {
  const std::string deep = repeat("[", kMaxJsonDepth - 1) + repeat("]", kMaxJsonDepth - 1);
  const Decoded decoded = decodeTexts("JSON", kAb, {"{\"A\":1,\"Z\":" + deep + "}"});
  CHECK(decoded.errors.empty());
  CHECK(decoded.rows[0] == "[1,null]");
}

TEST_CASE("absent messages are NULL without an error") {
  const Decoded decoded =
      decodeTexts("JSON", kAb, {std::nullopt, R"({"A":1,"B":"x"})", std::nullopt});
  CHECK(decoded.errors.empty());
  CHECK(decoded.rows == std::vector<std::string>{"[null,null]", "[1,\"x\"]", "[null,null]"});
  CHECK(decodeTexts("JSON", kAb, {}).rows.empty());
}

TEST_CASE("errors come once per row, the first field of the schema first, in row order") {
  const Decoded decoded = decodeTexts(
      "JSON",
      {{"A", SqlType::integer()},
       {"B", SqlType::integer()},
       {"C", SqlType::array(SqlType::integer())}},
      {R"({"B":1,"C":[1]})", R"({"A":1,"B":true,"C":[true]})", "{", R"({"C":7,"B":[],"A":{}})"});
  REQUIRE(decoded.errors.size() == 3);
  CHECK(decoded.errors[0].row == 1);
  CHECK(decoded.errors[0].message == mismatch("BooleanNode", "INTEGER", "$.B"));
  CHECK(decoded.errors[1].row == 2);
  CHECK(decoded.errors[2].message == mismatch("ObjectNode", "INTEGER", "$.A"));
  CHECK(decoded.rows == std::vector<std::string>{"[null,1,[1]]", "[null,null,null]",
                                                 "[null,null,null]", "[null,null,null]"});
}

TEST_CASE("a document of another kind fails wrapped columns") {
  const std::vector<SchemaColumn> schema = {{"A", SqlType::integer()}, {"B", SqlType::string()}};
  CHECK(decodeTexts("JSON", schema, {"[1]"}).errors[0].message ==
        mismatch("ArrayNode", "STRUCT<A INT, B VARCHAR>", "$"));
  CHECK(decodeTexts("JSON", schema, {""}).errors[0].message ==
        mismatch("MissingNode", "STRUCT<A INT, B VARCHAR>", "$"));
}

TEST_CASE("a single key column is bare, several are fields") {
  FormatOptions key;
  key.isKey = true;
  CHECK(decodeTexts("JSON", {{"K", SqlType::string(), true}}, {"\"a\"", "null", "12"}, key).rows ==
        std::vector<std::string>{"[\"a\"]", "[null]", "[\"12\"]"});
  CHECK(decodeTexts("JSON", {{"K", SqlType::structOf({{"X", SqlType::integer()}}), true}},
                    {R"({"x":3})"}, key)
            .rows[0] == "[{\"X\":3}]");
  CHECK(decodeTexts("JSON", {{"K", SqlType::string(), true}, {"L", SqlType::integer(), true}},
                    {R"({"K":"a","L":2})"}, key)
            .rows[0] == "[\"a\",2]");
}

TEST_CASE("only used columns are decoded, but every document is checked") {
  const auto decoder = findFormat("JSON")->makeDecoder(kAb, {false, true}, {});
  const Decoded decoded = decodeTexts(*decoder, {R"({"A":"no number","B":"x"})", R"({"B":"y")"});
  CHECK(decoded.columns[0] == nullptr);
  CHECK(decoded.rows == std::vector<std::string>{"[\"x\"]", "[null]"});
  CHECK(decoded.errors.size() == 1);
  const auto none = findFormat("JSON")->makeDecoder(kAb, {false, false}, {});
  CHECK(decodeTexts(*none, {"{}", "{"}).errors.size() == 1);
}

TEST_CASE("batches of many chunks and huge documents come out whole") {
  std::vector<Text> documents;
  std::vector<std::string> rows;
  for (int i = 0; i < 3000; ++i) {
    const std::string number = std::to_string(i);
    const std::string filler(i % 500 == 7 ? 200000 : static_cast<size_t>(i % 50), 'z');
    const bool broken = i % 700 == 3;
    documents.push_back("{\"Z\":\"" + filler + "\",\"A\":" + number + ",\"B\":\"b" + number +
                        (i % 100 == 0 ? "\\t" : "") + (broken ? "" : "\"}"));
    rows.push_back(broken ? "[null,null]"
                          : "[" + number + ",\"b" + number + (i % 100 == 0 ? "\\t" : "") + "\"]");
  }
  const auto decoder = findFormat("JSON")->makeDecoder(kAb, {true, true}, {});
  for (int round = 0; round < 2; ++round) {
    const Decoded decoded = decodeTexts(*decoder, documents);
    CHECK(decoded.errors.size() == 5);
    CHECK(decoded.rows == rows);
  }
}
