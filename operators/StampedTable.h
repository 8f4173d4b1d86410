// SPDX-License-Identifier: Apache-2.0
// Tables that are kept as stamped rows by their keys, read back.
#pragma once

#include <memory>

#include "operators/JoinSide.h"
#include "operators/StateTable.h"

namespace auspex::operators {

/// Reads a store with key = the key columns (keyColumnsOf) and value = stamped row of the kept
/// ones. `table` outlives it.
std::unique_ptr<const StateTable> makeStampedTable(const JoinSide& table);

}  // namespace auspex::operators
