// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "operators/data/Value.h"
#include "tests/unit/operators/formats/FormatCases.h"

using namespace auspex::operators;

TEST_CASE("KAFKA reads and writes what Kafka's serializers do") {
  struct Case {
    SqlType type;
    Value value;
    std::string bytes;
    std::string json;
  };
  const Case cases[] = {
      {SqlType::integer(), Value{int32_t{258}}, std::string("\0\0\1\2", 4), "258"},
      {SqlType::integer(), Value{int32_t{-1}}, "\xff\xff\xff\xff", "-1"},
      {SqlType::bigint(), Value{int64_t{1} << 40}, std::string("\0\0\1\0\0\0\0\0", 8),
       "1099511627776"},
      {SqlType::doubleType(), Value{1.5}, std::string("\x3f\xf8\0\0\0\0\0\0", 8), "1.5"},
      {SqlType::string(), Value{std::string("grün")}, "grün", "\"grün\""},
      {SqlType::string(), Value{std::string()}, "", "\"\""},
      {SqlType::bytes(), Value{std::string("\xff\x01", 2)}, "\xff\x01", "\"/wE=\""},
  };
  for (const Case& test : cases) {
    CAPTURE(test.json);
    const std::vector<SchemaColumn> schema = {{"K", test.type, true}};
    FormatOptions options;
    options.isKey = true;
    CHECK(decodeOne("KAFKA", test.type, test.bytes, options) == test.json);
    CHECK(encodeRows("KAFKA", schema, {makeConstant(test.type, test.value, 1)}, options) ==
          std::vector<std::string>{test.bytes});
  }
}

TEST_CASE("KAFKA: absent is NULL both ways, a wrong size is an error") {
  const std::vector<SchemaColumn> schema = {{"K", SqlType::bigint(), true}};
  const Decoded decoded =
      decodeTexts("KAFKA", schema, {std::nullopt, "1234567", "", std::string(8, '\0')});
  CHECK(decoded.rows == std::vector<std::string>{"[null]", "[null]", "[null]", "[0]"});
  REQUIRE(decoded.errors.size() == 2);
  CHECK(decoded.errors[0].row == 1);
  CHECK(decoded.errors[0].message == "Size of data received by LongDeserializer is not 8, but 7");
  CHECK(decoded.errors[1].row == 2);
  CHECK(encodeRows("KAFKA", schema, {Column::makeNulls(SqlType::bigint(), 2)}) ==
        std::vector<std::string>{"<absent>", "<absent>"});
}

TEST_CASE("KAFKA: malformed UTF-8 becomes the replacement character") {
  CHECK(decodeOne("KAFKA", SqlType::string(), "a\xff", {}) == "\"a\xef\xbf\xbd\"");
}

TEST_CASE("KAFKA: an unused column is not decoded") {
  const std::vector<SchemaColumn> schema = {{"K", SqlType::bigint(), true}};
  const auto decoder = findFormat("KAFKA")->makeDecoder(schema, {false}, {});
  const Decoded decoded = decodeTexts(*decoder, {"wrong"});
  CHECK(decoded.columns == std::vector<ColumnPtr>{nullptr});
  CHECK(decoded.errors.empty());
}
