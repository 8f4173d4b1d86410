// SPDX-License-Identifier: Apache-2.0
#include "operators/data/KeyCodec.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/unit/operators/data/RandomRows.h"

using namespace auspex::operators;

namespace {

std::string keyOf(const SqlType& type, const Value& value) {
  const ColumnPtr column[] = {makeConstant(type, value, 1)};
  std::string bytes;
  KeyCodec({type}).encode(column, 0, bytes);
  return bytes;
}

/// Values in ascending order: so are their keys, each once.
void checkOrder(const SqlType& type, const std::vector<Value>& ascending) {
  for (size_t i = 0; i < ascending.size(); ++i) {
    const std::string key = keyOf(type, ascending[i]);
    CHECK(keyOf(type, Value{}) < key);  // NULL comes first
    for (size_t j = 0; j < ascending.size(); ++j) {
      CAPTURE(i);
      CAPTURE(j);
      CHECK((key < keyOf(type, ascending[j])) == (i < j));
    }
  }
}

}  // namespace

TEST_CASE("keys come back as they were") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const RandomSample sample(seed, 1, 4);
    const KeyCodec codec(sample.types);
    Arena arena(16);
    std::vector<std::string_view> keys;
    codec.encodeRows(sample.columns, sample.numRows, arena, keys);
    for (size_t row = 0; row < keys.size(); ++row) {
      std::string single;
      codec.encode(sample.columns, row, single);
      CHECK(single == keys[row]);
      const size_t numFirst = row % sample.columns.size();
      std::string first;
      codec.encode(std::span(sample.columns).first(numFirst), row, first);
      CHECK(keys[row].starts_with(first));
    }
    const std::vector<ColumnPtr> decoded = codec.decode(keys, nullptr);
    REQUIRE(decoded.size() == sample.types.size());
    for (size_t i = 0; i < decoded.size(); ++i) {
      CHECK(valuesOf(*decoded[i]) == sample.values[i]);
    }
  }
}

TEST_CASE("keys sort as their values do") {
  const double infinity = std::numeric_limits<double>::infinity();
  checkOrder(SqlType::boolean(), {{false}, {true}});
  checkOrder(SqlType::integer(), {{INT32_MIN}, {-256}, {-1}, {0}, {1}, {255}, {256}, {INT32_MAX}});
  checkOrder(SqlType::bigint(), {{INT64_MIN}, {int64_t{-1}}, {int64_t{0}}, {int64_t{1} << 40}});
  checkOrder(SqlType::doubleType(), {{-infinity},
                                     {-1e300},
                                     {-1.5},
                                     {-1e-300},
                                     {-0.0},
                                     {0.0},
                                     {1e-300},
                                     {1.5},
                                     {1e300},
                                     {infinity}});
  const Int128 large = Int128{1} << 100;
  checkOrder(SqlType::decimal(38, 2),
             {{-large}, {Int128{-1}}, {Int128{0}}, {Int128{1} << 64}, {large}});
  using namespace std::string_literals;
  checkOrder(SqlType::string(), {{""s},
                                 {"\0"s},
                                 {"\0\0"s},
                                 {"\0a"s},
                                 {"\1"s},
                                 {"a"s},
                                 {"a\0"s},
                                 {"a\0b"s},
                                 {"aa"s},
                                 {"b"s},
                                 {"\xff"s}});
}

TEST_CASE("no key is the beginning of another one") {
  using namespace std::string_literals;
  const std::vector<std::string> texts = {"", "\0"s, "a", "a\0"s, "a\0\1"s, "a\0\xff"s, "ab", "\1"};
  for (const std::string& left : texts) {
    for (const std::string& right : texts) {
      const std::string key = keyOf(SqlType::string(), {left});
      CHECK(keyOf(SqlType::string(), {right}).starts_with(key) == (left == right));
    }
  }
}

TEST_CASE("the layout of keys does not change: stores outlive programs") {
  using namespace std::string_literals;
  CHECK(keyOf(SqlType::integer(), {258}) == "\x01\x80\x00\x01\x02"s);
  CHECK(keyOf(SqlType::string(), {"a\0b"s}) == "\x01"s + "a\x00\xff"s + "b\x00\x01"s);
  CHECK(keyOf(SqlType::bigint(), Value{}) == "\0"s);
}

TEST_CASE("damaged keys throw and nothing is read beyond them") {
  size_t numThrown = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const RandomSample sample(seed, 1, 4);
    const KeyCodec codec(sample.types);
    Random random(seed + 1000);
    std::string key;
    codec.encode(sample.columns, random() % sample.numRows, key);
    for (int round = 0; round < 20; ++round) {
      std::string damaged = key;
      for (size_t i = random() % 4; i > 0 && !damaged.empty(); --i) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      damaged.resize(random() % 3 == 0 ? random() % (damaged.size() + 3) : damaged.size());
      // In memory of exactly its size, so that a sanitizer sees any read beyond.
      const auto memory = std::make_unique<char[]>(damaged.size());
      std::copy(damaged.begin(), damaged.end(), memory.get());
      const std::string_view keys[] = {{memory.get(), damaged.size()}};
      try {
        codec.decode(keys, nullptr);
      } catch (const std::runtime_error&) {
        ++numThrown;
      }
    }
  }
  CHECK(numThrown > 500);
}
