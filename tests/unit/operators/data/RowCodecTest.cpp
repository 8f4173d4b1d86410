// SPDX-License-Identifier: Apache-2.0
#include "operators/data/RowCodec.h"

#include <doctest/doctest.h>

#include <memory>

#include "tests/unit/operators/data/RandomRows.h"

using namespace auspex::operators;

namespace {

/// Rows in memory of exactly their size, so that a sanitizer sees any read beyond.
std::vector<std::string_view> exactCopies(const std::vector<std::string_view>& rows,
                                          std::vector<std::unique_ptr<char[]>>& memory) {
  std::vector<std::string_view> copies;
  for (const std::string_view row : rows) {
    memory.push_back(std::make_unique<char[]>(row.size()));
    std::copy(row.begin(), row.end(), memory.back().get());
    copies.emplace_back(memory.back().get(), row.size());
  }
  return copies;
}

}  // namespace

TEST_CASE("rows come back as they were") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const RandomSample sample(seed, 0, 11);
    const RowCodec codec(sample.types);
    Arena arena(16);
    std::vector<std::string_view> rows;
    codec.encodeRows(sample.columns, sample.numRows, arena, rows);
    REQUIRE(rows.size() == sample.numRows);
    for (size_t row = 0; row < rows.size(); ++row) {
      std::string single = "before";
      codec.encode(sample.columns, row, single);
      CHECK(single == "before" + std::string(rows[row]));
    }
    const std::vector<ColumnPtr> decoded = codec.decode(rows, nullptr);
    REQUIRE(decoded.size() == sample.types.size());
    for (size_t i = 0; i < decoded.size(); ++i) {
      CHECK(decoded[i]->type() == sample.types[i]);
      CHECK(valuesOf(*decoded[i]) == sample.values[i]);
    }
  }
}

TEST_CASE("an absent row is null in all columns") {
  const RowCodec codec({SqlType::bigint(), SqlType::string()});
  const std::vector<ColumnPtr> columns = {
      makeConstant(SqlType::bigint(), Value{int64_t{7}}, 1),
      makeConstant(SqlType::string(), Value{std::string("x")}, 1)};
  std::string bytes;
  codec.encode(columns, 0, bytes);
  const std::vector<std::string_view> rows = {std::string_view(), bytes, std::string_view()};
  const std::vector<ColumnPtr> decoded = codec.decode(rows, nullptr);
  for (const ColumnPtr& column : decoded) {
    CHECK(column->isNull(0));
    CHECK_FALSE(column->isNull(1));
    CHECK(column->isNull(2));
  }
}

TEST_CASE("the layout does not change: stores outlive programs") {
  const RowCodec codec({SqlType::integer(), SqlType::string(), SqlType::boolean()});
  const std::vector<ColumnPtr> columns = {
      makeConstant(SqlType::integer(), Value{int32_t{258}}, 1),
      makeConstant(SqlType::string(), Value{std::string("ab")}, 1),
      makeConstant(SqlType::boolean(), Value{}, 1)};
  std::string bytes;
  codec.encode(columns, 0, bytes);
  CHECK(bytes == std::string("\x04\x02\x01\x00\x00\x02"
                             "ab",
                             8));
  CHECK(RowCodec({SqlType::integer(), SqlType::string()}).fingerprint() == 0x8d821cd2eac8d4ceU);
}

TEST_CASE("the fingerprint tells layouts apart") {
  const auto fingerprint = [](std::vector<SqlType> types) {
    return RowCodec(std::move(types)).fingerprint();
  };
  const uint64_t base = fingerprint({SqlType::integer(), SqlType::bigint()});
  CHECK(base == fingerprint({SqlType::integer(), SqlType::bigint()}));
  CHECK(base != fingerprint({SqlType::bigint(), SqlType::integer()}));
  CHECK(base != fingerprint({SqlType::integer()}));
  CHECK(fingerprint({SqlType::decimal(4, 2)}) != fingerprint({SqlType::decimal(4, 3)}));
}

TEST_CASE("damaged rows throw and nothing is read beyond them") {
  size_t numThrown = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    const RandomSample sample(seed, 0, 11);
    const RowCodec codec(sample.types);
    Arena arena;
    std::vector<std::string_view> rows;
    codec.encodeRows(sample.columns, sample.numRows, arena, rows);
    Random random(seed + 1000);
    for (int round = 0; round < 20; ++round) {
      std::string damaged(rows[random() % rows.size()]);
      for (size_t i = random() % 4; i > 0 && !damaged.empty(); --i) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      damaged.resize(random() % 3 == 0 ? random() % (damaged.size() + 3) : damaged.size());
      std::vector<std::unique_ptr<char[]>> memory;
      const auto copies = exactCopies({damaged}, memory);
      try {
        codec.decode(copies, nullptr);
      } catch (const std::runtime_error&) {
        ++numThrown;
      }
    }
  }
  CHECK(numThrown > 500);
}

TEST_CASE("every truncation and every left-over byte is noticed") {
  const RowCodec codec({SqlType::bigint(), SqlType::string(), SqlType::array(SqlType::integer())});
  const std::vector<ColumnPtr> columns = {
      makeConstant(SqlType::bigint(), Value{int64_t{7}}, 1),
      makeConstant(SqlType::string(), Value{std::string("hello")}, 1),
      makeConstant(SqlType::array(SqlType::integer()),
                   Value{Value::Parts{Value{1}, Value{}, Value{3}}}, 1)};
  std::string bytes;
  codec.encode(columns, 0, bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    std::vector<std::unique_ptr<char[]>> memory;
    const auto copies = exactCopies({std::string_view(bytes).substr(0, size)}, memory);
    CHECK_THROWS_AS(codec.decode(copies, nullptr), std::runtime_error);
  }
  const std::string longer = bytes + "x";
  CHECK_THROWS_AS(codec.decode(std::vector<std::string_view>{longer}, nullptr), std::runtime_error);
}
