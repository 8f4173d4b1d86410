// SPDX-License-Identifier: Apache-2.0
#include "operators/data/RowCodec.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "operators/data/ColumnBuilder.h"

namespace auspex::operators {

namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kMaxVarintBytes = 10;

[[noreturn]] void throwDamage(const char* what) {
  throw std::runtime_error(std::string("Damaged row: ") + what +
                           ". The stored bytes are not a row of the expected types.");
}

/// Bytes of a value of fixed width, 0 for the others.
size_t fixedBytes(TypeKind kind) {
  switch (kind) {
    case TypeKind::Boolean:
      return 1;
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return 4;
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
    case TypeKind::Double:
      return 8;
    case TypeKind::Decimal:
      return 16;
    default:
      return 0;
  }
}

/// Whether a type, or a part of it, is a decimal kept as text.
bool hasBigDecimal(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::BigDecimal:
      return true;
    case TypeKind::Array:
      return hasBigDecimal(type.element());
    case TypeKind::Map:
      return hasBigDecimal(type.mapKey()) || hasBigDecimal(type.mapValue());
    case TypeKind::Struct:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [](const StructField& field) { return hasBigDecimal(field.type); });
    default:
      return false;
  }
}

size_t bitmapBytes(size_t numBits) {
  return (numBits + 7) / 8;
}

bool isText(TypeKind kind) {
  return kind == TypeKind::String || kind == TypeKind::Bytes || kind == TypeKind::BigDecimal;
}

/// A column with its type and memory at hand, so that loops over rows decide nothing twice.
struct Source {
  const Column* column;
  TypeKind kind;
  size_t fixed;
  const void* values;
  const uint8_t* validity;

  bool isNull(size_t row) const { return validity != nullptr && validity[row] == 0; }
  std::string_view text(size_t row) const {
    return static_cast<const std::string_view*>(values)[row];
  }
};

Source sourceOf(const Column& column) {
  return {&column, column.type().kind(), fixedBytes(column.type().kind()), column.data(),
          column.hasNulls() ? column.validity().data() : nullptr};
}

inline char* putVarint(char* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

/// Copies 1, 4, 8 or 16 bytes: constant sizes become single moves.
inline char* putFixed(char* out, const Source& source, size_t row) {
  const char* const values = static_cast<const char*>(source.values);
  switch (source.fixed) {
    case 1:
      *out = values[row];
      break;
    case 4:
      std::memcpy(out, values + row * 4, 4);
      break;
    case 8:
      std::memcpy(out, values + row * 8, 8);
      break;
    default:
      std::memcpy(out, values + row * 16, 16);
      break;
  }
  return out + source.fixed;
}

size_t elementsBound(const Column& column, size_t begin, size_t end);

/// At least as many bytes as the value's encoding.
size_t valueBound(const Source& source, size_t row) {
  if (source.fixed != 0) {
    return source.fixed;
  }
  if (source.isNull(row)) {
    return 0;
  }
  if (isText(source.kind)) {
    return kMaxVarintBytes + source.text(row).size();
  }
  const auto& children = source.column->children();
  if (source.kind == TypeKind::Struct) {
    size_t bound = bitmapBytes(children.size());
    for (const ColumnPtr& child : children) {
      bound += valueBound(sourceOf(*child), row);
    }
    return bound;
  }
  size_t bound = kMaxVarintBytes;
  for (const ColumnPtr& child : children) {
    bound +=
        elementsBound(*child, source.column->offsets()[row], source.column->offsets()[row + 1]);
  }
  return bound;
}

size_t elementsBound(const Column& column, size_t begin, size_t end) {
  const Source source = sourceOf(column);
  size_t bound = bitmapBytes(end - begin);
  for (size_t i = begin; i < end; ++i) {
    bound += valueBound(source, i);
  }
  return bound;
}

char* putElements(char* out, const Column& column, size_t begin, size_t end);
char* putStruct(char* out, const Column& column, size_t row);

char* putVariable(char* out, const Source& source, size_t row);

inline char* putValue(char* out, const Source& source, size_t row) {
  return source.fixed != 0 ? putFixed(out, source, row) : putVariable(out, source, row);
}

char* putVariable(char* out, const Source& source, size_t row) {
  if (isText(source.kind)) {
    const std::string_view text = source.text(row);
    out = putVarint(out, text.size());
    if (!text.empty()) {
      std::memcpy(out, text.data(), text.size());
    }
    return out + text.size();
  }
  if (source.kind == TypeKind::Struct) {
    return putStruct(out, *source.column, row);
  }
  const size_t begin = source.column->offsets()[row];
  const size_t end = source.column->offsets()[row + 1];
  out = putVarint(out, end - begin);
  for (const ColumnPtr& child : source.column->children()) {
    out = putElements(out, *child, begin, end);
  }
  return out;
}

char* putElements(char* out, const Column& column, size_t begin, size_t end) {
  const Source source = sourceOf(column);
  char* const bitmap = out;
  const size_t numBytes = bitmapBytes(end - begin);
  std::memset(bitmap, 0, numBytes);
  out += numBytes;
  for (size_t i = begin; i < end; ++i) {
    if (source.isNull(i)) {
      const size_t bit = i - begin;
      bitmap[bit / 8] = static_cast<char>(bitmap[bit / 8] | (1 << (bit % 8)));
    } else {
      out = putValue(out, source, i);
    }
  }
  return out;
}

char* putRow(char* out, std::span<const Source> sources, size_t row) {
  char* const bitmap = out;
  const size_t numBytes = bitmapBytes(sources.size());
  std::memset(bitmap, 0, numBytes);
  out += numBytes;
  for (size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].isNull(row)) {
      bitmap[i / 8] = static_cast<char>(bitmap[i / 8] | (1 << (i % 8)));
    } else {
      out = putValue(out, sources[i], row);
    }
  }
  return out;
}

std::vector<Source> sourcesOf(std::span<const ColumnPtr> columns) {
  std::vector<Source> sources;
  sources.reserve(columns.size());
  for (const ColumnPtr& column : columns) {
    AUSPEX_ASSERT(column != nullptr);
    sources.push_back(sourceOf(*column));
  }
  return sources;
}

char* putStruct(char* out, const Column& column, size_t row) {
  return putRow(out, sourcesOf(column.children()), row);
}

/// Bytes that a row takes at most, with what does not depend on the row summed up once.
class RowBound {
 public:
  explicit RowBound(std::span<const Source> sources) : fixed_(bitmapBytes(sources.size())) {
    for (const Source& source : sources) {
      if (source.fixed != 0) {
        fixed_ += source.fixed;
      } else {
        variable_.push_back(source);
      }
    }
  }

  size_t of(size_t row) const {
    size_t bound = fixed_;
    for (const Source& source : variable_) {
      bound += valueBound(source, row);
    }
    return bound;
  }

 private:
  size_t fixed_;
  std::vector<Source> variable_;
};

/// Reads the bytes of one row; every step checks what is left.
struct Reader {
  const char* position;
  const char* end;

  size_t remaining() const { return static_cast<size_t>(end - position); }

  const char* take(size_t size) {
    if (size > remaining()) {
      throwDamage("it ends early");
    }
    const char* const result = position;
    position += size;
    return result;
  }

  uint64_t takeVarint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<uint8_t>(*take(1));
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    throwDamage("a length is too long");
  }

  std::string_view takeText() {
    const uint64_t size = takeVarint();
    return {take(size), size};
  }

  template <typename T>
  T takeFixed() {
    T value;
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
    if constexpr (std::is_same_v<T, uint8_t>) {
      if (value > 1) {
        throwDamage("a boolean is neither 0 nor 1");
      }
    }
    return value;
  }
};

bool isBitSet(const char* bitmap, size_t bit) {
  return ((static_cast<uint8_t>(bitmap[bit / 8]) >> (bit % 8)) & 1) != 0;
}

void takeValue(Reader& reader, ColumnBuilder& builder);

void takeElements(Reader& reader, ColumnBuilder& builder, uint64_t count) {
  const char* const bitmap = reader.take(bitmapBytes(count));
  for (uint64_t i = 0; i < count; ++i) {
    if (isBitSet(bitmap, i)) {
      builder.appendNull();
    } else {
      takeValue(reader, builder);
    }
  }
}

void takeNested(Reader& reader, ColumnBuilder& builder) {
  if (builder.type().is(TypeKind::Struct)) {
    const size_t numFields = builder.type().fields().size();
    const char* const bitmap = reader.take(bitmapBytes(numFields));
    for (size_t i = 0; i < numFields; ++i) {
      if (isBitSet(bitmap, i)) {
        builder.child(i).appendNull();
      } else {
        takeValue(reader, builder.child(i));
      }
    }
  } else {
    const uint64_t count = reader.takeVarint();
    if (count / 8 > reader.remaining()) {  // its bitmap alone would not fit
      throwDamage("a count is too large");
    }
    takeElements(reader, builder.child(0), count);
    if (builder.type().is(TypeKind::Map)) {
      takeElements(reader, builder.child(1), count);
    }
  }
  builder.closeRow();
}

void takeValue(Reader& reader, ColumnBuilder& builder) {
  switch (builder.type().kind()) {
    case TypeKind::Boolean:
      return builder.append(reader.takeFixed<uint8_t>());
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return builder.append(reader.takeFixed<int32_t>());
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return builder.append(reader.takeFixed<int64_t>());
    case TypeKind::Double:
      return builder.append(reader.takeFixed<double>());
    case TypeKind::Decimal:
      return builder.append(reader.takeFixed<Int128>());
    case TypeKind::String:
    case TypeKind::Bytes:
    case TypeKind::BigDecimal:
      return builder.append(reader.takeText());
    default:
      return takeNested(reader, builder);
  }
}

/// Rows being decoded: all of column 0, then all of column 1, ...; readers stand where the next
/// value of each row begins.
struct RowsInProgress {
  std::span<const std::string_view> rows;
  std::vector<Reader> readers;

  bool isNull(size_t row, size_t column) const {
    return rows[row].data() == nullptr || isBitSet(rows[row].data(), column);
  }
};

template <typename T>
ColumnPtr takePrimitive(RowsInProgress& progress, const SqlType& type, size_t column,
                        std::vector<Owner> owners = {}) {
  const size_t numRows = progress.rows.size();
  std::vector<T> values(numRows);
  std::vector<uint8_t> validity;
  for (size_t row = 0; row < numRows; ++row) {
    if (progress.isNull(row, column)) {
      if (validity.empty()) {
        validity.assign(numRows, 1);
      }
      validity[row] = 0;
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      values[row] = progress.readers[row].takeText();
    } else {
      values[row] = progress.readers[row].takeFixed<T>();
    }
  }
  return Column::make(type, std::move(values), std::move(validity), std::move(owners));
}

ColumnPtr takeNestedColumn(RowsInProgress& progress, const SqlType& type, size_t column,
                           const Owner& owner) {
  ColumnBuilder builder(type, progress.rows.size());
  for (size_t row = 0; row < progress.rows.size(); ++row) {
    if (progress.isNull(row, column)) {
      builder.appendNull();
    } else {
      takeValue(progress.readers[row], builder);
    }
  }
  return builder.finish({owner});
}

ColumnPtr takeColumn(RowsInProgress& progress, const SqlType& type, size_t column,
                     const Owner& owner) {
  switch (type.kind()) {
    case TypeKind::Boolean:
      return takePrimitive<uint8_t>(progress, type, column);
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return takePrimitive<int32_t>(progress, type, column);
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return takePrimitive<int64_t>(progress, type, column);
    case TypeKind::Double:
      return takePrimitive<double>(progress, type, column);
    case TypeKind::Decimal:
      return takePrimitive<Int128>(progress, type, column);
    case TypeKind::String:
    case TypeKind::Bytes:
    case TypeKind::BigDecimal:
      return takePrimitive<std::string_view>(progress, type, column, {owner});
    default:
      return takeNestedColumn(progress, type, column, owner);
  }
}

}  // namespace

RowCodec::RowCodec(std::vector<SqlType> types) : types_(std::move(types)) {
}

uint64_t RowCodec::fingerprint() const {
  // FNV-1a over the printed types; a separator keeps their borders apart.
  uint64_t hash = 0xcbf29ce484222325U;
  const auto mix = [&hash](char byte) {
    hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3U;
  };
  for (const SqlType& type : types_) {
    for (const char byte : type.toString()) {
      mix(byte);
    }
    mix(hasBigDecimal(type) ? '\r' : '\n');  // printed alike, stored otherwise
  }
  return hash;
}

void RowCodec::encode(std::span<const ColumnPtr> columns, size_t row, std::string& out) const {
  AUSPEX_ASSERT(columns.size() == types_.size());
  const std::vector<Source> sources = sourcesOf(columns);
  const size_t before = out.size();
  out.resize(before + RowBound(sources).of(row));
  const char* const end = putRow(out.data() + before, sources, row);
  out.resize(static_cast<size_t>(end - out.data()));
}

void RowCodec::encodeRows(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
                          std::vector<std::string_view>& result) const {
  AUSPEX_ASSERT(columns.size() == types_.size());
  const std::vector<Source> sources = sourcesOf(columns);
  const RowBound rowBound(sources);
  result.resize(numRows);
  for (size_t row = 0; row < numRows; ++row) {
    const size_t bound = rowBound.of(row);
    if (bound == 0) {
      result[row] = std::string_view("", 0);
      continue;
    }
    char* const begin = arena.allocate(bound);
    const char* const end = putRow(begin, sources, row);
    const auto size = static_cast<size_t>(end - begin);
    arena.shrinkLast(bound - size);
    result[row] = {begin, size};
  }
}

std::vector<ColumnPtr> RowCodec::decode(std::span<const std::string_view> rows, Owner owner) const {
  RowsInProgress progress{rows, {}};
  progress.readers.reserve(rows.size());
  for (const std::string_view row : rows) {
    Reader reader{row.data(), row.data() + row.size()};
    if (row.data() != nullptr) {
      reader.take(bitmapBytes(types_.size()));
    }
    progress.readers.push_back(reader);
  }
  std::vector<ColumnPtr> columns;
  columns.reserve(types_.size());
  for (size_t column = 0; column < types_.size(); ++column) {
    columns.push_back(takeColumn(progress, types_[column], column, owner));
  }
  for (const Reader& reader : progress.readers) {
    if (reader.remaining() != 0) {
      throwDamage("bytes are left over");
    }
  }
  return columns;
}

}  // namespace auspex::operators
