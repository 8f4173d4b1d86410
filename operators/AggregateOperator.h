// SPDX-License-Identifier: Apache-2.0
// Groups rows by key columns and keeps aggregates per group in a store: each row in gives the
// changed row of its group out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/AggregateCalls.h"
#include "operators/Topology.h"
#include "operators/data/Schema.h"

namespace auspex::operators {

/// Columns in: the grouping columns first. Columns out: the grouping columns, then one result per
/// call; a table change per row in, with timestamp = max over the group's rows. Rows without a
/// value or with a NULL grouping column are dropped (the latter reported).
///
/// Over a table (changes with their old side) a row leaves the group of its old side and joins that
/// of its new one; when these differ both groups are given out, the old one first. All calls can
/// undo then.
///
/// With a time to live, of a stream only, a group to which no row has come for so long is deleted,
/// its state with it, before the row that moves time is counted; a row that comes so late to no
/// group is dropped (reported).
///
/// Store: key = the grouping columns (KeyCodec); value = typed row of storedTypesOf(). The other
/// store: as TimeToLive has it. Source: dialect, operator semantics.
struct AggregateDescription final : OperatorDescription {
  std::string store;
  std::vector<SchemaColumn> groupColumns;
  std::vector<AggregateCall> calls;
  bool emitOld = false;   ///< somebody downstream needs the old side
  int64_t ttl = 0;        ///< time to live in milliseconds; 0: groups stay
  std::string timeStore;  ///< by which groups are over, if they have one

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
  std::unique_ptr<const StateTable> stateTable() const override;
};

/// The operator with a time to live; AggregateDescription::create chooses.
std::unique_ptr<Operator> makeExpiringAggregate(const AggregateDescription& description,
                                                TaskServices& services);

}  // namespace auspex::operators
