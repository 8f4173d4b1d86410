// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/protobuf/ProtobufWire.h"

#include "stateStore/ByteParser.h"

namespace auspex::operators {

std::optional<uint64_t> WireReader::nextVarint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) {
      return std::nullopt;
    }
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> WireReader::nextFixed(size_t size) {
  if (rest_.size() < size) {
    return std::nullopt;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(size);
  return value;
}

std::optional<WireField> WireReader::next() {
  const std::optional<uint64_t> tag = nextVarint();
  if (!tag || *tag >> 3 == 0 || *tag >> 3 > UINT32_MAX) {
    return std::nullopt;
  }
  WireField field;
  field.number = static_cast<uint32_t>(*tag >> 3);
  field.type = static_cast<WireType>(*tag & 7);
  std::optional<uint64_t> value;
  switch (field.type) {
    case WireType::Varint:
      value = nextVarint();
      break;
    case WireType::Fixed64:
      value = nextFixed(8);
      break;
    case WireType::Fixed32:
      value = nextFixed(4);
      break;
    case WireType::Bytes:
      value = nextVarint();
      if (value && *value <= rest_.size()) {
        field.bytes = rest_.substr(0, *value);
        rest_.remove_prefix(*value);
        return field;
      }
      return std::nullopt;
  }
  if (!value) {
    return std::nullopt;
  }
  field.value = *value;
  return field;
}

void appendTag(std::string& out, uint32_t number, WireType type) {
  stateStore::appendVarint(out, (static_cast<uint64_t>(number) << 3) | static_cast<uint64_t>(type));
}

void appendFixed64(std::string& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    out += static_cast<char>((value >> shift) & 0xFF);
  }
}

void appendBytes(std::string& out, uint32_t number, std::string_view bytes) {
  appendTag(out, number, WireType::Bytes);
  stateStore::appendVarint(out, bytes.size());
  out += bytes;
}

}  // namespace auspex::operators
