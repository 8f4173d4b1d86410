// SPDX-License-Identifier: Apache-2.0
// Decimals kept as text (TypeKind::BigDecimal) over columns: row by row and exact.
#pragma once

#include <optional>

#include "operators/data/Arena.h"
#include "operators/expressions/BigDecimal.h"
#include "operators/expressions/BoundExpression.h"
#include "operators/expressions/PhysicalTypes.h"

namespace auspex::operators {

/// Collects decimals as a column of a DECIMAL type of either form.
class DecimalColumnBuilder {
 public:
  DecimalColumnBuilder(const SqlType& type, size_t numRows, std::vector<uint8_t> validity);

  bool isPresent(size_t row) const { return validity_.empty() || validity_[row] != 0; }
  /// False, and the row NULL, when a DECIMAL of 38 digits cannot hold it.
  bool set(size_t row, const BigDecimal& value);
  void fail(size_t row) { setNull(validity_, row, numRows_); }
  ColumnPtr finish();

 private:
  SqlType type_;
  size_t numRows_;
  std::vector<uint8_t> validity_;
  std::vector<Int128> plain_;
  std::vector<std::string_view> texts_;
  std::shared_ptr<Arena> arena_;
};

/// One of the operands, or the result, is a BigDecimal.
ColumnPtr computeBigArithmetic(ArithmeticOperator operation, const SqlType& resultType,
                               const Operand& left, const Operand& right, Selection rows,
                               size_t numRows, RowFailures& failures);

/// The negation of a BigDecimal.
ColumnPtr computeBigNegation(const Operand& operand, Selection rows, size_t numRows);

/// One of the two is a BigDecimal, the other a DECIMAL of either form. Sets out[row] to order(row's
/// comparison); rows with a NULL are left alone.
template <typename Holds>
void compareBigDecimals(const Operand& left, const Operand& right, Selection rows, Holds holds,
                        std::vector<uint8_t>& out) {
  rows.forEach([&](size_t row) {
    if (!left.isNull(row) && !right.isNull(row)) {
      const int order = BigDecimal::compare(bigDecimalAt(*left.column, left.rowOf(row)),
                                            bigDecimalAt(*right.column, right.rowOf(row)));
      out[row] = holds(order) ? 1 : 0;
    }
  });
}

/// CAST to a BigDecimal from STRING or a number.
ColumnPtr castToBigDecimal(const Operand& operand, const SqlType& to, Selection rows,
                           size_t numRows, RowFailures& failures);

/// CAST of a BigDecimal to a number of another kind.
ColumnPtr castFromBigDecimal(const Operand& operand, const SqlType& to, Selection rows,
                             size_t numRows, RowFailures& failures);

}  // namespace auspex::operators
