// SPDX-License-Identifier: Apache-2.0
// Pull queries: a SELECT from a table that a running query keeps in state, answered by reading just
// the rows of that state that it asks for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/StateTable.h"
#include "operators/Topology.h"
#include "queries/catalog/Catalog.h"

namespace auspex::queries {

/// How a pull query runs. Immutable; any thread.
struct PullPlan {
  std::string table;
  std::string queryId;  ///< whose state is read
  size_t part = 0;      ///< of its topology: the tasks that hold the state
  std::shared_ptr<const operators::StateTable> state;
  operators::StateRange range;
  /// What happens to the rows that are read, first to last; none keeps state.
  std::vector<std::shared_ptr<const operators::OperatorDescription>> steps;
  std::vector<operators::ModelUse> models;            ///< that the steps score with
  std::shared_ptr<const operators::Topology> keeper;  ///< what `state` is of

  /// An indented tree as EXPLAIN shows topologies, the result first.
  std::string toString() const;
};

/// Plans reading `table` from the state of `keeper`, the query that writes or materializes it.
/// `select` is the SELECT, of so many columns, as a topology of one part over the table as its only
/// source. Returns null when the query keeps no such state.
std::shared_ptr<const PullPlan> planPull(const DataSource& table,
                                         std::shared_ptr<const operators::Topology> keeper,
                                         const operators::Topology& select, size_t numColumns);

}  // namespace auspex::queries
