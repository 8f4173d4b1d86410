// SPDX-License-Identifier: Apache-2.0
// Keeps the rows for which a condition is true.
#pragma once

#include <memory>
#include <string>

#include "operators/Topology.h"
#include "operators/expressions/BoundExpression.h"

namespace auspex::operators {

/// Streams: rows with a null value are dropped, and so is what is false, NULL or in error. Tables:
/// a change whose new side fails becomes a delete when its old side had passed, and is dropped
/// otherwise; that needs the old side. Source: dialect, operator semantics.
struct FilterDescription final : OperatorDescription {
  ExpressionPtr condition;  ///< BOOLEAN, over the columns of the input
  bool isTable = false;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
