// SPDX-License-Identifier: Apache-2.0
// One SQL value outside a batch: constants of a statement, results shown to a person, state seeds.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "operators/data/Column.h"
#include "operators/data/SqlType.h"

namespace auspex::operators {

/// A single, owned SQL value; null when `isNull()`. Never used per row on a hot path.
/// Physical forms are those of Column; nested values hold their parts in order (MAP: key, value,
/// key, value, ...).
struct Value {
  using Parts = std::vector<Value>;
  std::variant<std::monostate, bool, int32_t, int64_t, double, Int128, std::string, Parts> data;

  bool isNull() const { return std::holds_alternative<std::monostate>(data); }
  friend bool operator==(const Value& left, const Value& right) = default;
};

/// The value of one row.
Value valueAt(const Column& column, size_t row);

/// A column of `numRows` copies of `value`.
ColumnPtr makeConstant(const SqlType& type, const Value& value, size_t numRows);

/// A column of the given values, in order.
ColumnPtr makeColumn(const SqlType& type, std::span<const Value> values);

}  // namespace auspex::operators
