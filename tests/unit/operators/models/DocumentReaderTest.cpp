// SPDX-License-Identifier: Apache-2.0
// The two encodings of a model document: what they accept, what they refuse and where.
#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "operators/models/forest/JsonReader.h"
#include "operators/models/forest/UbjsonReader.h"

using namespace auspex::operators;

namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) {
    text += static_cast<char>(value);
  }
  return text;
}

std::string jsonRefusalOf(const std::string& json) {
  JsonReader reader(json);
  try {
    reader.skip();
    reader.expectEnd();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

bool ubjsonRefuses(const std::string& document) {
  UbjsonReader reader(document);
  try {
    reader.skip();
    reader.expectEnd();
  } catch (const ModelError&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("JSON: well-formed documents are read, others are refused with the place") {
  struct Case {
    std::string text;
    std::string refusal;
  };
  const std::vector<Case> cases = {
      {R"({})", ""},
      {R"( { "a" : [ 1 , -2.5e3 , true , false , null , "x\n\u00e9\ud83d\ude00" ] } )", ""},
      {R"([NaN, Infinity, -Infinity])", ""},
      {R"([1,])", "byte 3: a number is expected"},
      {R"([,1])", "byte 1: a number is expected"},
      {R"([1 2])", "byte 3: ',' or ']' is expected"},
      {R"({"a" 1})", "byte 5: ':' is expected"},
      {R"({"a":1,})", "byte 7: a string is expected"},
      {R"({"a":1)", "byte 6: the file ends in the middle of the document"},
      {R"("abc)", "byte 4: a string does not end"},
      {R"("\x")", "byte 3: unknown escape in a string"},
      {R"("\u12")", "byte 3: four hexadecimal digits are expected"},
      {R"("\udc00")", "byte 7: half of a surrogate pair"},
      {R"([1.])", "byte 3: a number is expected"},
      {R"([1e])", "byte 3: a number is expected"},
      {R"([+1])", "byte 1: a number is expected"},
      {R"([nul])", "byte 1: null is expected"},
      {R"([tru])", "byte 1: true or false is expected"},
      {R"([1e99])", "byte 5: '1e99' is too large for a float32"},
      {R"({} x)", "byte 3: the document is followed by more bytes"},
      {"", "byte 0: the file ends in the middle of the document"},
      {std::string(100, '['), "byte 64: the document is nested deeper than 64"},
  };
  for (const Case& entry : cases) {
    CAPTURE(entry.text);
    CHECK(jsonRefusalOf(entry.text) == entry.refusal);
  }
}

TEST_CASE("JSON: numbers round to the nearest float32") {
  JsonReader reader(R"([0.1, 1E-45, 1e-60, -0, 16777217, 3.4028235e38, NaN])");
  std::vector<float> values;
  reader.readFloats(values);
  REQUIRE(values.size() == 7);
  CHECK(values[0] == 0.1F);
  CHECK(values[1] == 1e-45F);
  CHECK(values[2] == 0.0F);
  CHECK(std::signbit(values[3]));
  CHECK(values[4] == 16777216.0F);
  CHECK(values[5] == 3.4028235e38F);
  CHECK(std::isnan(values[6]));
}

TEST_CASE("JSON: a number reads as the C library reads it, however it is written") {
  std::mt19937 random(3);
  std::vector<std::string> texts = {
      // Exactly between two float32, a little above and below, and where a double would hide that.
      "16777217",
      "16777217.000001",
      "16777216.999999",
      "1.00000005960464477",
      "1.0000000596046448",
      "1.0000000596046447",
      "9007199791611905",
      "9007199254740993",
      "00012",
      "-0.0",
      "0E5",
      "1E22",
      "1E-22",
      "12345678901234567",
      "1234567890123456789"};
  constexpr int kPrecisions = 18;
  for (int i = 0; i < 20000; ++i) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isfinite(value)) {
      continue;
    }
    // The middle between this and the next float32 is a double.
    const double next = std::nextafter(value, 2 * value);
    const double middle = (static_cast<double>(value) + next) / 2;
    const double small = std::ldexp(static_cast<double>(random()), -32);
    for (const double number : {static_cast<double>(value), middle, small, small * 1e3}) {
      std::array<char, 64> text{};
      const char* const format = random() % 2 == 0 ? "%.*e" : "%.*g";
      std::snprintf(text.data(), text.size(), format, static_cast<int>(random() % kPrecisions),
                    number);
      texts.emplace_back(text.data());
    }
  }
  size_t numDifferent = 0;
  for (const std::string& text : texts) {
    const float expected = std::strtof(text.c_str(), nullptr);
    if (!std::isfinite(expected)) {
      continue;  // refused
    }
    std::vector<float> values;
    const std::string document = "[" + text + "," + text + " ]";
    JsonReader reader(document);
    reader.readFloats(values);
    REQUIRE(values.size() == 2);
    for (const float value : values) {
      if (std::bit_cast<uint32_t>(value) != std::bit_cast<uint32_t>(expected)) {
        ++numDifferent;
        MESSAGE(text);
      }
    }
  }
  CHECK(numDifferent == 0);
}

TEST_CASE("JSON: exponents beyond every integer are read as what they say") {
  const std::string text = "[1e-2147483648,1E-4294967296,5e-99999999999999999,0e2147483648]";
  JsonReader reader(text);
  std::vector<float> values;
  reader.readFloats(values);
  CHECK(values == std::vector<float>{0, 0, 0, 0});
}

TEST_CASE("JSON: strings, integers and flags") {
  JsonReader reader(R"({"k\t":"a\"\\\/\u20ac","n":[1,-2],"f":[true,0,1,false]})");
  std::string key;
  reader.beginObject();
  REQUIRE(reader.nextMember(key));
  CHECK(key == "k\t");
  CHECK(reader.readString() == "a\"\\/€");
  REQUIRE(reader.nextMember(key));
  std::vector<int32_t> integers;
  reader.readIntegers(integers);
  CHECK(integers == std::vector<int32_t>{1, -2});
  REQUIRE(reader.nextMember(key));
  std::vector<uint8_t> flags;
  reader.readFlags(flags);
  CHECK(flags == std::vector<uint8_t>{1, 0, 1, 0});
  CHECK(!reader.nextMember(key));
  reader.expectEnd();
  std::vector<int32_t> narrow;
  JsonReader wide("[2147483648]");
  CHECK_THROWS_AS(wide.readIntegers(narrow), ModelError);
  JsonReader fraction("[1.5]");
  CHECK_THROWS_AS(fraction.readIntegers(narrow), ModelError);
  JsonReader flag("[2]");
  CHECK_THROWS_AS(flag.readFlags(flags), ModelError);
}

TEST_CASE("UBJSON: typed, counted and open arrays, all numbers") {
  std::vector<float> floats;
  const std::string typedBytes =
      bytes({'[', '$', 'd', '#', 'L', 0, 0, 0, 0, 0, 0, 0, 2, 0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0});
  UbjsonReader typed(typedBytes);
  typed.readFloats(floats);
  typed.expectEnd();
  CHECK(floats == std::vector<float>{1.0F, -2.0F});

  std::vector<int64_t> integers;
  const std::string mixedBytes =
      bytes({'[', 'i', 0xFF, 'U', 0xFF, 'I', 0xFF, 0xFE, 'l', 0, 0, 1,
             0,   'N', 'L',  0,   0,    0,   1,    0,    0,   0, 0, ']'});
  UbjsonReader mixed(mixedBytes);
  mixed.readIntegers(integers);
  mixed.expectEnd();
  CHECK(integers == std::vector<int64_t>{-1, 255, -2, 256, int64_t{1} << 32});

  std::vector<uint8_t> flags;
  const std::string countedBytes = bytes({'[', '#', 'U', 3, 'T', 'F', 'i', 1});
  UbjsonReader counted(countedBytes);
  counted.readFlags(flags);
  counted.expectEnd();
  CHECK(flags == std::vector<uint8_t>{1, 0, 1});

  const std::string wideBytes = bytes({'D', 0x3F, 0xF8, 0, 0, 0, 0, 0, 0});
  UbjsonReader wide(wideBytes);
  CHECK(wide.readFloat() == 1.5F);
}

TEST_CASE("UBJSON: what does not fit the file or is not written by XGBoost is refused") {
  const std::vector<std::string> refused = {
      "",
      "{",
      "[",
      bytes({'[', '$', 'd', '#', 'L', 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}),
      bytes({'[', '$', 'd', '#', 'L', 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0}),
      bytes({'[', '#', 'L', 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}),
      bytes({'[', '$', 'T', '#', 'U', 3}),
      bytes({'[', '$', 'd', 'i', 1, ']'}),
      bytes({'{', '#', 'U', 1, 'U', 1, 'a', 'T'}),
      bytes({'S', 'U', 5, 'a'}),
      bytes({'{', 'U', 1, 'a', 'T'}),
      bytes({'?'}),
      bytes({'T', 'T'}),
      std::string(100, '['),
  };
  for (const std::string& document : refused) {
    CAPTURE(document);
    CHECK(ubjsonRefuses(document));
  }
  CHECK(!ubjsonRefuses(
      bytes({'{', 'U', 1, 'a', '[', '$', 'i', '#', 'U', 2, 1, 2, 'U', 1, 'b', 'Z', '}'})));
}
