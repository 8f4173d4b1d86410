// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/JsonReader.h"

#include <charconv>
#include <limits>

namespace auspex::operators {

namespace {

bool isDigit(char letter) {
  return letter >= '0' && letter <= '9';
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

char JsonReader::next() {
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

int64_t JsonReader::readInteger() {
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
  const std::string_view token = numberToken();
  double value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error == std::errc::result_out_of_range) {
    fail("'" + std::string(token.substr(0, 40)) + "' is out of range for a double");
  }
  return value;
}

void JsonReader::readFloats(std::vector<float>& values) {
  values.clear();
  beginArray();
  while (nextElement()) {
    values.push_back(readFloat());
  }
}

template <typename Integer>
void JsonReader::readIntegerArray(std::vector<Integer>& values) {
  values.clear();
  beginArray();
  while (nextElement()) {
    const int64_t value = readInteger();
    if (value < std::numeric_limits<Integer>::min() ||
        value > std::numeric_limits<Integer>::max()) {
      fail(std::to_string(value) + " is out of range");
    }
    values.push_back(static_cast<Integer>(value));
  }
}

void JsonReader::readIntegers(std::vector<int32_t>& values) {
  readIntegerArray(values);
}

void JsonReader::readIntegers(std::vector<int64_t>& values) {
  readIntegerArray(values);
}

void JsonReader::readFlags(std::vector<uint8_t>& values) {
  values.clear();
  beginArray();
  while (nextElement()) {
    if (peek() == Kind::Boolean) {
      values.push_back(readBoolean() ? 1 : 0);
      continue;
    }
    const int64_t value = readInteger();
    if (value != 0 && value != 1) {
      fail(std::to_string(value) + " is neither 0 nor 1");
    }
    values.push_back(static_cast<uint8_t>(value));
  }
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
      beginArray();
      while (nextElement()) {
        skip();
      }
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
