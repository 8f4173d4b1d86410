// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/protobuf/ProtobufEncoder.h"

#include <algorithm>
#include <bit>

#include "operators/expressions/BigDecimal.h"
#include "operators/expressions/TimeText.h"
#include "operators/formats/protobuf/ProtobufFormat.h"
#include "operators/formats/protobuf/ProtobufWire.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {
namespace {

void appendField(std::string& out, uint32_t number, const Column& column, size_t row, bool wraps);

void appendNumber(std::string& out, uint32_t number, int64_t value) {
  appendTag(out, number, WireType::Varint);
  stateStore::appendVarint(out, static_cast<uint64_t>(value));
}

/// The bytes of a two's complement, the highest first and no more than needed.
std::string bigEndianBytes(Int128 value) {
  std::string bytes;
  do {
    bytes.insert(bytes.begin(), static_cast<char>(value & 0xFF));
    value >>= 8;
  } while (value != 0 && value != -1);
  const bool looksNegative = (static_cast<uint8_t>(bytes[0]) & 0x80) != 0;
  if (looksNegative != (value < 0)) {
    bytes.insert(bytes.begin(), static_cast<char>(value & 0xFF));
  }
  return bytes;
}

/// Messages of fixed form: decimals, and dates and times as Google's common types.
std::string messageOf(const Column& column, size_t row) {
  std::string message;
  switch (column.type().kind()) {
    case TypeKind::Decimal:
      appendBytes(message, 1, bigEndianBytes(column.values<Int128>()[row]));
      appendNumber(message, 2, column.type().precision());
      appendNumber(message, 3, column.type().scale());
      break;
    case TypeKind::BigDecimal: {
      const BigDecimal value = bigDecimalAt(column, row);
      appendBytes(message, 1, value.toBytes());
      appendNumber(message, 2, column.type().precision());
      appendNumber(message, 3, value.scale());
      break;
    }
    case TypeKind::Date: {
      const CivilDate date = civilFromDays(column.values<int32_t>()[row]);
      appendNumber(message, 1, date.year);
      appendNumber(message, 2, date.month);
      appendNumber(message, 3, date.day);
      break;
    }
    case TypeKind::Time: {
      const int32_t millis = column.values<int32_t>()[row];
      appendNumber(message, 1, millis / 3'600'000);
      appendNumber(message, 2, millis / 60'000 % 60);
      appendNumber(message, 3, millis / 1000 % 60);
      appendNumber(message, 4, int64_t{millis % 1000} * 1'000'000);
      break;
    }
    default: {
      const int64_t millis = column.values<int64_t>()[row];
      const int64_t seconds = floorDivide(millis, 1000);
      appendNumber(message, 1, seconds);
      appendNumber(message, 2, (millis - seconds * 1000) * 1'000'000);
      break;
    }
  }
  return message;
}

std::string structMessage(const Column& column, size_t row, bool wraps) {
  std::string message;
  for (uint32_t i = 0; i < column.children().size(); ++i) {
    appendField(message, i + 1, *column.children()[i], row, wraps);
  }
  return message;
}

void appendMap(std::string& out, uint32_t number, const Column& column, size_t row, bool wraps) {
  for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
    std::string entry;
    appendField(entry, 1, *column.children()[0], i, false);
    appendField(entry, 2, *column.children()[1], i, wraps);
    appendBytes(out, number, entry);
  }
}

void appendField(std::string& out, uint32_t number, const Column& column, size_t row, bool wraps) {
  if (column.isNull(row)) {
    return;
  }
  if (wraps && isProtobufScalar(column.type())) {
    std::string message;
    appendField(message, 1, column, row, false);
    return appendBytes(out, number, message);
  }
  switch (column.type().kind()) {
    case TypeKind::Boolean:
      return appendNumber(out, number, column.values<uint8_t>()[row]);
    case TypeKind::Integer:
      return appendNumber(out, number, column.values<int32_t>()[row]);
    case TypeKind::Bigint:
      return appendNumber(out, number, column.values<int64_t>()[row]);
    case TypeKind::Double:
      appendTag(out, number, WireType::Fixed64);
      return appendFixed64(out, std::bit_cast<uint64_t>(column.values<double>()[row]));
    case TypeKind::String:
    case TypeKind::Bytes:
      return appendBytes(out, number, column.values<std::string_view>()[row]);
    case TypeKind::Array:
      for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
        appendField(out, number, *column.children()[0], i, wraps);
      }
      return;
    case TypeKind::Map:
      return appendMap(out, number, column, row, wraps);
    case TypeKind::Struct:
      return appendBytes(out, number, structMessage(column, row, wraps));
    default:
      return appendBytes(out, number, messageOf(column, row));
  }
}

/// Whether an array or map anywhere in the value has a NULL element, which a message cannot hold.
bool hasNullElement(const Column& column, size_t row) {
  if (column.isNull(row)) {
    return false;
  }
  if (column.type().is(TypeKind::Struct)) {
    for (const ColumnPtr& field : column.children()) {
      if (hasNullElement(*field, row)) {
        return true;
      }
    }
    return false;
  }
  if (!column.type().is(TypeKind::Array) && !column.type().is(TypeKind::Map)) {
    return false;
  }
  return std::any_of(column.children().begin(), column.children().end(), [&](const auto& elements) {
    for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
      if (elements->isNull(i) || hasNullElement(*elements, i)) {
        return true;
      }
    }
    return false;
  });
}

}  // namespace

ProtobufEncoder::ProtobufEncoder(std::span<const SchemaColumn> columns, bool unwrapped,
                                 NullableRepresentation nullable)
    : unwrapped_(unwrapped),
      isStruct_(unwrapped && columns[0].type.is(TypeKind::Struct)),
      wraps_(nullable == NullableRepresentation::Wrapper) {
}

void ProtobufEncoder::encode(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
                             std::vector<std::optional<std::string_view>>& result,
                             std::vector<FormatRowError>& errors) {
  result.assign(numRows, std::nullopt);
  std::string message;
  for (uint32_t row = 0; row < numRows; ++row) {
    const bool isNull = columns.size() == 1 && (columns[0] == nullptr || columns[0]->isNull(row));
    if (unwrapped_ && isNull) {
      continue;
    }
    message.clear();
    bool fits = true;
    for (uint32_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == nullptr) {
        continue;
      }
      fits = fits && !hasNullElement(*columns[i], row);
      if (isStruct_) {
        message = structMessage(*columns[i], row, wraps_);
      } else {
        appendField(message, i + 1, *columns[i], row, wraps_);
      }
    }
    if (!fits) {
      errors.push_back({row, "A repeated field of Protocol Buffers cannot hold NULL"});
      continue;
    }
    result[row] = arena.copy(message);
  }
}

}  // namespace auspex::operators
