// SPDX-License-Identifier: Apache-2.0
// Keeps a table as it is given out, where it could not be made again of what the query keeps
// otherwise.
#pragma once

#include <memory>
#include <string>

#include "operators/JoinSide.h"

namespace auspex::operators {

/// Keeps the newest row per key of a table, for pull queries, until it is deleted. Changes go
/// through as they are.
///
/// Store: key = the key columns (KeyCodec), value = stamped row of the kept columns.
struct KeepDescription final : OperatorDescription {
  JoinSide table;  ///< its key columns are `key` and `equal`, which are kept too

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
  std::unique_ptr<const StateTable> stateTable() const override;
};

}  // namespace auspex::operators
