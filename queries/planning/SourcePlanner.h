// SPDX-License-Identifier: Apache-2.0
// FROM and its joins: which rows there are, and by which names their columns are known.
#pragma once

#include <memory>
#include <vector>

#include "parser/ast/Select.h"
#include "queries/planning/Plan.h"
#include "queries/planning/QueryPlanner.h"
#include "queries/planning/Scope.h"

namespace auspex::queries {

struct PlannedSources {
  PlanNodePtr root;
  Scope scope;
  std::vector<std::shared_ptr<const DataSource>> sources;
  bool isJoin = false;
  /// The columns whose values are the key of the rows, by position; for a join all columns of equal
  /// value that may stand for its key, the preferred first.
  std::vector<size_t> keyPositions;
};

/// Throws StatementError: unknown sources, joins that are not possible.
PlannedSources planSources(const parser::From& from, const PlanningContext& context);

/// A filter step, or the input itself without a condition.
PlanNodePtr addFilter(PlanNodePtr input, operators::ExpressionPtr condition);

}  // namespace auspex::queries
