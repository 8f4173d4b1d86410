// SPDX-License-Identifier: Apache-2.0
// From a SQL type to the C++ type of its column, and what kernels share: validity and owners.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// Calls visit(std::type_identity<T>) with the physical form of a type that is not nested
/// (asserted).
template <typename Visit>
decltype(auto) visitPhysical(TypeKind kind, Visit&& visit) {
  switch (kind) {
    case TypeKind::Boolean:
      return visit(std::type_identity<uint8_t>{});
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return visit(std::type_identity<int32_t>{});
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return visit(std::type_identity<int64_t>{});
    case TypeKind::Double:
      return visit(std::type_identity<double>{});
    case TypeKind::Decimal:
      return visit(std::type_identity<Int128>{});
    case TypeKind::String:
    case TypeKind::Bytes:
    case TypeKind::BigDecimal:
      return visit(std::type_identity<std::string_view>{});
    case TypeKind::Array:
    case TypeKind::Map:
    case TypeKind::Struct:
      break;
  }
  AUSPEX_ASSERT(kind < TypeKind::Array);
  return visit(std::type_identity<uint8_t>{});
}

/// Rows of an operand by row of the batch, whether it is a constant or not.
template <typename T>
class OperandView {
 public:
  explicit OperandView(const Operand& operand)
      : values_(operand.column->values<T>().data()), mask_(operand.constant ? 0 : ~size_t{0}) {}
  const T& operator[](size_t row) const { return values_[row & mask_]; }

 private:
  const T* values_;
  size_t mask_;
};

/// Validity of a result that is null where any operand is: empty when none of them has nulls.
std::vector<uint8_t> commonValidity(std::span<const Operand> operands, size_t numRows);

/// Clears row's validity, giving the vector its length first if it is still empty.
inline void setNull(std::vector<uint8_t>& validity, size_t row, size_t numRows) {
  if (validity.empty()) {
    validity.assign(numRows, 1);
  }
  validity[row] = 0;
}

/// Adds what the strings of `column`, nested ones too, point into.
void collectOwners(const Column& column, std::vector<Owner>& owners);
std::vector<Owner> ownersOf(std::span<const Operand> operands);

/// A column of `numRows` rows of the operand.
ColumnPtr materialize(const Operand& operand, size_t numRows);

/// Dense work on all rows costs less than walking a list that has a good part of them.
inline Selection denseIfWorthwhile(Selection rows, size_t numRows) {
  return rows.isAll() || rows.size() * 4 < numRows ? rows : Selection::all(numRows);
}

}  // namespace auspex::operators
