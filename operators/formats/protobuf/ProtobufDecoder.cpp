// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/protobuf/ProtobufDecoder.h"

#include <bit>

#include "operators/data/Assert.h"
#include "operators/expressions/BigDecimal.h"
#include "operators/expressions/TimeText.h"
#include "operators/formats/Utf8.h"
#include "operators/formats/protobuf/ProtobufFormat.h"
#include "operators/formats/protobuf/ProtobufWire.h"

namespace auspex::operators {
namespace {

/// Messages within messages that are read at most: bounds the stack.
constexpr int kMaxMessageDepth = 100;

using WireFields = std::vector<std::vector<WireField>>;  // by number - 1, in order

/// The fields 1 .. count of a message; nullopt when it is malformed.
std::optional<WireFields> splitMessage(std::string_view message, size_t count) {
  WireFields fields(count);
  WireReader reader(message);
  while (!reader.atEnd()) {
    const std::optional<WireField> field = reader.next();
    if (!field) {
      return std::nullopt;
    }
    if (field->number <= count) {
      fields[field->number - 1].push_back(*field);
    }
  }
  return fields;
}

int64_t numberIn(const std::vector<WireField>& field) {
  return field.empty() ? 0 : static_cast<int64_t>(field.back().value);
}

/// Appends values of messages to builders; false when something is malformed or does not fit.
class ValueReader {
 public:
  ValueReader(Arena& arena, NullableRepresentation nullable)
      : arena_(arena),
        nullable_(nullable),
        nullableElements_(
            nullable == NullableRepresentation::Wrapper ? nullable : NullableRepresentation::None) {
  }

  /// A field of the row's message or of a STRUCT.
  bool append(const std::vector<WireField>& field, ColumnBuilder& builder, int depth) {
    return append(field, builder, depth, nullable_);
  }

  bool appendStruct(std::string_view message, ColumnBuilder& builder, int depth) {
    const size_t count = builder.type().fields().size();
    const std::optional<WireFields> fields = splitMessage(message, count);
    if (!fields || depth >= kMaxMessageDepth) {
      return false;
    }
    for (size_t i = 0; i < count; ++i) {
      if (!append((*fields)[i], builder.child(i), depth + 1)) {
        return false;
      }
    }
    builder.closeRow();
    return true;
  }

 private:
  bool append(const std::vector<WireField>& field, ColumnBuilder& builder, int depth,
              NullableRepresentation nullable) {
    const SqlType& type = builder.type();
    if (nullable != NullableRepresentation::None && isProtobufScalar(type)) {
      if (field.empty()) {
        builder.appendNull();
        return true;
      }
      if (nullable == NullableRepresentation::Wrapper) {
        const std::optional<WireFields> inner = splitMessage(field.back().bytes, 1);
        return inner && field.back().type == WireType::Bytes &&
               append((*inner)[0], builder, depth, NullableRepresentation::None);
      }
    }
    switch (type.kind()) {
      case TypeKind::Boolean:
        builder.append(static_cast<uint8_t>(numberIn(field) != 0 ? 1 : 0));
        return true;
      case TypeKind::Integer:
        builder.append(static_cast<int32_t>(numberIn(field)));
        return true;
      case TypeKind::Bigint:
        builder.append(numberIn(field));
        return true;
      case TypeKind::Double:
        builder.append(std::bit_cast<double>(numberIn(field)));
        return true;
      case TypeKind::String:
      case TypeKind::Bytes:
        builder.append(textOf(field, type.is(TypeKind::String)));
        return true;
      case TypeKind::Array:
        return appendList(field, builder, depth);
      case TypeKind::Map:
        return appendMap(field, builder, depth);
      default:
        return appendMessage(field, builder, depth);
    }
  }

  std::string_view textOf(const std::vector<WireField>& field, bool isText) {
    if (field.empty() || field.back().bytes.empty()) {
      return std::string_view("", 0);
    }
    const std::string_view bytes = field.back().bytes;
    return isText && !isUtf8(bytes) ? replaceMalformedUtf8(bytes, arena_) : bytes;
  }

  /// Elements come one by one, or numbers packed into one field.
  bool appendList(const std::vector<WireField>& field, ColumnBuilder& builder, int depth) {
    ColumnBuilder& elements = builder.child(0);
    const TypeKind kind = elements.type().kind();
    const bool isPackable = kind == TypeKind::Boolean || kind == TypeKind::Integer ||
                            kind == TypeKind::Bigint || kind == TypeKind::Double;
    const bool isWrapped = nullableElements_ == NullableRepresentation::Wrapper;
    for (const WireField& element : field) {
      if (!isPackable || isWrapped || element.type != WireType::Bytes) {
        if (!append({element}, elements, depth + 1, nullableElements_)) {
          return false;
        }
        continue;
      }
      WireReader packed(element.bytes);
      while (!packed.atEnd()) {
        const auto value = kind == TypeKind::Double ? packed.nextFixed(8) : packed.nextVarint();
        if (!value || !append({WireField{1, WireType::Varint, *value, {}}}, elements, depth + 1,
                              NullableRepresentation::None)) {
          return false;
        }
      }
    }
    builder.closeRow();
    return true;
  }

  bool appendMap(const std::vector<WireField>& field, ColumnBuilder& builder, int depth) {
    for (const WireField& element : field) {
      const std::optional<WireFields> entry = splitMessage(element.bytes, 2);
      if (!entry ||
          !append((*entry)[0], builder.child(0), depth + 1, NullableRepresentation::None) ||
          !append((*entry)[1], builder.child(1), depth + 1, nullableElements_)) {
        return false;
      }
    }
    builder.closeRow();
    return true;
  }

  bool appendMessage(const std::vector<WireField>& field, ColumnBuilder& builder, int depth) {
    if (field.empty()) {
      builder.appendNull();
      return true;
    }
    const std::string_view message = field.back().bytes;
    if (builder.type().is(TypeKind::Struct)) {
      return appendStruct(message, builder, depth);
    }
    constexpr size_t kMostParts = 4;
    const std::optional<WireFields> parts = splitMessage(message, kMostParts);
    return parts && appendParts(*parts, builder);
  }

  bool appendParts(const WireFields& parts, ColumnBuilder& builder) {
    switch (builder.type().kind()) {
      case TypeKind::Decimal:
        return appendDecimal(parts, builder);
      case TypeKind::BigDecimal:
        return appendBigDecimal(parts, builder);
      case TypeKind::Date: {
        const int64_t year = numberIn(parts[0]);
        const int64_t month = numberIn(parts[1]);
        const int64_t day = numberIn(parts[2]);
        if (year < -9'999 || year > 9'999 || month < 1 || month > 12 || day < 1 ||
            day > daysInMonth(year, static_cast<int>(month))) {
          return false;
        }
        builder.append(static_cast<int32_t>(
            daysFromCivil(year, static_cast<int>(month), static_cast<int>(day))));
        return true;
      }
      case TypeKind::Time: {
        const int64_t hours = numberIn(parts[0]);
        const int64_t minutes = numberIn(parts[1]);
        const int64_t seconds = numberIn(parts[2]);
        // Before anything is computed: a message may hold any numbers.
        if (hours < 0 || hours > 24 || minutes < 0 || minutes > 60 || seconds < 0 || seconds > 60) {
          return false;
        }
        const int64_t millis =
            (hours * 3600 + minutes * 60 + seconds) * 1000 + numberIn(parts[3]) / 1'000'000;
        if (millis < 0 || millis >= kMillisPerDay) {
          return false;
        }
        builder.append(static_cast<int32_t>(millis));
        return true;
      }
      default: {
        const int64_t seconds = numberIn(parts[0]);
        constexpr int64_t kMostSeconds = INT64_MAX / 1000 - 1;
        if (seconds > kMostSeconds || seconds < -kMostSeconds) {
          return false;
        }
        builder.append(seconds * 1000 + static_cast<int32_t>(numberIn(parts[1])) / 1'000'000);
        return true;
      }
    }
  }

  static bool appendDecimal(const WireFields& parts, ColumnBuilder& builder) {
    const std::string_view bytes = parts[0].empty() ? std::string_view() : parts[0].back().bytes;
    constexpr size_t kMostBytes = 16;
    if (bytes.empty() || bytes.size() > kMostBytes ||
        numberIn(parts[2]) != builder.type().scale()) {
      return false;
    }
    Int128 value = (static_cast<uint8_t>(bytes[0]) & 0x80) != 0 ? -1 : 0;
    for (const char byte : bytes) {
      value = value * 256 + static_cast<uint8_t>(byte);
    }
    builder.append(value);
    return true;
  }

  bool appendBigDecimal(const WireFields& parts, ColumnBuilder& builder) {
    const std::string_view bytes = parts[0].empty() ? std::string_view() : parts[0].back().bytes;
    constexpr size_t kMostBytes = 416;  // of 1,000 digits
    const int64_t scale = numberIn(parts[2]);
    if (bytes.empty() || bytes.size() > kMostBytes || scale < 0 ||
        scale > kMaxDecimalTypePrecision) {
      return false;
    }
    const auto value = BigDecimal::fromBytes(bytes, static_cast<int>(scale))
                           .fitted(builder.type(), DecimalRounding::Exact);
    if (value) {
      builder.append(arena_.copy(value->toString()));
    }
    return value.has_value();
  }

  Arena& arena_;
  NullableRepresentation nullable_;
  NullableRepresentation nullableElements_;  // repeated fields and maps know only wrappers
};

/// The rows of a draw, split into their fields.
class RowReader {
 public:
  RowReader(std::span<const std::optional<std::string_view>> data, std::span<const SqlType> types,
            bool isStruct, NullableRepresentation nullable, Arena& arena)
      : data_(data),
        types_(types),
        isStruct_(isStruct),
        values_(arena, nullable),
        bad_(data.size(), 0) {
    for (size_t row = 0; row < data.size(); ++row) {
      messages_.push_back(data[row] ? splitMessage(*data[row], types.size()) : std::nullopt);
      bad_[row] = data[row] && !messages_[row] ? 1 : 0;
    }
  }

  /// All rows of a column, NULL where a row is absent or bad; null when one does not fit that is
  /// not known to be bad.
  ColumnPtr build(size_t column, const std::vector<Owner>& owners) {
    ColumnBuilder builder(types_[column], data_.size());
    for (size_t row = 0; row < data_.size(); ++row) {
      if (!data_[row] || bad_[row] != 0) {
        builder.appendNull();
      } else if (!append(row, column, builder)) {
        return nullptr;
      }
    }
    return builder.finish(owners);
  }

  /// Finds the rows whose values do not fit. A value that fails half way leaves parts behind, so
  /// each is built by itself.
  void findBadRows(const std::vector<bool>& used) {
    for (size_t column = 0; column < types_.size(); ++column) {
      for (size_t row = 0; used[column] && row < data_.size(); ++row) {
        ColumnBuilder builder(types_[column], 1);
        if (data_[row] && bad_[row] == 0 && !append(row, column, builder)) {
          bad_[row] = 1;
        }
      }
    }
  }

  bool isBad(size_t row) const { return bad_[row] != 0; }

 private:
  bool append(size_t row, size_t column, ColumnBuilder& builder) {
    return isStruct_ ? values_.appendStruct(*data_[row], builder, 0)
                     : values_.append((*messages_[row])[column], builder, 0);
  }

  std::span<const std::optional<std::string_view>> data_;
  std::span<const SqlType> types_;
  bool isStruct_;
  ValueReader values_;
  std::vector<std::optional<WireFields>> messages_;
  std::vector<uint8_t> bad_;
};

}  // namespace

ProtobufDecoder::ProtobufDecoder(std::span<const SchemaColumn> columns,
                                 const std::vector<bool>& used, bool unwrapped,
                                 NullableRepresentation nullable)
    : used_(used),
      isStruct_(unwrapped && columns[0].type.is(TypeKind::Struct)),
      nullable_(nullable) {
  for (const SchemaColumn& column : columns) {
    types_.push_back(column.type);
  }
}

void ProtobufDecoder::decode(std::span<const std::optional<std::string_view>> data,
                             const Owner& owner, std::vector<ColumnPtr>& columns,
                             std::vector<FormatRowError>& errors) {
  const auto arena = std::make_shared<Arena>();
  RowReader rows(data, types_, isStruct_, nullable_, *arena);
  const auto buildColumns = [&] {
    columns.assign(types_.size(), nullptr);
    for (size_t i = 0; i < types_.size(); ++i) {
      columns[i] = used_[i] ? rows.build(i, {owner, arena}) : nullptr;
      if (used_[i] && columns[i] == nullptr) {
        return false;
      }
    }
    return true;
  };
  if (!buildColumns()) {
    rows.findBadRows(used_);
    const bool built = buildColumns();
    AUSPEX_ASSERT(built);
  }
  for (uint32_t row = 0; row < data.size(); ++row) {
    if (rows.isBad(row)) {
      errors.push_back({row, "The bytes are no message of this schema"});
    }
  }
}

}  // namespace auspex::operators
