// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonEncoder.h"

#include <cstring>

#include "operators/data/NumberText.h"
#include "operators/formats/json/JsonText.h"

namespace auspex::operators {

namespace {

/// Strings up to this size get room for the worst case; longer ones are measured first.
constexpr size_t kShortString = 512;

size_t stringBound(std::string_view text) {
  if (text.size() <= kShortString) {
    return jsonStringBound(text.size());
  }
  size_t bound = text.size() + 2;
  for (const char c : text) {
    bound += static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' ? 5 : 0;
  }
  return bound;
}

template <typename T>
T valueOf(const void* values, size_t row) {
  return static_cast<const T*>(values)[row];
}

char* appendTo(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

JsonEncoder::JsonEncoder(std::span<const SchemaColumn> columns, bool unwrapped)
    : unwrapped_(unwrapped) {
  AUSPEX_ASSERT(!unwrapped || columns.size() == 1);
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string prefix;
    if (!unwrapped) {
      prefix.push_back(i == 0 ? '{' : ',');
      appendJsonString(prefix, columns[i].name);
      prefix += ':';
    }
    fixedBound_ += prefix.size() + kMaxNumberChars;
    prefixes_.push_back(std::move(prefix));
  }
  fixedBound_ += 2;
}

JsonEncoder::Source JsonEncoder::sourceOf(const ColumnPtr& column) {
  Source source;
  if (column == nullptr) {
    return source;
  }
  source.column = column.get();
  source.kind = column->type().kind();
  source.scale = column->type().scale();
  source.values = column->data();
  source.validity = column->hasNulls() ? column->validity().data() : nullptr;
  return source;
}

/// Room for the strings of a row; renders what has no bound into rendered_.
size_t JsonEncoder::variableBound(size_t row) {
  rendered_.clear();
  ends_.clear();
  nextRendered_ = 0;
  size_t bound = 0;
  for (const Source& source : sources_) {
    switch (source.kind) {
      case TypeKind::String:
        bound +=
            source.isNull(row) ? 0 : stringBound(valueOf<std::string_view>(source.values, row));
        break;
      case TypeKind::Bytes:
      case TypeKind::BigDecimal:
      case TypeKind::Array:
      case TypeKind::Map:
      case TypeKind::Struct:
        if (!source.isNull(row)) {
          appendJson(*source.column, row, rendered_);
          ends_.push_back(rendered_.size());
        }
        break;
      default:
        break;
    }
  }
  return bound + rendered_.size();
}

char* JsonEncoder::writeValue(char* out, const Source& source, size_t row) {
  if (source.isNull(row)) {
    return appendTo(out, "null");
  }
  switch (source.kind) {
    case TypeKind::Boolean:
      return appendTo(out, valueOf<uint8_t>(source.values, row) != 0 ? "true" : "false");
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return writeInteger(out, valueOf<int32_t>(source.values, row));
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return writeInteger(out, valueOf<int64_t>(source.values, row));
    case TypeKind::Double:
      return writeJsonDouble(out, valueOf<double>(source.values, row));
    case TypeKind::Decimal:
      return writeDecimal(out, valueOf<Int128>(source.values, row), source.scale);
    case TypeKind::String:
      return writeJsonString(out, valueOf<std::string_view>(source.values, row));
    default:
      break;
  }
  const size_t begin = nextRendered_ == 0 ? 0 : ends_[nextRendered_ - 1];
  const size_t end = ends_[nextRendered_++];
  return appendTo(out, std::string_view(rendered_).substr(begin, end - begin));
}

void JsonEncoder::encode(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
                         std::vector<std::optional<std::string_view>>& result,
                         std::vector<FormatRowError>& errors) {
  static_cast<void>(errors);  // every value has a JSON form
  AUSPEX_ASSERT(columns.size() == prefixes_.size());
  sources_.clear();
  for (const ColumnPtr& column : columns) {
    AUSPEX_ASSERT(column == nullptr || column->size() >= numRows);
    sources_.push_back(sourceOf(column));
  }
  result.resize(numRows);
  for (size_t row = 0; row < numRows; ++row) {
    if (unwrapped_ && sources_[0].isNull(row)) {
      result[row] = std::nullopt;
      continue;
    }
    const size_t bound = fixedBound_ + variableBound(row);
    char* const begin = arena.allocate(bound);
    char* out = begin;
    for (size_t i = 0; i < sources_.size(); ++i) {
      out = appendTo(out, prefixes_[i]);
      out = writeValue(out, sources_[i], row);
    }
    if (!unwrapped_) {
      out = appendTo(out, sources_.empty() ? "{}" : "}");
    }
    const auto size = static_cast<size_t>(out - begin);
    AUSPEX_ASSERT(size <= bound);
    arena.shrinkLast(bound - size);
    result[row] = std::string_view(begin, size);
  }
}

}  // namespace auspex::operators
