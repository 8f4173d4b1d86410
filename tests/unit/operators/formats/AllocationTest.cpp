// SPDX-License-Identifier: Apache-2.0
// What a batch costs in allocations: a constant, whatever its number of rows.
#include <doctest/doctest.h>

#include "operators/data/RowCodec.h"
#include "operators/data/Value.h"
#include "tests/unit/operators/formats/CountedAllocations.h"
#include "tests/unit/operators/formats/FormatCases.h"

using namespace auspex::operators;

namespace {

const std::vector<SchemaColumn> kSchema = {
    {"ID", SqlType::string()},    {"AMOUNT", SqlType::doubleType()},
    {"COUNT", SqlType::bigint()}, {"AGE", SqlType::integer()},
    {"PAID", SqlType::boolean()}, {"PRICE", SqlType::decimal(10, 2)}};

std::vector<std::string> documents(size_t numRows) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < numRows; ++i) {
    const std::string number = std::to_string(i);
    texts.push_back("{\"id\":\"payment-of-a-longer-name-" + number + "\",\"amount\":" + number +
                    ".25,\"unused\":[1,{\"a\":2}],\"count\":" + number + ",\"age\":\"" + number +
                    "\",\"paid\":" + (i % 2 == 0 ? "true" : "null") + ",\"price\":" + number +
                    ".5}");
  }
  return texts;
}

/// Allocations of one batch of `numRows` rows once the decoder is warm.
size_t allocationsToDecode(const std::string& format, size_t numRows) {
  std::vector<std::string> texts = documents(numRows);
  if (format == "DELIMITED") {
    for (std::string& text : texts) {
      text = "a-name-that-no-small-string-holds,1.5,2,3,true,4.25";
    }
  }
  const std::vector<std::optional<std::string_view>> data(texts.begin(), texts.end());
  const auto decoder =
      findFormat(format)->makeDecoder(kSchema, std::vector<bool>(kSchema.size(), true), {});
  std::vector<ColumnPtr> columns;
  std::vector<FormatRowError> errors;
  for (int warm = 0; warm < 2; ++warm) {
    decoder->decode(data, nullptr, columns, errors);
  }
  columns.reserve(kSchema.size());
  const size_t before = numAllocations();
  decoder->decode(data, nullptr, columns, errors);
  const size_t after = numAllocations();
  CHECK(errors.empty());
  return after - before;
}

}  // namespace

TEST_CASE("decoding allocates per batch, never per row") {
  for (const std::string format : {"JSON", "DELIMITED"}) {
    CAPTURE(format);
    const size_t few = allocationsToDecode(format, 100);
    CHECK(few == allocationsToDecode(format, 200));
    CHECK(few == allocationsToDecode(format, 2000));
    CHECK(few <= 4 * kSchema.size() + 4);  // per column: values, validity, the column, its owners
  }
}

TEST_CASE("encoding allocates blocks of the arena only") {
  const std::vector<std::string> texts = documents(2000);
  const std::vector<std::optional<std::string_view>> data(texts.begin(), texts.end());
  std::vector<ColumnPtr> columns;
  std::vector<FormatRowError> errors;
  findFormat("JSON")
      ->makeDecoder(kSchema, std::vector<bool>(kSchema.size(), true), {})
      ->decode(data, nullptr, columns, errors);
  const auto encoder = findFormat("JSON")->makeEncoder(kSchema, {});
  const auto allocationsToEncode = [&](size_t numRows) {
    Arena arena(size_t{1} << 22);
    arena.allocate(1);
    std::vector<std::optional<std::string_view>> result;
    result.reserve(numRows);
    encoder->encode(columns, numRows, arena, result, errors);
    Arena another(size_t{1} << 22);
    another.allocate(1);
    const size_t before = numAllocations();
    encoder->encode(columns, numRows, another, result, errors);
    return numAllocations() - before;
  };
  CHECK(allocationsToEncode(100) == 0);
  CHECK(allocationsToEncode(2000) == 0);
}

TEST_CASE("the row codec allocates per batch, never per row") {
  std::vector<SqlType> types = {SqlType::bigint(), SqlType::doubleType(), SqlType::string()};
  const RowCodec codec(types);
  const auto allocations = [&](size_t numRows) {
    const std::vector<ColumnPtr> columns = {
        makeConstant(types[0], Value{int64_t{5}}, numRows),
        makeConstant(types[1], Value{2.5}, numRows),
        makeConstant(types[2], Value{std::string("some text of a row")}, numRows)};
    Arena arena(size_t{1} << 22);
    arena.allocate(1);
    std::vector<std::string_view> rows;
    rows.reserve(numRows);
    const size_t before = numAllocations();
    codec.encodeRows(columns, numRows, arena, rows);
    codec.decode(rows, nullptr);
    return numAllocations() - before;
  };
  const size_t few = allocations(100);
  CHECK(few == allocations(3000));
  CHECK(few < 20);
}
