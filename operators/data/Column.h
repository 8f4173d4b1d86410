// SPDX-License-Identifier: Apache-2.0
// An immutable typed vector with validity: what expressions, operators and formats work on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "operators/data/Assert.h"
#include "operators/data/SqlType.h"

namespace auspex::operators {

__extension__ typedef __int128 Int128;

class Column;
using ColumnPtr = std::shared_ptr<const Column>;
/// Keeps alive what a column's strings point into (an arena, fetched message buffers).
using Owner = std::shared_ptr<const void>;

/// Immutable column of `size()` rows.
///
/// Physical form by type:
///   BOOLEAN uint8_t (0/1) | INTEGER, DATE (days), TIME (millisecond of day) int32_t
///   BIGINT, TIMESTAMP (ms since epoch, UTC) int64_t | DOUBLE double
///   DECIMAL Int128, unscaled; of kind BigDecimal std::string_view, plain text | STRING (UTF-8),
///   BYTES std::string_view ARRAY: offsets (size + 1) and child 0 | MAP: offsets, child 0 keys,
///   child 1 values STRUCT: one child of `size()` rows per field
/// validity(): empty means no nulls; else one byte per row, 1 = present. A null row's value is
/// unspecified but readable (a null string is an empty view).
/// Any thread may read.
class Column {
 public:
  using Values =
      std::variant<std::monostate, std::vector<uint8_t>, std::vector<int32_t>, std::vector<int64_t>,
                   std::vector<double>, std::vector<Int128>, std::vector<std::string_view>>;

  /// Primitive column; the vector's element type must be the physical form of `type` (asserted).
  template <typename T>
  static ColumnPtr make(SqlType type, std::vector<T> values, std::vector<uint8_t> validity = {},
                        std::vector<Owner> owners = {}) {
    const size_t size = values.size();
    return std::make_shared<const Column>(std::move(type), size, Values(std::move(values)),
                                          std::move(validity), std::vector<uint32_t>{},
                                          std::vector<ColumnPtr>{}, std::move(owners));
  }
  /// ARRAY or MAP column: offsets has one more entry than rows.
  static ColumnPtr makeNested(SqlType type, std::vector<uint32_t> offsets,
                              std::vector<ColumnPtr> children, std::vector<uint8_t> validity = {});
  /// STRUCT column of `size` rows.
  static ColumnPtr makeStruct(SqlType type, size_t size, std::vector<ColumnPtr> children,
                              std::vector<uint8_t> validity = {});
  /// `size` nulls of any type.
  static ColumnPtr makeNulls(const SqlType& type, size_t size);

  Column(SqlType type, size_t size, Values values, std::vector<uint8_t> validity,
         std::vector<uint32_t> offsets, std::vector<ColumnPtr> children, std::vector<Owner> owners);

  const SqlType& type() const { return type_; }
  size_t size() const { return size_; }
  bool hasNulls() const { return !validity_.empty(); }
  bool isNull(size_t row) const { return !validity_.empty() && validity_[row] == 0; }
  std::span<const uint8_t> validity() const { return validity_; }

  /// The values in their physical form (asserted).
  template <typename T>
  std::span<const T> values() const {
    const auto* const vector = std::get_if<std::vector<T>>(&values_);
    AUSPEX_ASSERT(vector != nullptr);
    return *vector;
  }
  /// Where the values lie in their physical form; null when the type is nested.
  const void* data() const {
    return std::visit(
        [](const auto& values) -> const void* {
          if constexpr (std::is_same_v<std::decay_t<decltype(values)>, std::monostate>) {
            return nullptr;
          } else {
            return values.data();
          }
        },
        values_);
  }
  std::span<const uint32_t> offsets() const { return offsets_; }
  const std::vector<ColumnPtr>& children() const { return children_; }
  const std::vector<Owner>& owners() const { return owners_; }

 private:
  SqlType type_;
  size_t size_;
  Values values_;
  std::vector<uint8_t> validity_;
  std::vector<uint32_t> offsets_;
  std::vector<ColumnPtr> children_;
  std::vector<Owner> owners_;
};

/// Rows of `column` picked by `rows` (repeats allowed), as a new column sharing string memory.
ColumnPtr gather(const ColumnPtr& column, std::span<const uint32_t> rows);

/// Rows of all parts one after the other; parts share one type (asserted).
ColumnPtr concatenate(std::span<const ColumnPtr> parts);

}  // namespace auspex::operators
