// SPDX-License-Identifier: Apache-2.0
// A table whose rows leave it when they are not updated for some time.
#pragma once

#include <memory>
#include <string>

#include "operators/JoinSide.h"

namespace auspex::operators {

/// Keeps the newest row per key of a table, and deletes it when the highest timestamp so far has
/// reached the row's own plus the time to live; a row that comes so late is a deletion itself.
/// Columns out: as in, with the old side; what is over is given out before the change that moves
/// time, with the time at which it was. Deletions of what is not there are dropped.
///
/// Store: key = the key columns (KeyCodec), value = stamped row of the kept columns. The other
/// store: as TimeToLive has it.
struct ExpireDescription final : OperatorDescription {
  JoinSide table;         ///< its key columns are `key` and `equal`, which are kept too
  std::string timeStore;  ///< by which rows are over
  int64_t ttl = 0;        ///< in milliseconds

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
  std::unique_ptr<const StateTable> stateTable() const override;
};

}  // namespace auspex::operators
