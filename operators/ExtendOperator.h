// SPDX-License-Identifier: Apache-2.0
// Adds computed columns to rows, behind the others: keys of joins that are no columns yet.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/Topology.h"
#include "operators/expressions/BoundExpression.h"

namespace auspex::operators {

/// Columns out: those of the input, then one per expression, on both sides of changes.
struct ExtendDescription final : OperatorDescription {
  std::vector<ExpressionPtr> expressions;
  size_t numColumns = 0;  ///< of the input

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
