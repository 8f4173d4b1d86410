// SPDX-License-Identifier: Apache-2.0
// Rows as compact typed bytes: for state, waiting rows and repartition topics. Not for people.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/Arena.h"
#include "operators/data/Column.h"

namespace auspex::operators {

/// Encodes and decodes rows of a fixed list of types.
///
/// Layout: row := bitmap of nulls (one bit per column, LSB first, 1 = null, rounded up to bytes)
///               value* (absent for nulls)
///   BOOLEAN 1 byte | INTEGER, DATE, TIME 4 bytes LE | BIGINT, TIMESTAMP, DOUBLE 8 bytes LE
///   DECIMAL 16 bytes LE | STRING, BYTES varint length, bytes
///   ARRAY varint count, nested row of elements | MAP varint count, keys, values | STRUCT row
/// Any thread (immutable).
class RowCodec {
 public:
  explicit RowCodec(std::vector<SqlType> types);

  const std::vector<SqlType>& types() const { return types_; }
  /// Hash of the types in order; kept with a store so that a newer plan cannot misread it.
  uint64_t fingerprint() const;

  /// Appends the encoding of one row to `out`. columns: one per type.
  void encode(std::span<const ColumnPtr> columns, size_t row, std::string& out) const;

  /// Encodes all rows; result[i] views into `arena`.
  void encodeRows(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
                  std::vector<std::string_view>& result) const;

  /// Decodes rows into columns. An empty optional-like view (data() == nullptr) gives nulls in all
  /// columns. Strings are views into the rows' bytes, which `owner` must keep alive.
  /// Throws std::runtime_error when the bytes are not a row of these types (damage).
  std::vector<ColumnPtr> decode(std::span<const std::string_view> rows, Owner owner) const;

 private:
  std::vector<SqlType> types_;
};

}  // namespace auspex::operators
