// SPDX-License-Identifier: Apache-2.0
// Which columns the steps of a plan need of what they read.
#pragma once

#include <vector>

#include "operators/JoinSide.h"
#include "queries/planning/Plan.h"

namespace auspex::queries {

/// Per column of a step's rows: somebody above reads it.
using Required = std::vector<bool>;

/// Marks the columns that the expression reads.
void require(const operators::ExpressionPtr& expression, Required& required);
/// The required columns, in order.
std::vector<size_t> positionsOf(const Required& required);

/// What identifies a row of a table: its key columns, and of windowed keys their bounds.
std::vector<size_t> keysOf(const DataSource& source);

/// The positions of what identifies a row: the keys of all tables that it is made of. `first` is
/// where the node's columns begin.
void collectKeys(const PlanNode& node, size_t first, std::vector<size_t>& keys);

/// One side of a join whose rows are those of all its inputs, one after the other. equal: columns
/// that have to be equal besides the keys.
operators::JoinSide describeSide(const PlanNode& node, size_t side, size_t key,
                                 const Required& required, const std::vector<size_t>& equal = {});
/// A table that is kept by its keys, with those of its columns.
operators::JoinSide describeTable(const std::vector<size_t>& keys, const Required& kept,
                                  const std::vector<operators::SqlType>& types);
/// What a side reads of its input.
Required requiredOf(const operators::JoinSide& side);

}  // namespace auspex::queries
