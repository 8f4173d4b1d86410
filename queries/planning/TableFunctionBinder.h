// SPDX-License-Identifier: Apache-2.0
// Table functions in a select list (EXPLODE): each call becomes a column of a step that turns a row
// into several.
#pragma once

#include <vector>

#include "operators/functions/FunctionRegistry.h"
#include "parser/ast/Select.h"
#include "queries/planning/ExpressionBinder.h"
#include "queries/planning/Plan.h"
#include "queries/planning/QueryPlanner.h"
#include "queries/planning/SourcePlanner.h"

namespace auspex::queries {

/// Collects the calls of one SELECT. Their columns stand behind those of the sources, before those
/// of scoring steps.
class TableFunctionBinder {
 public:
  /// Counts the calls and widens the scope by their columns. Throws what binding the select list
  /// throws, and StatementError where table functions may not stand.
  TableFunctionBinder(const parser::Select& select, const PlanningContext& context,
                      PlannedSources& from);

  bool empty() const { return numCalls_ == 0; }
  /// The column for a call; a null pointer when the expression is none.
  operators::ExpressionPtr bind(const parser::Expression& expression,
                                const ExpressionBinder& binder);
  /// Puts the step onto the rows; the input itself when there are no calls.
  PlanNodePtr addTo(PlanNodePtr input) const;

 private:
  size_t countCalls(const parser::Select& select) const;
  void countIn(const parser::Expression& expression, size_t& count) const;
  const parser::FunctionCall* callIn(const parser::Expression& expression) const;

  const PlanningContext& context_;
  size_t firstColumn_ = 0;
  size_t numCalls_ = 0;
  std::vector<operators::BoundTableFunction> functions_;
};

}  // namespace auspex::queries
