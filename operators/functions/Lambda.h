// SPDX-License-Identifier: Apache-2.0
// How kernels that take lambdas (FILTER, TRANSFORM, REDUCE) run the bodies.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "operators/data/Column.h"

namespace auspex::operators {

struct LambdaNode;
class RowFailures;

/// Columns for the parameters of a lambda, all of the body's number of rows.
class LambdaBindings {
 public:
  void bind(uint32_t parameterId, ColumnPtr column) {
    columns_.emplace_back(parameterId, std::move(column));
  }
  /// The column of a parameter (asserted to be bound).
  const ColumnPtr& columnOf(uint32_t parameterId) const;
  /// Adds the parameters of an enclosing lambda, repeated by `rowOf`.
  void inheritRows(const LambdaBindings& outer, std::span<const uint32_t> rowOf);

 private:
  std::vector<std::pair<uint32_t, ColumnPtr>> columns_;
};

/// Runs a lambda's body once for all its rows; the Evaluator is one.
class LambdaBodyEvaluator {
 public:
  virtual ~LambdaBodyEvaluator() = default;
  /// rowOf[i]: the row of the batch whose columns row i of the body sees. A NULL in arithmetic
  /// fails here, as in ksqlDB's lambdas.
  virtual ColumnPtr evaluateBody(const LambdaNode& lambda, const LambdaBindings& bindings,
                                 std::span<const uint32_t> rowOf, RowFailures& failures) = 0;
};

}  // namespace auspex::operators
