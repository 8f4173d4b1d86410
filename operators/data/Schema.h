// SPDX-License-Identifier: Apache-2.0
// The schema of a stream or table: named key and value columns with types, keys first.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/SqlType.h"

namespace auspex::operators {

struct SchemaColumn {
  std::string name;  ///< as stored: upper-cased unless it was quoted
  SqlType type;
  bool isKey = false;
  bool isHeader = false;       ///< filled from the record's headers, not from its value
  std::string headerKey = {};  ///< of HEADER('key'); empty: all headers
  friend bool operator==(const SchemaColumn& left, const SchemaColumn& right) = default;
};

std::vector<SqlType> typesOf(std::span<const SchemaColumn> columns);

/// Key columns, then value columns, each in declared order. Immutable after construction.
class Schema {
 public:
  Schema() = default;
  /// Moves key columns to the front, keeping the order within keys and within values.
  explicit Schema(std::vector<SchemaColumn> columns);

  const std::vector<SchemaColumn>& columns() const { return columns_; }
  size_t size() const { return columns_.size(); }
  const SchemaColumn& operator[](size_t index) const { return columns_[index]; }
  size_t numKeys() const { return numKeys_; }
  size_t numValues() const { return columns_.size() - numKeys_; }
  /// The value columns that the value's bytes hold: all but those filled from headers.
  std::vector<SchemaColumn> storedValues() const;
  /// Position of the column of exactly that name.
  std::optional<size_t> find(std::string_view name) const;
  /// As its topic is read again: decimals of any scale have the scale of their type there.
  Schema asRead() const;
  /// ``"`ID` STRING KEY, `AMOUNT` DOUBLE"``, as DESCRIBE and error texts print it.
  std::string toString() const;

  friend bool operator==(const Schema& left, const Schema& right) = default;

 private:
  std::vector<SchemaColumn> columns_;
  size_t numKeys_ = 0;
};

}  // namespace auspex::operators
