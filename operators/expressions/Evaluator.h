// SPDX-License-Identifier: Apache-2.0
// Computes bound expressions over columns: one typed loop per node and batch, with selections where
// a part is needed for some rows only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "operators/data/Batch.h"
#include "operators/data/RowErrors.h"
#include "operators/expressions/BoundExpression.h"
#include "operators/expressions/Selection.h"

namespace auspex::operators {

/// Columns to evaluate on: either side of a batch. columns[i] may be null where no expression reads
/// column i. drawIndex (one per row) gives errors their record; empty: row numbers are used.
struct EvaluationInput {
  size_t numRows = 0;
  std::span<const ColumnPtr> columns;
  std::span<const uint32_t> drawIndex;

  static EvaluationInput newSide(const Batch& batch) {
    return {batch.numRows, batch.columns, batch.drawIndex};
  }
  static EvaluationInput oldSide(const Batch& batch) {
    return {batch.numRows, batch.oldColumns, batch.drawIndex};
  }
};

/// A list of expressions, prepared once and evaluated per batch. Expressions that occur more than
/// once (within one or in several) are computed once per call where all rows need them.
///
/// Belongs to one thread (it keeps scratch memory). A row that fails gives NULL and an error of
/// kind Expression; rows whose result is not needed (CASE, AND, OR) cannot fail. Source: dialect,
/// coercion, arithmetic, comparison, nulls.
class Evaluator {
 public:
  explicit Evaluator(std::vector<ExpressionPtr> expressions);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  const std::vector<ExpressionPtr>& expressions() const;

  /// One column of input.numRows rows per expression. Rows outside `rows` hold anything readable.
  std::vector<ColumnPtr> evaluate(const EvaluationInput& input, Selection rows, RowErrors& errors);
  /// All rows.
  std::vector<ColumnPtr> evaluate(const EvaluationInput& input, RowErrors& errors) {
    return evaluate(input, Selection::all(input.numRows), errors);
  }

  /// The columns of both sides of a batch; what fails on the old side is not reported, since it was
  /// when it was new. `old` is empty when the batch carries no old side.
  struct Sides {
    std::vector<ColumnPtr> now;
    std::vector<ColumnPtr> old;
  };
  Sides evaluateSides(const Batch& batch, RowErrors& errors);

  /// The rows among `rows` for which the only expression (BOOLEAN, asserted) is true; false and
  /// NULL drop. Ascending. The span is valid until the next call.
  std::span<const uint32_t> evaluateFilter(const EvaluationInput& input, Selection rows,
                                           RowErrors& errors);
  std::span<const uint32_t> evaluateFilter(const EvaluationInput& input, RowErrors& errors) {
    return evaluateFilter(input, Selection::all(input.numRows), errors);
  }

 private:
  class Program;
  std::unique_ptr<Program> program_;
};

}  // namespace auspex::operators
