// SPDX-License-Identifier: Apache-2.0
// UNION ALL: the rows of several streams as one.
#pragma once

#include <memory>
#include <string>

#include "operators/Topology.h"

namespace auspex::operators {

/// Inputs: streams with the same columns. Rows that come from one record stand in the order of the
/// inputs, rows of different records in the order of these.
struct UnionDescription final : OperatorDescription {
  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
