// SPDX-License-Identifier: Apache-2.0
// Loops over the rows of two operands that become one value per row.
#pragma once

#include <vector>

#include "operators/expressions/PhysicalTypes.h"

namespace auspex::operators {

/// apply(left, right) for the selected rows; one loop per shape, so that constants stay registers.
template <typename T, typename Apply>
std::vector<T> mapPairs(const Operand& left, const Operand& right, Selection selected,
                        size_t numRows, Apply apply) {
  std::vector<T> values(numRows);
  const Selection rows = denseIfWorthwhile(selected, numRows);
  const T* const a = left.column->values<T>().data();
  const T* const b = right.column->values<T>().data();
  T* const out = values.data();
  if (left.constant && right.constant) {
    const T result = numRows == 0 ? T{} : apply(*a, *b);
    rows.forEach([&](size_t row) { out[row] = result; });
  } else if (left.constant) {
    const T constant = *a;
    rows.forEach([&](size_t row) { out[row] = apply(constant, b[row]); });
  } else if (right.constant) {
    const T constant = *b;
    rows.forEach([&](size_t row) { out[row] = apply(a[row], constant); });
  } else {
    rows.forEach([&](size_t row) { out[row] = apply(a[row], b[row]); });
  }
  return values;
}

}  // namespace auspex::operators
