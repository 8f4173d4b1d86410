// SPDX-License-Identifier: Apache-2.0
#include "operators/data/KeyCodec.h"

#include <bit>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "operators/data/RowCodec.h"

namespace auspex::operators {
namespace {

constexpr char kNull = 0;
constexpr char kPresent = 1;
// Of texts: a byte 0 and their end.
constexpr char kEscape = 0;
constexpr char kEscapedZero = static_cast<char>(0xFF);
constexpr char kTextEnd = 1;

[[noreturn]] void throwDamagedKey() {
  throw std::runtime_error("Damaged key: the stored bytes are not a key of the expected types.");
}

uint32_t biased(int32_t value) {
  return static_cast<uint32_t>(value) ^ (uint32_t{1} << 31);
}
uint64_t biased(int64_t value) {
  return static_cast<uint64_t>(value) ^ (uint64_t{1} << 63);
}
/// Negative ones backwards, below the others.
uint64_t biased(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  return (bits >> 63) != 0 ? ~bits : bits ^ (uint64_t{1} << 63);
}
double unbiasedDouble(uint64_t bits) {
  return std::bit_cast<double>((bits >> 63) != 0 ? bits ^ (uint64_t{1} << 63) : ~bits);
}

/// Highest byte first.
template <typename Unsigned>
char* putBytes(char* out, Unsigned value) {
  static_assert(std::endian::native == std::endian::little);
  if constexpr (sizeof(Unsigned) == sizeof(uint64_t)) {
    value = __builtin_bswap64(value);
  } else {
    value = __builtin_bswap32(value);
  }
  std::memcpy(out, &value, sizeof(value));
  return out + sizeof(value);
}

/// Bytes that a text takes at most.
size_t textBound(std::string_view text) {
  return 2 * text.size() + 2;
}

char* putText(char* out, std::string_view text) {
  while (!text.empty()) {
    const void* const zero = std::memchr(text.data(), 0, text.size());
    const size_t plain = zero == nullptr
                             ? text.size()
                             : static_cast<size_t>(static_cast<const char*>(zero) - text.data());
    std::memcpy(out, text.data(), plain);
    out += plain;
    if (zero == nullptr) {
      break;
    }
    *out++ = kEscape;
    *out++ = kEscapedZero;
    text.remove_prefix(plain + 1);
  }
  *out++ = kEscape;
  *out++ = kTextEnd;
  return out;
}

/// A column with its type and memory at hand, so that loops over rows decide nothing twice.
struct KeySource {
  const ColumnPtr* column;
  TypeKind kind;
  const void* values;
  const uint8_t* validity;

  template <typename T>
  T at(size_t row) const {
    return static_cast<const T*>(values)[row];
  }
};

KeySource keySourceOf(const ColumnPtr& column) {
  return {&column, column->type().kind(), column->data(),
          column->hasNulls() ? column->validity().data() : nullptr};
}

std::vector<KeySource> keySourcesOf(std::span<const ColumnPtr> columns) {
  std::vector<KeySource> sources;
  sources.reserve(columns.size());
  for (const ColumnPtr& column : columns) {
    sources.push_back(keySourceOf(column));
  }
  return sources;
}

std::string typedRow(const KeySource& source, size_t row) {
  std::string bytes;
  RowCodec({(*source.column)->type()}).encode({source.column, 1}, row, bytes);
  return bytes;
}

/// At least as many bytes as the column takes.
size_t boundOf(const KeySource& source, size_t row) {
  switch (source.kind) {
    case TypeKind::Boolean:
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
    case TypeKind::Double:
    case TypeKind::Decimal:
      return 1 + sizeof(Int128);
    case TypeKind::String:
    case TypeKind::Bytes:
      return 1 + textBound(source.at<std::string_view>(row));
    default:
      return 1 + textBound(typedRow(source, row));
  }
}

char* putColumn(char* out, const KeySource& source, size_t row) {
  if (source.validity != nullptr && source.validity[row] == 0) {
    *out++ = kNull;
    return out;
  }
  *out++ = kPresent;
  switch (source.kind) {
    case TypeKind::Boolean:
      *out++ = static_cast<char>(source.at<uint8_t>(row));
      return out;
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return putBytes(out, biased(source.at<int32_t>(row)));
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return putBytes(out, biased(source.at<int64_t>(row)));
    case TypeKind::Double:
      return putBytes(out, biased(source.at<double>(row)));
    case TypeKind::Decimal: {
      const Int128 value = source.at<Int128>(row);
      out = putBytes(out, biased(static_cast<int64_t>(value >> 64)));
      return putBytes(out, static_cast<uint64_t>(value));
    }
    case TypeKind::String:
    case TypeKind::Bytes:
      return putText(out, source.at<std::string_view>(row));
    default:
      return putText(out, typedRow(source, row));
  }
}

size_t boundOf(std::span<const KeySource> sources, size_t row) {
  size_t bound = 0;
  for (const KeySource& source : sources) {
    bound += boundOf(source, row);
  }
  return bound;
}

char* putKey(char* out, std::span<const KeySource> sources, size_t row) {
  for (const KeySource& source : sources) {
    out = putColumn(out, source, row);
  }
  return out;
}

/// Keys being decoded: all of column 0, then all of column 1, ...
class KeysInProgress {
 public:
  KeysInProgress(std::span<const std::string_view> keys, Owner owner)
      : rest_(keys.begin(), keys.end()), owner_(std::move(owner)) {}

  ColumnPtr takeColumn(const SqlType& type) {
    switch (type.kind()) {
      case TypeKind::Boolean:
        return take<uint8_t>(type, [](std::string_view& key) { return takeBytes<uint8_t>(key); });
      case TypeKind::Integer:
      case TypeKind::Time:
      case TypeKind::Date:
        return take<int32_t>(type, [](std::string_view& key) {
          return static_cast<int32_t>(takeBytes<uint32_t>(key) ^ (uint32_t{1} << 31));
        });
      case TypeKind::Bigint:
      case TypeKind::Timestamp:
        return take<int64_t>(type, takeInt64);
      case TypeKind::Double:
        return take<double>(
            type, [](std::string_view& key) { return unbiasedDouble(takeBytes<uint64_t>(key)); });
      case TypeKind::Decimal:
        return take<Int128>(type, [](std::string_view& key) {
          const Int128 high = takeInt64(key);
          return high * (Int128{1} << 64) + Int128{takeBytes<uint64_t>(key)};
        });
      case TypeKind::String:
      case TypeKind::Bytes:
        return take<std::string_view>(type,
                                      [this](std::string_view& key) { return takeText(key); });
      default:
        return takeTypedRows(type);
    }
  }

  bool isAtEnd() const {
    for (const std::string_view key : rest_) {
      if (!key.empty()) {
        return false;
      }
    }
    return true;
  }

 private:
  template <typename Unsigned>
  static Unsigned takeBytes(std::string_view& key) {
    if (key.size() < sizeof(Unsigned)) {
      throwDamagedKey();
    }
    Unsigned value = 0;
    for (size_t i = 0; i < sizeof(Unsigned); ++i) {
      value = static_cast<Unsigned>(value << (sizeof(Unsigned) > 1 ? 8 : 0)) |
              static_cast<uint8_t>(key[i]);
    }
    key.remove_prefix(sizeof(Unsigned));
    return value;
  }

  static int64_t takeInt64(std::string_view& key) {
    return static_cast<int64_t>(takeBytes<uint64_t>(key) ^ (uint64_t{1} << 63));
  }

  /// A view of the key where nothing is escaped, which is nearly always.
  std::string_view takeText(std::string_view& key) {
    const std::string_view all = key;
    size_t size = 0;
    std::string unescaped;
    bool isEscaped = false;
    while (true) {
      const size_t zero = key.find(kEscape, size);
      if (zero == std::string_view::npos || zero + 1 >= key.size()) {
        throwDamagedKey();
      }
      const char next = key[zero + 1];
      if (next == kTextEnd) {
        if (isEscaped) {
          unescaped.append(key.substr(size, zero - size));
        }
        key.remove_prefix(zero + 2);
        return isEscaped ? copies().copy(unescaped) : all.substr(0, zero);
      }
      if (next != kEscapedZero) {
        throwDamagedKey();
      }
      unescaped.append(key.substr(size, zero + 1 - size));
      isEscaped = true;
      size = zero + 2;
    }
  }

  Arena& copies() {
    if (!copies_) {
      copies_ = std::make_shared<Arena>();
    }
    return *copies_;
  }

  template <typename T, typename Take>
  ColumnPtr take(const SqlType& type, Take takeValue) {
    std::vector<T> values(rest_.size());
    std::vector<uint8_t> validity;
    for (size_t row = 0; row < rest_.size(); ++row) {
      const auto mark = static_cast<char>(takeBytes<uint8_t>(rest_[row]));
      if (mark == kPresent) {
        values[row] = takeValue(rest_[row]);
      } else if (mark == kNull) {
        validity.resize(rest_.size(), 1);
        validity[row] = 0;
      } else {
        throwDamagedKey();
      }
    }
    std::vector<Owner> owners;
    if constexpr (std::is_same_v<T, std::string_view>) {
      owners.push_back(owner_);
      if (copies_) {
        owners.push_back(copies_);
      }
    }
    return Column::make(type, std::move(values), std::move(validity), std::move(owners));
  }

  ColumnPtr takeTypedRows(const SqlType& type) {
    std::vector<std::string_view> rows(rest_.size());
    for (size_t row = 0; row < rest_.size(); ++row) {
      const auto mark = static_cast<char>(takeBytes<uint8_t>(rest_[row]));
      if (mark == kPresent) {
        // Copied in any case: the column has one owner.
        rows[row] = copies().copy(takeText(rest_[row]));
      } else if (mark != kNull) {
        throwDamagedKey();
      }
    }
    copies();
    return RowCodec({type}).decode(rows, copies_)[0];
  }

  std::vector<std::string_view> rest_;
  Owner owner_;
  std::shared_ptr<Arena> copies_;
};

}  // namespace

KeyCodec::KeyCodec(std::vector<SqlType> types) : types_(std::move(types)) {
}

bool KeyCodec::isOrdered(const SqlType& type) {
  return !type.isNested() && !type.is(TypeKind::BigDecimal);
}

void KeyCodec::encode(std::span<const ColumnPtr> columns, size_t row, std::string& out) const {
  AUSPEX_ASSERT(columns.size() <= types_.size());
  const std::vector<KeySource> sources = keySourcesOf(columns);
  const size_t before = out.size();
  out.resize(before + boundOf(sources, row));
  const char* const end = putKey(out.data() + before, sources, row);
  out.resize(static_cast<size_t>(end - out.data()));
}

void KeyCodec::encodeRows(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
                          std::vector<std::string_view>& result) const {
  AUSPEX_ASSERT(columns.size() == types_.size());
  const std::vector<KeySource> sources = keySourcesOf(columns);
  result.resize(numRows);
  for (size_t row = 0; row < numRows; ++row) {
    const size_t bound = boundOf(sources, row);
    char* const begin = arena.allocate(bound);
    const auto size = static_cast<size_t>(putKey(begin, sources, row) - begin);
    arena.shrinkLast(bound - size);
    result[row] = {begin, size};
  }
}

std::vector<ColumnPtr> KeyCodec::decode(std::span<const std::string_view> keys,
                                        const Owner& owner) const {
  KeysInProgress progress(keys, owner);
  std::vector<ColumnPtr> columns;
  for (const SqlType& type : types_) {
    columns.push_back(progress.takeColumn(type));
  }
  if (!progress.isAtEnd()) {
    throwDamagedKey();
  }
  return columns;
}

}  // namespace auspex::operators
