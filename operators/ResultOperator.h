// SPDX-License-Identifier: Apache-2.0
// Ends a transient query: hands its rows to whoever asked.
#pragma once

#include <memory>
#include <string>

#include "operators/Topology.h"
#include "operators/ports/RowReceiver.h"

namespace auspex::operators {

struct ResultDescription final : OperatorDescription {
  std::shared_ptr<RowReceiver> receiver;  ///< null for a topology that is only explained

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override { return "Result"; }
};

}  // namespace auspex::operators
