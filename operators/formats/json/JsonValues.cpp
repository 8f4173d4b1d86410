// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonValues.h"

#include <algorithm>
#include <unordered_map>

#include "operators/expressions/BigDecimal.h"
#include "operators/formats/json/JsonTypeError.h"

namespace auspex::operators {

namespace {

std::vector<std::string> fieldNames(const SqlType& type) {
  std::vector<std::string> names;
  for (const StructField& field : type.fields()) {
    names.push_back(field.name);
  }
  return names;
}

/// One entry of an object that is read as a MAP.
struct MapEntry {
  std::string_view key;
  uint32_t value;
};

/// Keeps the last of entries with equal keys, at the place of the first.
void dropRepeatedKeys(std::vector<MapEntry>& entries) {
  constexpr size_t kFew = 8;
  size_t kept = 0;
  std::unordered_map<std::string_view, size_t> places;
  for (const MapEntry& entry : entries) {
    size_t place = kept;
    if (entries.size() <= kFew) {
      for (place = 0; place < kept && entries[place].key != entry.key; ++place) {
      }
    } else {
      place = places.try_emplace(entry.key, kept).first->second;
    }
    entries[place] = entry;
    kept += place == kept ? 1 : 0;
  }
  entries.resize(kept);
}

/// A number, or the content of a string; absent when it is neither.
std::optional<std::string_view> numberText(const JsonTokens& tokens, uint32_t i) {
  if (tokens.kind(i) == '"') {
    return tokens.rawString(i);
  }
  const std::string_view number = tokens.rawScalar(i);
  const bool isNumber = findJsonNumberEnd(number.data()) == number.data() + number.size();
  return isNumber ? std::optional(number) : std::nullopt;
}

template <typename T>
bool appendRead(const JsonTokens& tokens, uint32_t i, ColumnBuilder& builder) {
  T value{};
  if (!readJsonValue(tokens, i, value)) {
    return false;
  }
  builder.append(value);
  return true;
}

}  // namespace

std::string JsonLocation::text() const {
  if (parent == nullptr) {
    return std::string(name);
  }
  if (index != SIZE_MAX) {
    return parent->text() + "[" + std::to_string(index) + "]";
  }
  return parent->text() + "." + std::string(name) + (isMapValue ? ".value" : "");
}

bool readJsonDecimal(const JsonTokens& tokens, uint32_t i, const SqlType& type, Int128& result) {
  const std::optional<std::string_view> number = numberText(tokens, i);
  return number &&
         parseFitting(*number, type.precision(), type.scale(), result) == DecimalFit::Fits;
}

bool readJsonBigDecimal(const JsonTokens& tokens, uint32_t i, const SqlType& type,
                        JsonStrings& strings, std::string_view& result) {
  const std::optional<std::string_view> text = numberText(tokens, i);
  const std::optional<BigDecimal> number = text ? BigDecimal::parse(*text) : std::nullopt;
  const std::optional<BigDecimal> fitted =
      number ? number->fitted(type, DecimalRounding::Exact) : std::nullopt;
  result = fitted ? strings.keep(fitted->toString()) : std::string_view("", 0);
  return fitted.has_value();
}

JsonNestedReader::JsonNestedReader(const SqlType& type) : type_(type) {
  switch (type.kind()) {
    case TypeKind::Array:
      children_.emplace_back(type.element());
      break;
    case TypeKind::Map:
      children_.emplace_back(type.mapValue());
      break;
    case TypeKind::Struct:
      fields_.emplace(fieldNames(type), std::vector<bool>{});
      slots_.resize(type.fields().size());
      for (const StructField& field : type.fields()) {
        children_.emplace_back(field.type);
      }
      break;
    default:
      break;
  }
}

void JsonNestedReader::read(const Input& input, uint32_t i, JsonStrings& strings,
                            const JsonLocation& path, ColumnBuilder& builder, std::string& error) {
  const char kind = input.tokens.kind(i);
  if (isJsonNull(input.tokens, i)) {
    builder.appendNull();
  } else if (type_.is(TypeKind::Array) && kind == '[') {
    readArray(input, i, strings, path, builder, error);
  } else if (type_.is(TypeKind::Map) && kind == '{') {
    readMap(input, i, strings, path, builder, error);
  } else if (type_.is(TypeKind::Struct) && kind == '{') {
    readStruct(input, i, strings, path, builder, error);
  } else if (!readPrimitive(input, i, strings, builder)) {
    if (error.empty()) {
      error = describeJsonMismatch(input.tokens, i, type_, path.text());
    }
    builder.appendNull();
  }
}

void JsonNestedReader::readArray(const Input& input, uint32_t i, JsonStrings& strings,
                                 const JsonLocation& path, ColumnBuilder& builder,
                                 std::string& error) {
  const JsonTokens& tokens = input.tokens;
  ++i;
  for (size_t index = 0; tokens.kind(i) != ']'; ++index) {
    i += tokens.kind(i) == ',' ? 1 : 0;
    children_[0].read(input, i, strings, {&path, {}, index}, builder.child(0), error);
    i = skipJsonValue(tokens, i);
  }
  builder.closeRow();
}

void JsonNestedReader::readMap(const Input& input, uint32_t i, JsonStrings& strings,
                               const JsonLocation& path, ColumnBuilder& builder,
                               std::string& error) {
  const JsonTokens& tokens = input.tokens;
  std::vector<MapEntry> entries;
  ++i;
  while (tokens.kind(i) != '}') {
    i += tokens.kind(i) == ',' ? 1 : 0;
    std::string_view key;
    if (!strings.readContent(tokens, i, input.message, key) && error.empty()) {
      error = describeJsonMismatch(tokens, i, SqlType::string(), path.text());
    }
    entries.push_back({key, i + 2});
    i = skipJsonValue(tokens, i + 2);
  }
  dropRepeatedKeys(entries);
  for (const MapEntry& entry : entries) {
    builder.child(0).append(entry.key);
    children_[0].read(input, entry.value, strings, {&path, entry.key, SIZE_MAX, true},
                      builder.child(1), error);
  }
  builder.closeRow();
}

void JsonNestedReader::readStruct(const Input& input, uint32_t i, JsonStrings& strings,
                                  const JsonLocation& path, ColumnBuilder& builder,
                                  std::string& error) {
  std::fill(slots_.begin(), slots_.end(), 0U);
  fields_->walk(input.tokens, i, input.indexer, slots_.data(), 1);
  for (size_t field = 0; field < children_.size(); ++field) {
    if (slots_[field] == 0) {
      builder.child(field).appendNull();
    } else {
      children_[field].read(input, JsonFields::tokenOf(slots_[field]), strings,
                            {&path, type_.fields()[field].name}, builder.child(field), error);
    }
  }
  builder.closeRow();
}

bool JsonNestedReader::readPrimitive(const Input& input, uint32_t i, JsonStrings& strings,
                                     ColumnBuilder& builder) {
  const JsonTokens& tokens = input.tokens;
  switch (type_.kind()) {
    case TypeKind::Boolean:
      return appendRead<uint8_t>(tokens, i, builder);
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return appendRead<int32_t>(tokens, i, builder);
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return appendRead<int64_t>(tokens, i, builder);
    case TypeKind::Double:
      return appendRead<double>(tokens, i, builder);
    case TypeKind::Decimal: {
      Int128 value = 0;
      const bool converted = readJsonDecimal(tokens, i, type_, value);
      if (converted) {
        builder.append(value);
      }
      return converted;
    }
    case TypeKind::String:
    case TypeKind::Bytes:
    case TypeKind::BigDecimal: {
      std::string_view value;
      const bool converted =
          type_.is(TypeKind::BigDecimal) ? readJsonBigDecimal(tokens, i, type_, strings, value)
          : type_.is(TypeKind::String)
              ? strings.readString(tokens, i, input.message, input.mayEscape, value)
              : strings.readBytes(tokens, i, value);
      if (converted) {
        builder.append(value);
      }
      return converted;
    }
    default:
      return false;
  }
}

}  // namespace auspex::operators
