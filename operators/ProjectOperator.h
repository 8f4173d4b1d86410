// SPDX-License-Identifier: Apache-2.0
// Computes the columns of a projection.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/Topology.h"
#include "operators/expressions/BoundExpression.h"

namespace auspex::operators {

/// Columns out: one per expression. Rows stay as they are (a null row stays null); an expression in
/// error gives NULL in its column. Tables: computed for both sides where the old one is carried.
struct ProjectDescription final : OperatorDescription {
  std::vector<ExpressionPtr> expressions;
  std::vector<std::string> names;  ///< parallel, for people
  /// Parallel, or empty: this column is NULL in rows without a value (streams).
  std::vector<bool> nullWithoutValue;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
