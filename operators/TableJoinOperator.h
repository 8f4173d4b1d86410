// SPDX-License-Identifier: Apache-2.0
// Joins two tables by their keys.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "operators/JoinSide.h"

namespace auspex::operators {

/// Joins table changes of two inputs as the tables are at each change. Columns out: all left ones,
/// then all right ones. Each change of either side gives the changed row of the result; nothing,
/// where there was none and is none. A deleted row still has its columns, for its key. Timestamp:
/// the larger one of both sides. Source: dialect, joins.
///
/// Stores, one per side: key = that column (KeyCodec); value = timestamp (8 bytes, highest first)
/// and the typed row of the kept columns.
struct TableJoinDescription final : OperatorDescription {
  JoinKind kind = JoinKind::Inner;
  std::array<JoinSide, 2> sides;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
  std::unique_ptr<const StateTable> stateTable() const override;
};

}  // namespace auspex::operators
