// SPDX-License-Identifier: Apache-2.0
// Table functions: each row becomes as many rows as the longest of them gives.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/Topology.h"
#include "operators/functions/FunctionRegistry.h"

namespace auspex::operators {

/// Columns out: those of the input, then one per function. The functions of a row advance together,
/// the shorter ones padded with NULL; a row for which all give nothing disappears, and so does one
/// for which an argument or a function fails (reported). Streams only. Source: dialect, EXPLODE.
struct FlatMapDescription final : OperatorDescription {
  std::vector<BoundTableFunction> functions;
  size_t numColumns = 0;  ///< of the input

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
