// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/UbjsonReader.h"

#include <bit>
#include <limits>

namespace auspex::operators {

namespace {

constexpr std::string_view kIntegerMarkers = "iUIlL";

/// Bytes that a value of the marker takes at least; what bounds an array's count by the file's
/// size.
size_t leastBytes(char marker) {
  switch (marker) {
    case 'I':
      return 2;
    case 'l':
    case 'd':
      return 4;
    case 'L':
    case 'D':
      return 8;
    default:
      return 1;
  }
}

}  // namespace

void UbjsonReader::fail(const std::string& reason) const {
  throw ModelError("byte " + std::to_string(position_) + ": " + reason);
}

std::string_view UbjsonReader::take(size_t numBytes) {
  if (numBytes > bytes_.size() - position_) {
    fail("the file ends in the middle of the document");
  }
  const std::string_view taken = bytes_.substr(position_, numBytes);
  position_ += numBytes;
  return taken;
}

template <typename Unsigned>
Unsigned UbjsonReader::takeBigEndian() {
  Unsigned value = 0;
  for (const char letter : take(sizeof(Unsigned))) {
    value = static_cast<Unsigned>((uint64_t{value} << 8U) | static_cast<unsigned char>(letter));
  }
  return value;
}

char UbjsonReader::peekMarker() {
  if (!open_.empty() && open_.back().marker != 0) {
    return open_.back().marker;
  }
  while (position_ < bytes_.size() && bytes_[position_] == 'N') {
    ++position_;
  }
  if (position_ >= bytes_.size()) {
    fail("the file ends in the middle of the document");
  }
  return bytes_[position_];
}

char UbjsonReader::takeMarker() {
  const char marker = peekMarker();
  if (open_.empty() || open_.back().marker == 0) {
    ++position_;
  }
  return marker;
}

DocumentReader::Kind UbjsonReader::peek() {
  switch (const char marker = peekMarker()) {
    case '{':
      return Kind::Object;
    case '[':
      return Kind::Array;
    case 'S':
    case 'C':
      return Kind::String;
    case 'T':
    case 'F':
      return Kind::Boolean;
    case 'Z':
      return Kind::Null;
    case 'd':
    case 'D':
      return Kind::Number;
    default:
      if (kIntegerMarkers.find(marker) == std::string_view::npos) {
        fail("unknown UBJSON marker " + std::to_string(static_cast<unsigned char>(marker)));
      }
      return Kind::Number;
  }
}

int64_t UbjsonReader::takeInteger(char marker) {
  switch (marker) {
    case 'i':
      return static_cast<int8_t>(takeBigEndian<uint8_t>());
    case 'U':
      return takeBigEndian<uint8_t>();
    case 'I':
      return static_cast<int16_t>(takeBigEndian<uint16_t>());
    case 'l':
      return static_cast<int32_t>(takeBigEndian<uint32_t>());
    case 'L':
      return static_cast<int64_t>(takeBigEndian<uint64_t>());
    default:
      fail("an integer is expected");
  }
}

float UbjsonReader::takeFloat(char marker) {
  if (marker == 'd') {
    return std::bit_cast<float>(takeBigEndian<uint32_t>());
  }
  if (marker == 'D') {
    return static_cast<float>(std::bit_cast<double>(takeBigEndian<uint64_t>()));
  }
  if (kIntegerMarkers.find(marker) == std::string_view::npos) {
    fail("a number is expected");
  }
  return static_cast<float>(takeInteger(marker));
}

size_t UbjsonReader::takeLength() {
  const char marker = take(1)[0];
  const int64_t length = takeInteger(marker);
  if (length < 0 || static_cast<uint64_t>(length) > bytes_.size() - position_) {
    fail("a length of " + std::to_string(length) + " is beyond the end of the file");
  }
  return static_cast<size_t>(length);
}

void UbjsonReader::deepen() {
  open_.emplace_back();
  if (open_.size() > static_cast<size_t>(kMaxDocumentDepth)) {
    fail("the document is nested deeper than " + std::to_string(kMaxDocumentDepth));
  }
}

void UbjsonReader::beginObject() {
  if (takeMarker() != '{') {
    fail("an object is expected");
  }
  deepen();
  if (position_ < bytes_.size() && (bytes_[position_] == '#' || bytes_[position_] == '$')) {
    fail("objects with a count or a type are not supported: XGBoost writes none");
  }
}

bool UbjsonReader::nextMember(std::string& key) {
  if (peekMarker() == '}') {
    ++position_;
    open_.pop_back();
    return false;
  }
  key = take(takeLength());
  return true;
}

void UbjsonReader::beginArray() {
  if (takeMarker() != '[') {
    fail("an array is expected");
  }
  deepen();
  const auto at = [&](char letter) {
    return position_ < bytes_.size() && bytes_[position_] == letter;
  };
  OpenArray array;
  if (at('$')) {
    ++position_;
    array.marker = take(1)[0];
    if (std::string_view("iUIlLdD").find(array.marker) == std::string_view::npos) {
      fail("an array of this type is not supported: XGBoost writes numbers only");
    }
    if (!at('#')) {
      fail("an array with a type needs a count");
    }
  }
  if (at('#')) {
    ++position_;
    array.left = static_cast<int64_t>(takeLength());
    const auto count = static_cast<size_t>(array.left);
    if (count > (bytes_.size() - position_) / leastBytes(array.marker)) {
      fail("an array of " + std::to_string(count) + " is beyond the end of the file");
    }
  }
  open_.back() = array;
}

bool UbjsonReader::nextElement() {
  OpenArray& array = open_.back();
  const bool ends = array.left < 0 ? peekMarker() == ']' : array.left == 0;
  if (ends) {
    position_ += array.left < 0 ? 1 : 0;
    open_.pop_back();
    return false;
  }
  array.left -= array.left > 0 ? 1 : 0;
  return true;
}

std::string UbjsonReader::readString() {
  const char marker = takeMarker();
  if (marker == 'C') {
    return std::string(take(1));
  }
  if (marker != 'S') {
    fail("a string is expected");
  }
  return std::string(take(takeLength()));
}

bool UbjsonReader::readBoolean() {
  const char marker = takeMarker();
  if (marker != 'T' && marker != 'F') {
    fail("true or false is expected");
  }
  return marker == 'T';
}

int64_t UbjsonReader::readInteger() {
  return takeInteger(takeMarker());
}

float UbjsonReader::readFloat() {
  return takeFloat(takeMarker());
}

template <typename Value, typename Read>
void UbjsonReader::readArray(std::vector<Value>& values, Read read) {
  values.clear();
  beginArray();
  if (open_.back().left > 0 && open_.back().marker != 0) {
    values.reserve(static_cast<size_t>(open_.back().left));
  }
  while (nextElement()) {
    values.push_back(read(takeMarker()));
  }
}

void UbjsonReader::readFloats(std::vector<float>& values) {
  readArray(values, [this](char marker) { return takeFloat(marker); });
}

template <typename Integer>
void UbjsonReader::readIntegerArray(std::vector<Integer>& values) {
  readArray(values, [this](char marker) {
    const int64_t value = takeInteger(marker);
    if (value < std::numeric_limits<Integer>::min() ||
        value > std::numeric_limits<Integer>::max()) {
      fail(std::to_string(value) + " is out of range");
    }
    return static_cast<Integer>(value);
  });
}

void UbjsonReader::readIntegers(std::vector<int32_t>& values) {
  readIntegerArray(values);
}

void UbjsonReader::readIntegers(std::vector<int64_t>& values) {
  readIntegerArray(values);
}

void UbjsonReader::readFlags(std::vector<uint8_t>& values) {
  readArray(values, [this](char marker) -> uint8_t {
    if (marker == 'T' || marker == 'F') {
      return marker == 'T' ? 1 : 0;
    }
    const int64_t value = takeInteger(marker);
    if (value != 0 && value != 1) {
      fail(std::to_string(value) + " is neither 0 nor 1");
    }
    return static_cast<uint8_t>(value);
  });
}

void UbjsonReader::skip() {
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
      if (open_.back().marker != 0) {
        // The count was checked against the file's size, so this cannot overflow.
        take(static_cast<size_t>(open_.back().left) * leastBytes(open_.back().marker));
        open_.pop_back();
        return;
      }
      while (nextElement()) {
        skip();
      }
      return;
    case Kind::String:
      readString();
      return;
    case Kind::Number:
      readFloat();
      return;
    case Kind::Boolean:
    case Kind::Null:
      takeMarker();
      return;
  }
}

void UbjsonReader::expectEnd() {
  if (position_ != bytes_.size()) {
    fail("the document is followed by more bytes");
  }
}

}  // namespace auspex::operators
