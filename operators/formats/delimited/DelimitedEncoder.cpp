// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/delimited/DelimitedEncoder.h"

#include <array>

#include "operators/data/NumberText.h"
#include "operators/expressions/Base64.h"
#include "operators/formats/delimited/CsvLine.h"

namespace auspex::operators {

namespace {

bool isText(const SqlType& type) {
  return type.is(TypeKind::String) || type.is(TypeKind::Bytes) || type.is(TypeKind::BigDecimal);
}

bool isNull(const ColumnPtr& column, size_t row) {
  return column == nullptr || column->isNull(row);
}

/// Writes a number, a time or a boolean.
char* writePlain(char* out, const Column& column, size_t row) {
  switch (column.type().kind()) {
    case TypeKind::Boolean: {
      const std::string_view word = column.values<uint8_t>()[row] != 0 ? "true" : "false";
      return word.copy(out, word.size()) + out;
    }
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return writeInteger(out, column.values<int32_t>()[row]);
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return writeInteger(out, column.values<int64_t>()[row]);
    case TypeKind::Double:
      return writeJavaDouble(out, column.values<double>()[row]);
    case TypeKind::Decimal:
      return writeDecimal(out, column.values<Int128>()[row], column.type().scale());
    default:
      AUSPEX_ASSERT(false);  // DelimitedFormat::check refuses nested types
  }
  return out;
}

}  // namespace

DelimitedEncoder::DelimitedEncoder(std::span<const SchemaColumn> columns, char delimiter)
    : delimiter_(delimiter) {
  for (const SchemaColumn& column : columns) {
    types_.push_back(column.type);
  }
}

size_t DelimitedEncoder::rowBound(std::span<const ColumnPtr> columns, size_t row) const {
  size_t bound = 1;
  for (const ColumnPtr& column : columns) {
    bound += csvFieldBound(kMaxNumberChars) + 1;
    if (!isNull(column, row) && isText(column->type())) {
      // Base64 grows by a third and needs no quotes inside: twice the size covers both.
      bound += csvFieldBound(column->values<std::string_view>()[row].size()) + 4;
    }
  }
  return bound;
}

char* DelimitedEncoder::writeField(char* out, const Column& column, size_t row,
                                   bool isFirst) const {
  if (column.type().is(TypeKind::String) || column.type().is(TypeKind::BigDecimal)) {
    return writeCsvField(out, column.values<std::string_view>()[row], delimiter_, isFirst);
  }
  if (column.type().is(TypeKind::Bytes)) {
    return writeCsvField(out, encodeBase64(column.values<std::string_view>()[row]), delimiter_,
                         isFirst);
  }
  std::array<char, kMaxNumberChars> number;
  const char* const end = writePlain(number.data(), column, row);
  return writeCsvField(out, {number.data(), static_cast<size_t>(end - number.data())}, delimiter_,
                       isFirst);
}

void DelimitedEncoder::encode(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
                              std::vector<std::optional<std::string_view>>& result,
                              std::vector<FormatRowError>& errors) {
  static_cast<void>(errors);  // every value of a supported type has a text
  AUSPEX_ASSERT(columns.size() == types_.size());
  result.resize(numRows);
  for (size_t row = 0; row < numRows; ++row) {
    if (columns.size() == 1 && isNull(columns[0], row)) {
      result[row] = std::nullopt;
      continue;
    }
    const size_t bound = rowBound(columns, row);
    char* const begin = arena.allocate(bound);
    char* out = begin;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) {
        *out++ = delimiter_;
      }
      if (!isNull(columns[i], row)) {
        out = writeField(out, *columns[i], row, i == 0);
      }
    }
    const auto size = static_cast<size_t>(out - begin);
    AUSPEX_ASSERT(size <= bound);
    arena.shrinkLast(bound - size);
    result[row] = std::string_view(begin, size);
  }
}

}  // namespace auspex::operators
