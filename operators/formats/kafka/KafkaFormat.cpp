// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/kafka/KafkaFormat.h"

#include <bit>
#include <cstring>

#include "operators/formats/TypeSupport.h"
#include "operators/formats/Utf8.h"

namespace auspex::operators {

namespace {

using Data = std::span<const std::optional<std::string_view>>;

uint32_t swapped(uint32_t value) {
  return __builtin_bswap32(value);
}

uint64_t swapped(uint64_t value) {
  return __builtin_bswap64(value);
}

/// The unsigned integer of a number's size.
template <typename T>
using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

class KafkaDecoder final : public Decoder {
 public:
  KafkaDecoder(SqlType type, bool used) : type_(std::move(type)), used_(used) {}

  void decode(Data data, const Owner& owner, std::vector<ColumnPtr>& columns,
              std::vector<FormatRowError>& errors) override {
    columns.assign(1, nullptr);
    if (!used_) {
      return;
    }
    switch (type_.kind()) {
      case TypeKind::Integer:
        columns[0] = decodeNumbers<int32_t>(data, "Integer", errors);
        return;
      case TypeKind::Bigint:
        columns[0] = decodeNumbers<int64_t>(data, "Long", errors);
        return;
      case TypeKind::Double:
        columns[0] = decodeNumbers<double>(data, "Double", errors);
        return;
      default:
        columns[0] = decodeBytes(data, owner);
        return;
    }
  }

 private:
  template <typename T>
  ColumnPtr decodeNumbers(Data data, const char* kind, std::vector<FormatRowError>& errors) const {
    std::vector<T> values(data.size());
    std::vector<uint8_t> validity;
    for (size_t row = 0; row < data.size(); ++row) {
      if (data[row] && data[row]->size() == sizeof(T)) [[likely]] {
        Bits<T> bits;
        std::memcpy(&bits, data[row]->data(), sizeof(bits));
        values[row] = std::bit_cast<T>(swapped(bits));
        continue;
      }
      if (validity.empty()) {
        validity.assign(data.size(), 1);
      }
      validity[row] = 0;
      if (data[row]) {
        errors.push_back({static_cast<uint32_t>(row), std::string("Size of data received by ") +
                                                          kind + "Deserializer is not " +
                                                          std::to_string(sizeof(T)) + ", but " +
                                                          std::to_string(data[row]->size())});
      }
    }
    return Column::make(type_, std::move(values), std::move(validity));
  }

  ColumnPtr decodeBytes(Data data, const Owner& owner) const {
    const bool isText = type_.is(TypeKind::String);
    std::vector<std::string_view> values(data.size(), std::string_view("", 0));
    std::vector<uint8_t> validity;
    std::vector<Owner> owners = {owner};
    std::shared_ptr<Arena> arena;
    for (size_t row = 0; row < data.size(); ++row) {
      if (!data[row]) {
        if (validity.empty()) {
          validity.assign(data.size(), 1);
        }
        validity[row] = 0;
      } else if (isText && !isUtf8(*data[row])) [[unlikely]] {
        if (arena == nullptr) {
          arena = std::make_shared<Arena>();
          owners.push_back(arena);
        }
        values[row] = replaceMalformedUtf8(*data[row], *arena);
      } else {
        values[row] = *data[row];
      }
    }
    return Column::make(type_, std::move(values), std::move(validity), std::move(owners));
  }

  SqlType type_;
  bool used_;
};

class KafkaEncoder final : public Encoder {
 public:
  void encode(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
              std::vector<std::optional<std::string_view>>& result,
              std::vector<FormatRowError>&) override {
    AUSPEX_ASSERT(columns.size() == 1);
    result.assign(numRows, std::nullopt);
    if (columns[0] == nullptr) {
      return;
    }
    const Column& column = *columns[0];
    AUSPEX_ASSERT(column.size() >= numRows);
    switch (column.type().kind()) {
      case TypeKind::Integer:
        return encodeNumbers<int32_t>(column, numRows, arena, result);
      case TypeKind::Bigint:
        return encodeNumbers<int64_t>(column, numRows, arena, result);
      case TypeKind::Double:
        return encodeNumbers<double>(column, numRows, arena, result);
      default:
        break;
    }
    const std::span<const std::string_view> values = column.values<std::string_view>();
    for (size_t row = 0; row < numRows; ++row) {
      if (!column.isNull(row)) {
        result[row] = arena.copy(values[row]);
      }
    }
  }

 private:
  template <typename T>
  static void encodeNumbers(const Column& column, size_t numRows, Arena& arena,
                            std::vector<std::optional<std::string_view>>& result) {
    const std::span<const T> values = column.values<T>();
    for (size_t row = 0; row < numRows; ++row) {
      if (column.isNull(row)) {
        continue;
      }
      const Bits<T> bits = swapped(std::bit_cast<Bits<T>>(values[row]));
      char* const out = arena.allocate(sizeof(bits));
      std::memcpy(out, &bits, sizeof(bits));
      result[row] = std::string_view(out, sizeof(bits));
    }
  }
};

bool isSupported(TypeKind kind) {
  return kind == TypeKind::Integer || kind == TypeKind::Bigint || kind == TypeKind::Double ||
         kind == TypeKind::String || kind == TypeKind::Bytes;
}

}  // namespace

void KafkaFormat::check(std::span<const SchemaColumn> columns, const FormatOptions& options) const {
  refuseWrapping(name(), options);
  if (columns.size() != 1) {
    throw FormatError("The 'KAFKA' format only supports a single field. Got: " +
                      columnList(columns));
  }
  if (!isSupported(columns[0].type.kind())) {
    throw FormatError("The 'KAFKA' format does not support type '" + baseTypeName(columns[0].type) +
                      "'");
  }
}

std::unique_ptr<Decoder> KafkaFormat::makeDecoder(std::span<const SchemaColumn> columns,
                                                  const std::vector<bool>& used,
                                                  const FormatOptions&) const {
  AUSPEX_ASSERT(columns.size() == 1);
  AUSPEX_ASSERT(used.size() == 1);
  return std::make_unique<KafkaDecoder>(columns[0].type, used[0]);
}

std::unique_ptr<Encoder> KafkaFormat::makeEncoder(std::span<const SchemaColumn> columns,
                                                  const FormatOptions&) const {
  AUSPEX_ASSERT(columns.size() == 1);
  return std::make_unique<KafkaEncoder>();
}

}  // namespace auspex::operators
