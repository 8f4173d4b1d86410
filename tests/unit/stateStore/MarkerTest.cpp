// SPDX-License-Identifier: Apache-2.0
// The commit marker's bytes: back and forth, and refused when anything is off.
#include "stateStore/Marker.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>

#include "stateStore/ByteParser.h"
#include "stateStore/StoreError.h"
#include "tests/unit/stateStore/support/TestStates.h"

namespace auspex::stateStore {

namespace {

Marker fullMarker() {
  Marker marker;
  marker.sequence = std::numeric_limits<std::uint64_t>::max();
  marker.instance = "f3a9";
  marker.attempt = 300;
  marker.inputs = {{"payments", 0, 0},
                   {"", std::numeric_limits<std::int32_t>::max(), 1},
                   {std::string("with\0zero", 9), 7, std::numeric_limits<std::int64_t>::max()}};
  marker.streamTimes = {{"0", std::chrono::milliseconds(-1)},
                        {"1", std::chrono::milliseconds::min()},
                        {"join", std::chrono::milliseconds::max()}};
  return marker;
}

std::string sealed(std::string body) {
  appendFixed32(body, checksum(body));
  return body;
}

}  // namespace

TEST_CASE("Markers come back as they were") {
  for (const Marker& marker : {Marker{}, numbered(1), fullMarker()}) {
    CHECK(Marker::decode(marker.encode()) == marker);
  }
}

TEST_CASE("Markers differ when one field does") {
  const Marker marker = fullMarker();
  std::vector<Marker> others(7, marker);
  others[0].sequence = 1;
  others[1].instance = "f3a8";
  others[2].attempt = 301;
  others[3].inputs[1].offset = 2;
  others[4].inputs.pop_back();
  others[5].streamTimes[0].time = std::chrono::milliseconds(0);
  others[6].inputs[0].partition = 1;
  for (const Marker& other : others) {
    CHECK(other != marker);
    CHECK(other.encode() != marker.encode());
  }
}

TEST_CASE("Every cut and every flipped bit of a marker is refused") {
  const std::string bytes = fullMarker().encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS_AS(Marker::decode(bytes.substr(0, size)), StoreError);
  }
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string flipped = bytes;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
    CHECK_THROWS_AS(Marker::decode(flipped), StoreError);
  }
  CHECK_THROWS_AS(Marker::decode(bytes + '\0'), StoreError);
}

TEST_CASE("Markers with a right checksum and wrong content are refused with the reason") {
  struct Case {
    std::string body;
    const char* reason;
  };
  const Case cases[] = {
      {"\x02", "version 2"},
      {std::string("\x01\x80\x00", 3), "shortest form"},
      {"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "64 bits"},
      {std::string("\x01\x01\x05") + "ab", "text of 5 bytes"},
      {std::string("\x01\x01\x00\x00\x7f", 5), "127 items"},
      {std::string("\x01\x01\x00\x00\x01\x00\xff\xff\xff\xff\x0f\x00\x00", 13), "partition"},
      {std::string("\x01\x01\x00\x00\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 18),
       "offset"},
      {std::string("\x01\x01\x00\x00\x00\x00x", 7), "1 bytes too many"},
      {std::string("\x01\x01\x00\x00\x00", 5), "more bytes needed"},
  };
  for (const Case& wrong : cases) {
    CAPTURE(wrong.reason);
    CHECK_THROWS_WITH_AS(Marker::decode(sealed(wrong.body)), doctest::Contains(wrong.reason),
                         StoreError);
  }
}

TEST_CASE("Random bytes behind a right checksum never do harm") {
  const std::uint64_t seed = testSeed();
  MESSAGE("AUSPEX_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string body(random() % 40, '\0');
    for (char& c : body) {
      c = static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
    }
    body.insert(body.begin(), '\x01');
    try {
      const Marker marker = Marker::decode(sealed(body));
      CHECK(marker.encode() == sealed(body));  // there is one encoding only
    } catch (const StoreError&) {
      continue;
    }
  }
}

TEST_CASE("The checksum is CRC-32C") {
  CHECK(checksum("123456789") == 0xE3069283);
}

}  // namespace auspex::stateStore
