// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/InferContents.h"

#include "operators/formats/protobuf/ProtobufWire.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {

namespace {

/// Reads packed elements as they lie in a raw tensor.
uint64_t bitsAt(std::string_view raw, size_t offset, size_t size) {
  uint64_t bits = 0;
  for (size_t i = 0; i < size; ++i) {
    bits |= static_cast<uint64_t>(static_cast<uint8_t>(raw[offset + i])) << (8 * i);
  }
  return bits;
}

int64_t signExtended(uint64_t bits, size_t sizeBytes) {
  const auto unused = static_cast<unsigned>(64 - 8 * sizeBytes);
  return static_cast<int64_t>(bits << unused) >> unused;
}

}  // namespace

ContentsField contentsFieldOf(Datatype datatype) {
  switch (datatype) {
    case Datatype::Bool:
      return {1, ElementCoding::Unsigned};
    case Datatype::Int8:
    case Datatype::Int16:
    case Datatype::Int32:
      return {2, ElementCoding::Signed};
    case Datatype::Int64:
      return {3, ElementCoding::Signed};
    case Datatype::Uint8:
    case Datatype::Uint16:
    case Datatype::Uint32:
      return {4, ElementCoding::Unsigned};
    case Datatype::Uint64:
      return {5, ElementCoding::Unsigned};
    case Datatype::Fp32:
      return {6, ElementCoding::Fixed32};
    case Datatype::Fp64:
      return {7, ElementCoding::Fixed64};
    case Datatype::Bytes:
    case Datatype::Fp16:  // FP16 has no field and travels raw
      break;
  }
  return {8, ElementCoding::Unsigned};
}

std::string contentsOfRaw(std::string_view raw, Datatype datatype) {
  const ContentsField field = contentsFieldOf(datatype);
  const size_t size = sizeOf(datatype);
  std::string packed;
  if (field.coding == ElementCoding::Fixed32 || field.coding == ElementCoding::Fixed64) {
    packed = raw;
  } else {
    for (size_t offset = 0; offset < raw.size(); offset += size) {
      const uint64_t bits = bitsAt(raw, offset, size);
      stateStore::appendVarint(packed, field.coding == ElementCoding::Signed
                                           ? static_cast<uint64_t>(signExtended(bits, size))
                                           : bits);
    }
  }
  std::string contents;
  appendBytes(contents, field.number, packed);
  return contents;
}

}  // namespace auspex::operators
