// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "operators/data/Value.h"
#include "tests/unit/operators/formats/FormatCases.h"

using namespace auspex::operators;

namespace {

std::string bytesOf(std::initializer_list<int> bytes) {
  std::string result;
  for (const int byte : bytes) {
    result += static_cast<char>(byte);
  }
  return result;
}

const SqlType kStruct = SqlType::structOf({{"X", SqlType::integer()}, {"Y", SqlType::string()}});

}  // namespace

TEST_CASE("PROTOBUF_NOSR reads and writes messages as others do") {
  struct Case {
    SqlType type;
    Value value;
    std::string bytes;
    std::string json;
  };
  const Value::Parts pair = {Value{int32_t{1}}, Value{std::string("a")}};
  const Case cases[] = {
      {SqlType::boolean(), Value{true}, bytesOf({0x08, 1}), "true"},
      {SqlType::integer(), Value{int32_t{150}}, bytesOf({0x08, 0x96, 1}), "150"},
      {SqlType::integer(), Value{int32_t{-1}},
       bytesOf({0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}), "-1"},
      {SqlType::bigint(), Value{int64_t{1} << 40}, bytesOf({0x08, 128, 128, 128, 128, 128, 32}),
       "1099511627776"},
      {SqlType::doubleType(), Value{1.5}, bytesOf({0x09, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F}), "1.5"},
      {SqlType::string(), Value{std::string("testing")}, bytesOf({0x0A, 7}) + "testing",
       "\"testing\""},
      {SqlType::bytes(), Value{std::string("\xff\x01", 2)}, bytesOf({0x0A, 2, 0xFF, 1}),
       "\"/wE=\""},
      {SqlType::decimal(5, 2), Value{Int128{1234}},
       bytesOf({0x0A, 8, 0x0A, 2, 4, 0xD2, 0x10, 5, 0x18, 2}), "12.34"},
      {SqlType::decimal(5, 2), Value{Int128{-128}},
       bytesOf({0x0A, 7, 0x0A, 1, 0x80, 0x10, 5, 0x18, 2}), "-1.28"},
      {SqlType::date(), Value{int32_t{18408}},
       bytesOf({0x0A, 7, 0x08, 0xE4, 0x0F, 0x10, 5, 0x18, 26}), "18408"},
      {SqlType::time(), Value{int32_t{3'661'000}},
       bytesOf({0x0A, 8, 0x08, 1, 0x10, 1, 0x18, 1, 0x20, 0}), "3661000"},
      {SqlType::timestamp(), Value{int64_t{1500}},
       bytesOf({0x0A, 8, 0x08, 1, 0x10, 0x80, 0xCA, 0xB5, 0xEE, 1}), "1500"},
      {SqlType::array(SqlType::integer()),
       Value{Value::Parts{Value{int32_t{1}}, Value{int32_t{2}}}}, bytesOf({0x08, 1, 0x08, 2}),
       "[1,2]"},
      {SqlType::map(SqlType::string(), SqlType::integer()),
       Value{Value::Parts{Value{std::string("a")}, Value{int32_t{1}}}},
       bytesOf({0x0A, 5, 0x0A, 1, 'a', 0x10, 1}), R"({"a":1})"},
      {kStruct, Value{pair}, bytesOf({0x0A, 5, 0x08, 1, 0x12, 1, 'a'}), R"({"X":1,"Y":"a"})"},
  };
  for (const Case& test : cases) {
    CAPTURE(test.json);
    const std::vector<SchemaColumn> schema = {{"V", test.type, false}};
    CHECK(decodeOne("PROTOBUF_NOSR", test.type, test.bytes, {}) == test.json);
    CHECK(encodeRows("PROTOBUF_NOSR", schema, {makeConstant(test.type, test.value, 1)}) ==
          std::vector<std::string>{test.bytes});
  }
}

TEST_CASE("PROTOBUF_NOSR: what is missing is the default of proto3") {
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::integer(), "", {}) == "0");
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::string(), "", {}) == "\"\"");
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::array(SqlType::string()), "", {}) == "[]");
  CHECK(decodeOne("PROTOBUF_NOSR", kStruct, "", {}) == "null");
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::decimal(5, 2), "", {}) == "null");
  const std::vector<SchemaColumn> schema = {{"V", SqlType::integer(), false}};
  CHECK(encodeRows("PROTOBUF_NOSR", schema, {Column::makeNulls(SqlType::integer(), 1)}) ==
        std::vector<std::string>{""});
}

TEST_CASE("PROTOBUF_NOSR: NULL of a scalar, by absence or by a message around each value") {
  struct Case {
    NullableRepresentation nullable;
    SqlType type;
    std::string bytes;
    std::string json;
  };
  constexpr auto kOptional = NullableRepresentation::Optional;
  constexpr auto kWrapper = NullableRepresentation::Wrapper;
  const SqlType list = SqlType::array(SqlType::integer());
  const SqlType map = SqlType::map(SqlType::string(), SqlType::bigint());
  const std::vector<Case> cases = {
      {kOptional, SqlType::integer(), "", "null"},
      {kOptional, SqlType::integer(), bytesOf({0x08, 0}), "0"},
      {kOptional, SqlType::string(), bytesOf({0x0A, 0}), "\"\""},
      {kOptional, list, bytesOf({0x08, 1, 0x08, 2}), "[1,2]"},
      {kOptional, kStruct, bytesOf({0x0A, 2, 0x08, 1}), R"({"X":1,"Y":null})"},
      {kWrapper, SqlType::integer(), "", "null"},
      {kWrapper, SqlType::integer(), bytesOf({0x0A, 2, 0x08, 5}), "5"},
      {kWrapper, SqlType::integer(), bytesOf({0x0A, 2, 0x08, 0}), "0"},
      {kWrapper, list, bytesOf({0x0A, 2, 0x08, 1, 0x0A, 2, 0x08, 2}), "[1,2]"},
      {kWrapper, map, bytesOf({0x0A, 7, 0x0A, 1, 'k', 0x12, 2, 0x08, 3}), R"({"k":3})"},
  };
  for (const Case& test : cases) {
    CAPTURE(test.json);
    FormatOptions options;
    options.nullable = test.nullable;
    const std::vector<SchemaColumn> schema = {{"V", test.type, false}};
    const Decoded decoded = decodeTexts("PROTOBUF_NOSR", schema, {Text(test.bytes)}, options);
    CHECK(decodeOne("PROTOBUF_NOSR", test.type, test.bytes, options) == test.json);
    CHECK(encodeRows("PROTOBUF_NOSR", schema, decoded.columns, options) ==
          std::vector<std::string>{test.bytes});
  }
  FormatOptions wrapped;
  wrapped.nullable = kWrapper;
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::integer(), bytesOf({0x08, 5}), wrapped) ==
        "The bytes are no message of this schema");
}

TEST_CASE("PROTOBUF_NOSR: a single key column is unwrapped, a STRUCT to its own fields") {
  FormatOptions key;
  key.isKey = true;
  const std::string bytes = bytesOf({0x08, 1, 0x12, 1, 'a'});
  CHECK(decodeOne("PROTOBUF_NOSR", kStruct, bytes, key) == R"({"X":1,"Y":"a"})");
  const std::vector<SchemaColumn> schema = {{"K", SqlType::bigint(), true}};
  CHECK(encodeRows("PROTOBUF_NOSR", schema, {Column::makeNulls(SqlType::bigint(), 1)}, key) ==
        std::vector<std::string>{"<absent>"});
}

TEST_CASE("PROTOBUF_NOSR: packed lists, unknown and repeated fields, malformed messages") {
  const SqlType list = SqlType::array(SqlType::integer());
  CHECK(decodeOne("PROTOBUF_NOSR", list, bytesOf({0x0A, 2, 1, 2}), {}) == "[1,2]");
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::integer(), bytesOf({0x08, 1, 0x50, 9, 0x08, 2}), {}) ==
        "2");
  const std::string error = "The bytes are no message of this schema";
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::integer(), bytesOf({0x08}), {}) == error);
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::string(), bytesOf({0x0A, 9, 'a'}), {}) == error);
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::integer(), bytesOf({0x0B, 0}), {}) == error);
  CHECK(decodeOne("PROTOBUF_NOSR", SqlType::date(), bytesOf({0x0A, 4, 0x10, 13, 0x18, 1}), {}) ==
        error);
  const std::vector<SchemaColumn> schema = {{"V", list, false}};
  const std::vector<ColumnPtr> columns = {makeConstant(list, Value{Value::Parts{Value{}}}, 1)};
  Arena arena;
  std::vector<std::optional<std::string_view>> written;
  std::vector<FormatRowError> errors;
  findFormat("PROTOBUF_NOSR")->makeEncoder(schema, {})->encode(columns, 1, arena, written, errors);
  CHECK(errors.size() == 1);
  CHECK_FALSE(written[0]);
  CHECK_THROWS_AS(findFormat("PROTOBUF_NOSR")
                      ->check(std::vector<SchemaColumn>{{"V", SqlType::array(list), false}}, {}),
                  FormatError);
}
