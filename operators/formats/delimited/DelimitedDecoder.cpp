// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/delimited/DelimitedDecoder.h"

#include <algorithm>

#include "operators/data/NumberText.h"
#include "operators/expressions/Base64.h"
#include "operators/expressions/BigDecimal.h"
#include "operators/formats/Utf8.h"
#include "operators/formats/delimited/CsvLine.h"

namespace auspex::operators {

namespace {

template <typename T>
bool appendIfPresent(const std::optional<T>& value, ColumnBuilder& builder) {
  if (value) {
    builder.append(*value);
  }
  return value.has_value();
}

bool isTrue(std::string_view text) {
  constexpr std::string_view kTrue = "true";
  return std::equal(text.begin(), text.end(), kTrue.begin(), kTrue.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

DelimitedDecoder::DelimitedDecoder(std::span<const SchemaColumn> columns,
                                   const std::vector<bool>& used, char delimiter)
    : schema_(columns.begin(), columns.end()), used_(used), delimiter_(delimiter) {
  AUSPEX_ASSERT(used.size() == columns.size());
  for (const SchemaColumn& column : columns) {
    builders_.emplace_back(column.type);
  }
}

void DelimitedDecoder::decode(std::span<const std::optional<std::string_view>> data,
                              const Owner& owner, std::vector<ColumnPtr>& columns,
                              std::vector<FormatRowError>& errors) {
  for (size_t i = 0; i < builders_.size(); ++i) {
    builders_[i].reserve(used_[i] ? data.size() : 0);
  }
  const auto arena = std::make_shared<Arena>(1024);
  for (size_t row = 0; row < data.size(); ++row) {
    std::string problem = data[row] ? decodeRow(*data[row], *arena) : std::string();
    const bool isNull = !data[row] || !problem.empty();
    for (size_t i = 0; i < builders_.size() && isNull; ++i) {
      if (used_[i]) {
        builders_[i].appendNull();
      }
    }
    if (!problem.empty()) {
      errors.push_back({static_cast<uint32_t>(row), std::move(problem)});
    }
  }
  columns.assign(builders_.size(), nullptr);
  for (size_t i = 0; i < builders_.size(); ++i) {
    if (used_[i]) {
      columns[i] = builders_[i].finish({owner, arena});
    }
  }
}

/// Appends a row to all used builders, or to none and returns what is wrong.
std::string DelimitedDecoder::decodeRow(std::string_view text, Arena& arena) {
  if (!isUtf8(text)) [[unlikely]] {
    text = replaceMalformedUtf8(text, arena);
  }
  std::string problem = cutCsvLine(text, delimiter_, arena, fields_);
  if (!problem.empty()) {
    return "Error deserializing delimited row: " + problem;
  }
  if (fields_.size() != schema_.size()) {
    return "Error deserializing delimited row: Unexpected field count, csvFields:" +
           std::to_string(fields_.size()) + " schemaFields:" + std::to_string(schema_.size());
  }
  for (size_t i = 0; i < schema_.size(); ++i) {
    if (!used_[i]) {
      continue;
    }
    if (fields_[i].empty()) {
      builders_[i].appendNull();
    } else if (!convert(fields_[i], arena, builders_[i])) {
      for (size_t done = 0; done < i; ++done) {
        if (used_[done]) {
          builders_[done].dropLast();
        }
      }
      return "Error deserializing delimited row: Can't convert type. sourceType: String, "
             "requiredType: " +
             schema_[i].type.toString() + ", column: `" + schema_[i].name + "`";
    }
  }
  return {};
}

bool DelimitedDecoder::convert(std::string_view field, Arena& arena, ColumnBuilder& builder) const {
  const SqlType& type = builder.type();
  switch (type.kind()) {
    case TypeKind::Boolean:
      builder.append<uint8_t>(isTrue(field) ? 1 : 0);
      return true;
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return appendIfPresent(parseInteger(field), builder);
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return appendIfPresent(parseBigint(field), builder);
    case TypeKind::Double:
      return appendIfPresent(parseDouble(field), builder);
    case TypeKind::Decimal: {
      Int128 value = 0;
      if (parseFitting(field, type.precision(), type.scale(), value) != DecimalFit::Fits) {
        return false;
      }
      builder.append(value);
      return true;
    }
    case TypeKind::BigDecimal: {
      const std::optional<BigDecimal> number = BigDecimal::parse(field);
      const auto fitted = number ? number->fitted(type, DecimalRounding::Exact) : std::nullopt;
      if (fitted) {
        builder.append(arena.copy(fitted->toString()));
      }
      return fitted.has_value();
    }
    case TypeKind::String:
      builder.append(field);
      return true;
    case TypeKind::Bytes: {
      const std::optional<std::string> bytes = decodeBase64(field);
      if (bytes) {
        builder.append(arena.copy(*bytes));
      }
      return bytes.has_value();
    }
    default:
      AUSPEX_ASSERT(false);  // DelimitedFormat::check refuses nested types
  }
  return false;
}

}  // namespace auspex::operators
