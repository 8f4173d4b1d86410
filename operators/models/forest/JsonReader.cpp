// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/JsonReader.h"
#include "operators/data/Ascii.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

namespace auspex::operators {

namespace {

/// Powers of ten up to here are exact as doubles.
constexpr int kMaxPower = 22;

/// digits * 10^power as float32, where it is sure by way of a double: both factors are exact there,
/// so the product is off by half a unit at most, and only one next to the middle of two float32
/// might be rounded to the wrong one. digits < 10^17.
std::optional<float> roundToFloat(uint64_t digits, int power) {
  constexpr std::array<double, 23> kExactPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  static_assert(kExactPowers.size() == kMaxPower + 1);
  constexpr uint64_t kMaxExact = uint64_t{1} << 53;
  constexpr uint64_t kBelowFloat = (uint64_t{1} << 29) - 1;  // bits that a float32 lacks
  constexpr uint64_t kHalf = uint64_t{1} << 28;
  if (digits > kMaxExact || power < -kMaxPower || power > kMaxPower) {
    return std::nullopt;
  }
  const double scale = kExactPowers[static_cast<size_t>(power < 0 ? -power : power)];
  const auto whole = static_cast<double>(digits);
  const double wide = power < 0 ? whole / scale : whole * scale;
  const uint64_t below = std::bit_cast<uint64_t>(wide) & kBelowFloat;
  if (below + 1 >= kHalf && below <= kHalf + 1) {
    return std::nullopt;
  }
  return static_cast<float>(wide);
}

void appendUtf8(std::string& text, uint32_t code) {
  const auto byte = [&](uint32_t value) { text += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0U | (code >> 6U));
    byte(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    byte(0xE0U | (code >> 12U));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  } else {
    byte(0xF0U | (code >> 18U));
    byte(0x80U | ((code >> 12U) & 0x3FU));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  }
}

}  // namespace

void JsonReader::fail(const std::string& reason) const {
  throw ModelError("byte " + std::to_string(position_) + ": " + reason);
}

void JsonReader::skipSpace() {
  while (position_ < bytes_.size()) {
    const char letter = bytes_[position_];
    if (letter != ' ' && letter != '\n' && letter != '\t' && letter != '\r') {
      return;
    }
    ++position_;
  }
}

char JsonReader::nextAfterSpace() {
  skipSpace();
  if (position_ >= bytes_.size()) {
    fail("the file ends in the middle of the document");
  }
  return bytes_[position_];
}

bool JsonReader::takeWord(std::string_view word) {
  if (bytes_.substr(position_, word.size()) != word) {
    return false;
  }
  position_ += word.size();
  return true;
}

DocumentReader::Kind JsonReader::peek() {
  switch (next()) {
    case '{':
      return Kind::Object;
    case '[':
      return Kind::Array;
    case '"':
      return Kind::String;
    case 't':
    case 'f':
      return Kind::Boolean;
    case 'n':
      return Kind::Null;
    default:
      return Kind::Number;
  }
}

void JsonReader::enter(char opening) {
  if (next() != opening) {
    fail(opening == '{' ? "an object is expected" : "an array is expected");
  }
  if (++depth_ > kMaxDocumentDepth) {
    fail("the document is nested deeper than " + std::to_string(kMaxDocumentDepth));
  }
  ++position_;
  atStart_ = true;
}

bool JsonReader::advance(char closing) {
  const char letter = next();
  if (letter == closing) {
    ++position_;
    --depth_;
    atStart_ = false;
    return false;
  }
  if (!atStart_) {
    if (letter != ',') {
      fail(std::string("',' or '") + closing + "' is expected");
    }
    ++position_;
    next();
  }
  atStart_ = false;
  return true;
}

void JsonReader::beginObject() {
  enter('{');
}

bool JsonReader::nextMember(std::string& key) {
  if (!advance('}')) {
    return false;
  }
  key = readString();
  if (next() != ':') {
    fail("':' is expected");
  }
  ++position_;
  return true;
}

void JsonReader::beginArray() {
  enter('[');
}

bool JsonReader::nextElement() {
  return advance(']');
}

uint32_t JsonReader::readHex4() {
  uint32_t code = 0;
  const std::string_view digits = bytes_.substr(position_, 4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (digits.size() != 4 || error != std::errc() || end != digits.data() + 4) {
    fail("four hexadecimal digits are expected");
  }
  position_ += 4;
  return code;
}

void JsonReader::appendEscape(std::string& text) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char letter = position_ < bytes_.size() ? bytes_[position_] : '\0';
  ++position_;
  if (const size_t place = kLetters.find(letter); place != std::string_view::npos) {
    text += kMeanings[place];
    return;
  }
  if (letter != 'u') {
    fail("unknown escape in a string");
  }
  uint32_t code = readHex4();
  if (code >= 0xD800 && code < 0xDC00 && takeWord("\\u")) {
    const uint32_t low = readHex4();
    if (low < 0xDC00 || low >= 0xE000) {
      fail("half of a surrogate pair");
    }
    code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
  } else if (code >= 0xD800 && code < 0xE000) {
    fail("half of a surrogate pair");
  }
  appendUtf8(text, code);
}

std::string JsonReader::readString() {
  if (next() != '"') {
    fail("a string is expected");
  }
  ++position_;
  std::string text;
  while (position_ < bytes_.size()) {
    const char letter = bytes_[position_++];
    if (letter == '"') {
      return text;
    }
    if (letter == '\\') {
      appendEscape(text);
    } else {
      text += letter;
    }
  }
  fail("a string does not end");
}

bool JsonReader::readBoolean() {
  next();
  if (takeWord("true")) {
    return true;
  }
  if (!takeWord("false")) {
    fail("true or false is expected");
  }
  return false;
}

std::string_view JsonReader::numberToken() {
  next();
  const size_t start = position_;
  const auto at = [&](size_t place) { return place < bytes_.size() ? bytes_[place] : '\0'; };
  const auto digits = [&] {
    if (!isDigit(at(position_))) {
      fail("a number is expected");
    }
    while (isDigit(at(position_))) {
      ++position_;
    }
  };
  position_ += at(position_) == '-' ? 1 : 0;
  digits();
  if (at(position_) == '.') {
    ++position_;
    digits();
  }
  if (at(position_) == 'e' || at(position_) == 'E') {
    ++position_;
    position_ += at(position_) == '-' || at(position_) == '+' ? 1 : 0;
    digits();
  }
  return bytes_.substr(start, position_ - start);
}

bool JsonReader::takeDecimal(Decimal& decimal) {
  constexpr ptrdiff_t kMaxLetters = 17;  // fewer digits than 10^17 has
  const char* const start = bytes_.data() + position_;
  const char* const end = bytes_.data() + bytes_.size();
  const char* at = start;
  const auto takeMinus = [&] {
    const bool isThere = at != end && *at == '-';
    at += isThere ? 1 : 0;
    return isThere;
  };
  const auto takeDigits = [&](uint64_t& digits) {
    const char* const first = at;
    for (; at != end && isDigit(*at) && at - start < kMaxLetters; ++at) {
      digits = 10 * digits + static_cast<uint64_t>(*at - '0');
    }
    return static_cast<int>(at - first);
  };
  decimal.isNegative = takeMinus();
  bool isSound = takeDigits(decimal.digits) > 0;
  if (at != end && *at == '.') {
    ++at;
    decimal.isInteger = false;
    const int numDecimals = takeDigits(decimal.digits);
    decimal.power = -numDecimals;
    isSound = isSound && numDecimals > 0;
  }
  if (at != end && (*at == 'E' || *at == 'e')) {
    ++at;
    decimal.isInteger = false;
    const bool isSmall = takeMinus();
    uint64_t power = 0;
    const int numDigits = takeDigits(power);
    if (numDigits == 0 || power > kMaxPower) {
      return false;
    }
    decimal.power += isSmall ? -static_cast<int>(power) : static_cast<int>(power);
  }
  // What cannot follow a number is left to the strict reader, and so are further digits.
  if (!isSound || at == end || (*at != ',' && *at != ']')) {
    return false;
  }
  position_ += static_cast<size_t>(at - start);
  return true;
}

int64_t JsonReader::readInteger() {
  next();
  const size_t start = position_;
  if (Decimal decimal; takeDecimal(decimal)) {
    if (decimal.isInteger) {
      const auto value = static_cast<int64_t>(decimal.digits);
      return decimal.isNegative ? -value : value;
    }
    position_ = start;
  }
  const std::string_view token = numberToken();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size()) {
    fail("'" + std::string(token.substr(0, 40)) + "' is not a 64-bit integer");
  }
  return value;
}

float JsonReader::readFloat() {
  next();
  const size_t start = position_;
  if (Decimal decimal; takeDecimal(decimal)) {
    if (const std::optional<float> value = roundToFloat(decimal.digits, decimal.power)) {
      return decimal.isNegative ? -*value : *value;
    }
    position_ = start;
  }
  if (takeWord("NaN")) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  if (takeWord("Infinity")) {
    return std::numeric_limits<float>::infinity();
  }
  if (takeWord("-Infinity")) {
    return -std::numeric_limits<float>::infinity();
  }
  const std::string_view token = numberToken();
  float value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  // Too small for a float32 reads as the zero that it rounds to; too large is refused.
  if (error == std::errc::result_out_of_range) {
    double wide = 0;
    std::from_chars(token.data(), token.data() + token.size(), wide);
    if (wide < -1.0 || wide > 1.0) {
      fail("'" + std::string(token.substr(0, 40)) + "' is too large for a float32");
    }
    return static_cast<float>(wide);
  }
  return value;
}

double JsonReader::readDouble() {
  next();
  if (takeWord("NaN")) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (takeWord("Infinity")) {
    return std::numeric_limits<double>::infinity();
  }
  if (takeWord("-Infinity")) {
    return -std::numeric_limits<double>::infinity();
  }
  const std::string_view token = numberToken();
  double value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error == std::errc::result_out_of_range) {
    // Too small reads as what it rounds to; too large is refused.
    value = std::strtod(std::string(token).c_str(), nullptr);
    if (std::isinf(value)) {
      fail("'" + std::string(token.substr(0, 40)) + "' is out of range for a double");
    }
  }
  return value;
}

template <typename OnElement>
void JsonReader::readArray(OnElement onElement) {
  beginArray();
  const auto takeComma = [&] {
    const bool isThere = position_ < bytes_.size() && bytes_[position_] == ',';
    position_ += isThere ? 1 : 0;
    return isThere;
  };
  for (bool isMore = nextElement(); isMore; isMore = takeComma() || nextElement()) {
    onElement();
  }
}

void JsonReader::readFloats(std::vector<float>& values) {
  values.clear();
  readArray([&] { values.push_back(readFloat()); });
}

template <typename Integer>
void JsonReader::readIntegerArray(std::vector<Integer>& values) {
  values.clear();
  readArray([&] {
    const int64_t value = readInteger();
    if (value < std::numeric_limits<Integer>::min() ||
        value > std::numeric_limits<Integer>::max()) {
      fail(std::to_string(value) + " is out of range");
    }
    values.push_back(static_cast<Integer>(value));
  });
}

void JsonReader::readIntegers(std::vector<int32_t>& values) {
  readIntegerArray(values);
}

void JsonReader::readIntegers(std::vector<int64_t>& values) {
  readIntegerArray(values);
}

void JsonReader::readFlags(std::vector<uint8_t>& values) {
  values.clear();
  readArray([&] {
    if (peek() == Kind::Boolean) {
      values.push_back(readBoolean() ? 1 : 0);
      return;
    }
    const int64_t value = readInteger();
    if (value != 0 && value != 1) {
      fail(std::to_string(value) + " is neither 0 nor 1");
    }
    values.push_back(static_cast<uint8_t>(value));
  });
}

void JsonReader::skip() {
  std::string key;
  switch (peek()) {
    case Kind::Object:
      beginObject();
      while (nextMember(key)) {
        skip();
      }
      return;
    case Kind::Array:
      readArray([&] { skip(); });
      return;
    case Kind::String:
      readString();
      return;
    case Kind::Boolean:
      readBoolean();
      return;
    case Kind::Null:
      if (!takeWord("null")) {
        fail("null is expected");
      }
      return;
    case Kind::Number:
      readFloat();
      return;
  }
}

void JsonReader::expectEnd() {
  skipSpace();
  if (position_ != bytes_.size()) {
    fail("the document is followed by more bytes");
  }
}

}  // namespace auspex::operators
