// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/unit/operators/formats/FormatCases.h"

using namespace auspex::operators;

TEST_CASE("formats are found by name, ignoring case") {
  CHECK(findFormat("json")->name() == "JSON");
  CHECK(findFormat("Delimited")->name() == "DELIMITED");
  CHECK(findFormat("FOO") == nullptr);
  CHECK(findFormat("") == nullptr);
  CHECK(formatNames() ==
        std::vector<std::string>{"DELIMITED", "JSON", "KAFKA", "NONE", "PROTOBUF_NOSR"});
}

TEST_CASE("schemas and options that a format cannot take are refused in ksqlDB's words") {
  struct Case {
    std::string format;
    std::vector<SchemaColumn> columns;
    FormatOptions options;
    std::string message;
  };
  const SqlType nested = SqlType::array(SqlType::doubleType());
  FormatOptions wrapped;
  wrapped.wrapSingleValue = true;
  FormatOptions badDelimiter;
  badDelimiter.delimiter = "ab";
  const Case cases[] = {
      {"NONE",
       {{"K", SqlType::string(), true}},
       {},
       "The 'NONE' format can only be used when no columns are defined. Got: [`K` STRING KEY]"},
      {"KAFKA",
       {{"K", SqlType::boolean(), true}},
       {},
       "The 'KAFKA' format does not support type 'BOOLEAN'"},
      {"KAFKA", {{"K", nested}}, {}, "The 'KAFKA' format does not support type 'ARRAY'"},
      {"KAFKA",
       {{"F1", SqlType::integer(), true}, {"F2", SqlType::integer(), true}},
       {},
       "The 'KAFKA' format only supports a single field. Got: [`F1` INTEGER KEY, `F2` INTEGER "
       "KEY]"},
      {"DELIMITED",
       {{"K", nested}},
       {},
       "The 'DELIMITED' format does not support type 'ARRAY', column: `K`"},
      {"DELIMITED",
       {{"K", SqlType::string()}},
       wrapped,
       "Format 'DELIMITED' does not support 'WRAP_SINGLE_VALUE' set to 'true'."},
      {"KAFKA",
       {{"K", SqlType::string()}},
       wrapped,
       "Format 'KAFKA' does not support 'WRAP_SINGLE_VALUE' set to 'true'."},
      {"DELIMITED",
       {{"K", SqlType::string()}},
       badDelimiter,
       "Invalid delimiter value: 'ab'. Delimiter must be a single character or TAB,SPACE"},
      {"JSON",
       {{"K", SqlType::array(SqlType::map(SqlType::integer(), SqlType::string()))}},
       {},
       "JSON only supports MAP types with STRING keys"},
  };
  for (const Case& test : cases) {
    CAPTURE(test.message);
    std::string message;
    try {
      findFormat(test.format)->check(test.columns, test.options);
    } catch (const FormatError& error) {
      message = error.what();
    }
    CHECK(message == test.message);
  }
}

TEST_CASE("NONE reads nothing and writes nothing") {
  CHECK(decodeTexts("NONE", {}, {"x", std::nullopt}).errors.empty());
  CHECK(encodeRows("NONE", {}, {}) == std::vector<std::string>{"<absent>"});
}
