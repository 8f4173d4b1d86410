// SPDX-License-Identifier: Apache-2.0
// Keys of tables as bytes that sort as their values do, so that a range of keys is a range of a
// store.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/Arena.h"
#include "operators/data/Column.h"

namespace auspex::operators {

/// Encodes and decodes the key columns of rows. No key is the beginning of another one.
///
/// Layout: key := column*; column := 0 (NULL) | 1 value
///   BOOLEAN 1 byte | INTEGER, DATE, TIME 4 | BIGINT, TIMESTAMP, DOUBLE 8 | DECIMAL 16 bytes, all
///   highest first and biased so that they sort as numbers do
///   STRING, BYTES its bytes, each 0 as 0 255, then 0 1
///   others (nested types, decimals kept as text) their typed row as BYTES: they sort anyhow
/// Any thread (immutable).
class KeyCodec {
 public:
  explicit KeyCodec(std::vector<SqlType> types);

  const std::vector<SqlType>& types() const { return types_; }
  /// Whether the bytes of this type sort as its values do.
  static bool isOrdered(const SqlType& type);

  /// Appends the first columns of a key: of all the keys that begin so. columns: at most one per
  /// type.
  void encode(std::span<const ColumnPtr> columns, size_t row, std::string& out) const;

  /// Encodes all rows; result[i] views into `arena`.
  void encodeRows(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
                  std::vector<std::string_view>& result) const;

  /// Decodes keys into columns. Strings are views into the keys' bytes, which `owner` must keep
  /// alive. Throws std::runtime_error when the bytes are not keys of these types (damage).
  std::vector<ColumnPtr> decode(std::span<const std::string_view> keys, const Owner& owner) const;

 private:
  std::vector<SqlType> types_;
};

}  // namespace auspex::operators
