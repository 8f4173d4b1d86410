// SPDX-License-Identifier: Apache-2.0
// Where the rows of a transient query go. Implemented by the engine.
#pragma once

#include "operators/data/Batch.h"

namespace auspex::operators {

class RowReceiver {
 public:
  virtual ~RowReceiver() = default;
  /// Takes the rows of one draw. Columns are the plan's; strings live as long as the call. Called
  /// on the task's thread.
  virtual void receive(const Batch& rows) = 0;
};

}  // namespace auspex::operators
