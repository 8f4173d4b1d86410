// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/QueryPlanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "operators/SourceOperator.h"
#include "operators/models/ModelError.h"
#include "queries/StatementError.h"
#include "queries/planning/DistinctPlanner.h"
#include "queries/planning/GroupPlanner.h"
#include "queries/planning/Projection.h"
#include "queries/planning/SourcePlanner.h"

namespace auspex::queries {
namespace {

using operators::ExpressionPtr;

void refuseUnsupported(const parser::Select& select) {
  if (!select.from) {
    throw StatementError("SELECT needs a FROM here.", select.span);
  }
  if (select.window && !select.groupBy && !select.distinct) {
    throw StatementError("WINDOW clause requires a GROUP BY clause.", select.window->span);
  }
  if (select.emit == parser::EmitKind::Final && (!select.window || !select.groupBy)) {
    throw StatementError("EMIT FINAL is only supported for windowed aggregations.", select.span);
  }
}

/// What is computed of a windowed table would have to follow its windows.
void refuseWindowedTables(const PlannedSources& from, QueryPurpose purpose,
                          const parser::Span& span) {
  for (const auto& source : from.sources) {
    if (source->window && source->isTable() && purpose == QueryPurpose::Persistent) {
      throw StatementError("KSQL does not support persistent queries on windowed tables.", span);
    }
  }
}

/// Splits a condition at its ANDs.
void flattenAnd(const ExpressionPtr& condition, std::vector<ExpressionPtr>& parts) {
  const auto* const logical = condition->as<operators::LogicalNode>();
  if (logical != nullptr && logical->operation == operators::LogicalOperator::And) {
    flattenAnd(logical->left, parts);
    flattenAnd(logical->right, parts);
    return;
  }
  parts.push_back(condition);
}

ExpressionPtr conjunction(const std::vector<ExpressionPtr>& parts) {
  ExpressionPtr all;
  for (const ExpressionPtr& part : parts) {
    all = all ? operators::logicalAnd(all, part) : part;
  }
  return all;
}

bool readsFrom(const ExpressionPtr& expression, size_t firstColumn) {
  std::vector<size_t> columns;
  operators::collectColumns(*expression, columns);
  return !columns.empty() && columns.back() >= firstColumn;
}

/// WHERE around the scoring steps: what does not look at scores is checked before anything is
/// scored.
PlanNodePtr addFilterAndScoring(PlanNodePtr input, const ExpressionPtr& where,
                                const PredictBinder& scoring) {
  std::vector<ExpressionPtr> before;
  std::vector<ExpressionPtr> after;
  if (where) {
    std::vector<ExpressionPtr> parts;
    flattenAnd(where, parts);
    // Once one condition waits for a score the later ones do too, so that a row that an earlier
    // condition drops cannot fail in a later one.
    for (const ExpressionPtr& part : parts) {
      const bool waits = !after.empty() || readsFrom(part, scoring.firstColumn());
      (waits ? after : before).push_back(part);
    }
  }
  input = addFilter(input, conjunction(before));
  for (const PredictPlan& step : scoring.steps()) {
    PlanNode node{step, {input}, input->types, input->isTable};
    for (size_t slot = 0; slot < operators::kNumPredictSlots; ++slot) {
      try {
        node.types.push_back(
            operators::typeOf(static_cast<operators::PredictSlot>(slot), *step.version));
      } catch (const operators::ModelError&) {
        node.types.push_back(operators::SqlType::doubleType());  // never read: refused when bound
      }
    }
    input = std::make_shared<const PlanNode>(std::move(node));
  }
  return addFilter(input, conjunction(after));
}

ExpressionPtr bindWhere(const parser::Select& select, const PlanningContext& context,
                        const Scope& scope, PredictBinder& scoring) {
  if (!select.where) {
    return nullptr;
  }
  ExpressionBinder binder(scope, context.catalog, context.functions, "WHERE");
  binder.intercept(
      [&](const parser::Expression& expression) { return scoring.bind(expression, binder); });
  ExpressionPtr where = binder.bind(*select.where);
  if (!where->type().is(operators::TypeKind::Boolean)) {
    throw StatementError(fmt::format("Type error in WHERE expression: Should evaluate to boolean "
                                     "but is {} ({}) instead.",
                                     where->toString(), where->type().toString()),
                         select.where->span);
  }
  return where;
}

/// Columns behind those of the projection: what identifies a row of a table, for a query that shows
/// rows, and the bounds of windowed keys.
std::vector<ExpressionPtr> bindHidden(const PlannedSources& from, const PlanNode& input,
                                      QueryPurpose purpose, QueryPlan& plan) {
  const bool isShown = purpose == QueryPurpose::Transient;
  std::vector<size_t> positions;
  if (isShown && plan.isTable) {
    positions = from.hasJoinKey() ? std::vector<size_t>{from.joinKey} : from.keyPositions;
  }
  if (from.window && (!isShown || plan.isTable)) {
    positions.insert(positions.end(), from.bounds.begin(), from.bounds.end());
    plan.window = from.window;
  }
  std::vector<ExpressionPtr> hidden;
  for (const size_t position : positions) {
    const auto& columns = from.scope.columns();
    const auto named = std::find_if(columns.begin(), columns.end(), [&](const auto& column) {
      return column.position == position;
    });
    hidden.push_back(operators::column(position, input.types[position],
                                       named == columns.end() ? "ROWKEY" : named->name));
  }
  plan.numHiddenKeys = isShown ? hidden.size() : 0;
  return hidden;
}

/// Aggregates without GROUP BY: all rows are one group. Only for queries that show rows, since a
/// table has a key.
bool isOneGroup(const parser::Select& select, QueryPurpose purpose, bool hasTableFunctions) {
  return purpose == QueryPurpose::Transient && !select.groupBy && !select.partitionBy &&
         !select.window && !hasTableFunctions;
}

parser::Select asOneGroup(const parser::Select& select) {
  parser::Select grouped = select;
  grouped.groupBy = parser::Grouping{{}, select.span};
  return grouped;
}

/// The bounds of a windowed key would be lost on the way.
void refuseMovedWindows(const PlannedSources& from, const std::optional<parser::Grouping>& clause) {
  if (clause && from.window) {
    throw StatementError(kMovedWindows, clause->span);
  }
}

}  // namespace

PlanNodePtr addFilter(PlanNodePtr input, ExpressionPtr condition) {
  if (!condition) {
    return input;
  }
  return std::make_shared<const PlanNode>(
      PlanNode{FilterPlan{std::move(condition)}, {input}, input->types, input->isTable});
}

QueryPlan planQuery(const parser::Select& select, QueryPurpose purpose,
                    const PlanningContext& context) {
  refuseUnsupported(select);
  PlannedSources from = planSources(*select.from, context);
  from.isShown = purpose == QueryPurpose::Transient;
  refuseWindowedTables(from, purpose, select.from->span);
  refuseMovedWindows(from, select.groupBy);
  refuseMovedWindows(from, select.partitionBy);
  TableFunctionBinder tables(select, context, from);
  PredictBinder scoring(from.scope, context.catalog, context.models);
  ExpressionPtr where = bindWhere(select, context, from.scope, scoring);
  QueryPlan plan;
  plan.sources = from.read;
  plan.keyFormat = from.sources[0]->keyFormat;
  plan.keyOptions = from.sources[0]->keyOptions;
  if (from.isJoin && plan.keyFormat->name() == "NONE") {
    plan.keyFormat = operators::findFormat("KAFKA");
  }
  plan.limit = select.limit;
  plan.emitChanges = select.emit == parser::EmitKind::Changes;
  if (select.groupBy) {
    if (select.partitionBy) {
      throw StatementError("PARTITION BY cannot stand beside GROUP BY.", select.partitionBy->span);
    }
    plan.isGrouped = true;
    planGrouped(select, purpose, context, from, where, scoring, addFilterAndScoring, plan);
    if (select.distinct) {
      addDistinct(select, purpose, from, false, plan);
    }
    return plan;
  }
  if (select.having) {
    throw StatementError("HAVING requires a GROUP BY clause.", select.having->span);
  }
  Projection projection;
  try {
    projection = bindProjection(select, purpose, context, from, tables, scoring);
  } catch (const MisplacedAggregate&) {
    if (!isOneGroup(select, purpose, !tables.empty())) {
      throw;
    }
    return planQuery(asOneGroup(select), purpose, context);
  }
  PlanNodePtr input = from.root;
  if (!tables.empty() && scoring.steps().empty()) {
    // Rows that WHERE drops need not become several.
    input = addFilter(input, std::exchange(where, nullptr));
  }
  input = addFilterAndScoring(tables.addTo(input), where, scoring);
  plan.isTable = input->isTable;
  plan.schema = operators::Schema(projection.columns);
  if (projection.removesKey) {
    plan.keyFormat = operators::findFormat("NONE");
    plan.keyOptions = {};
  }
  const std::vector<ExpressionPtr> hidden = bindHidden(from, *input, purpose, plan);
  plan.root = addProjection(input, projection, hidden);
  if (select.distinct) {
    addDistinct(select, purpose, from, projection.losesKey, plan);
  }
  return plan;
}

}  // namespace auspex::queries
