// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/TypedElements.h"

#include <bit>

#include "operators/models/rpc/GrpcMessage.h"
#include "operators/models/rpc/ScoreTensor.h"

namespace auspex::operators {

namespace {

WireType wireTypeOf(ElementCoding coding) {
  switch (coding) {
    case ElementCoding::Fixed32:
      return WireType::Fixed32;
    case ElementCoding::Fixed64:
      return WireType::Fixed64;
    case ElementCoding::Unsigned:
    case ElementCoding::Signed:
    case ElementCoding::Half:
      break;
  }
  return WireType::Varint;
}

double elementOf(uint64_t bits, ElementCoding coding) {
  switch (coding) {
    case ElementCoding::Unsigned:
      return static_cast<double>(bits);
    case ElementCoding::Signed:
      return static_cast<double>(static_cast<int64_t>(bits));
    case ElementCoding::Fixed32:
      return std::bit_cast<float>(static_cast<uint32_t>(bits));
    case ElementCoding::Fixed64:
      return std::bit_cast<double>(bits);
    case ElementCoding::Half:
      return widenHalf(static_cast<uint16_t>(bits));
  }
  return 0;
}

std::optional<uint64_t> nextElementBits(WireReader& reader, ElementCoding coding) {
  switch (wireTypeOf(coding)) {
    case WireType::Fixed32:
      return reader.nextFixed(4);
    case WireType::Fixed64:
      return reader.nextFixed(8);
    case WireType::Varint:
    case WireType::Bytes:
      break;
  }
  return reader.nextVarint();
}

}  // namespace

size_t readElements(const WireField& field, ElementCoding coding, std::string_view type,
                    size_t limit, std::vector<double>& values) {
  const auto keep = [&](uint64_t bits) {
    if (values.size() < limit) {
      values.push_back(elementOf(bits, coding));
    }
  };
  if (field.type == wireTypeOf(coding)) {
    keep(field.value);
    return 1;
  }
  size_t count = 0;
  WireReader reader(requireBytes(field, type));
  for (; !reader.atEnd(); ++count) {
    const std::optional<uint64_t> bits = nextElementBits(reader, coding);
    if (!bits) {
      failProtobuf(type, "it ends within an element");
    }
    keep(*bits);
  }
  return count;
}

}  // namespace auspex::operators
