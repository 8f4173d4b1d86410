// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/DistinctPlanner.h"

#include <fmt/format.h>

#include <utility>

#include "operators/data/Assert.h"
#include "operators/expressions/ExpressionFactory.h"
#include "queries/StatementError.h"
#include "queries/planning/KeyTypes.h"
#include "queries/planning/WindowClause.h"

namespace auspex::queries {
namespace {

using operators::DistinctKind;

PlanNodePtr above(PlanNodePtr input, DistinctPlan step) {
  return std::make_shared<const PlanNode>(
      PlanNode{std::move(step), {input}, input->types, input->isTable});
}

const ProjectPlan& projectionOf(const QueryPlan& plan) {
  const auto* const project = std::get_if<ProjectPlan>(&plan.root->step);
  AUSPEX_ASSERT(project != nullptr);
  return *project;
}

/// Of each column that identifies a row the column of the schema that shows it, else itself.
std::vector<size_t> shownKeys(const QueryPlan& plan) {
  const ProjectPlan& project = projectionOf(plan);
  const size_t numColumns = plan.schema.size();
  std::vector<size_t> shown;
  for (size_t hidden = numColumns; hidden < numColumns + plan.numHiddenKeys; ++hidden) {
    size_t column = 0;
    while (column < numColumns &&
           !operators::isSame(*project.expressions[column], *project.expressions[hidden])) {
      ++column;
    }
    shown.push_back(column < numColumns ? column : hidden);
  }
  return shown;
}

/// The columns of the schema, and behind them those at `behind`, which identify the rows.
PlanNodePtr showKeys(const PlanNodePtr& input, const operators::Schema& schema,
                     const std::vector<size_t>& behind) {
  ProjectPlan step;
  PlanNode node{ProjectPlan{}, {input}, {}, input->isTable};
  const auto add = [&](size_t column) {
    step.expressions.push_back(operators::column(
        column, input->types[column], column < schema.size() ? schema[column].name : "KEY"));
    step.names.push_back(step.expressions.back()->toString());
    node.types.push_back(input->types[column]);
  };
  for (size_t column = 0; column < schema.size(); ++column) {
    add(column);
  }
  for (const size_t column : behind) {
    add(column);
  }
  node.step = std::move(step);
  return std::make_shared<const PlanNode>(std::move(node));
}

PlanNodePtr meetByColumns(const PlanNodePtr& rows, const PlannedSources& from, size_t numColumns,
                          const QueryPlan& plan, bool byKey) {
  RepartitionPlan step;
  for (size_t i = 0; i < numColumns; ++i) {
    step.keyPositions.push_back(i);
    step.keyColumns.push_back({plan.schema[i].name, plan.schema[i].type, true});
  }
  step.keyFormat = byKey ? plan.keyFormat : operators::findFormat("JSON");
  if (byKey) {
    step.keyOptions = plan.keyOptions;
  }
  step.keyOptions.isKey = true;
  step.operation = "Distinct-repartition";
  step.partitionsOf = from.sources[0]->topic;
  for (size_t i = 0; !rows->isTable && i < plan.schema.size(); ++i) {
    step.spreadNullsBy.push_back(i);
  }
  return std::make_shared<const PlanNode>(
      PlanNode{std::move(step), {rows}, rows->types, rows->isTable});
}

std::optional<operators::DistinctWindow> distinctWindow(const parser::Select& select,
                                                        const PlannedSources& from) {
  if (!select.window || select.groupBy) {
    return std::nullopt;
  }
  const auto window = windowOf(select, from);
  if (window->key.type != operators::WindowType::Tumbling) {
    throw StatementError("DISTINCT without GROUP BY takes TUMBLING windows only.",
                         select.window->span);
  }
  if (window->retention > 0) {
    throw StatementError("RETENTION is for the windows of a GROUP BY.", select.window->span);
  }
  return operators::DistinctWindow{window->key.sizeMillis, window->grace};
}

void refuseMaps(const QueryPlan& plan, const parser::Span& span) {
  for (const operators::SchemaColumn& column : plan.schema.columns()) {
    if (containsMap(column.type)) {
      throw StatementError(fmt::format("DISTINCT cannot compare `{}` {}: the entries of a MAP have "
                                       "no order.",
                                       column.name, column.type.toString()),
                           span);
    }
  }
}

void addDistinctTable(QueryPurpose purpose, const PlannedSources& from, bool losesKey,
                      QueryPlan& plan) {
  const size_t numColumns = plan.schema.size();
  const bool isShown = purpose == QueryPurpose::Transient;
  const std::vector<size_t> keys = shownKeys(plan);
  for (const size_t key : keys) {
    losesKey = losesKey || key >= numColumns;
  }
  if (!losesKey) {
    plan.root = above(plan.root, {DistinctKind::Changes});
    plan.root = isShown ? showKeys(plan.root, plan.schema, keys) : plan.root;
    return;
  }
  PlanNode rows = *plan.root;
  ProjectPlan shown = projectionOf(plan);
  shown.expressions.resize(numColumns);
  shown.names.resize(numColumns);
  rows.types.resize(numColumns);
  rows.step = std::move(shown);
  PlanNodePtr node = std::make_shared<const PlanNode>(std::move(rows));
  if (!isShown) {
    plan.root = above(meetByColumns(node, from, numColumns, plan, false), {DistinctKind::Values});
    return;
  }
  std::vector<size_t> all(numColumns);
  for (size_t i = 0; i < numColumns; ++i) {
    all[i] = i;
  }
  plan.root = showKeys(above(node, {DistinctKind::Values}), plan.schema, all);
  plan.numHiddenKeys = numColumns;
}

}  // namespace

void addDistinct(const parser::Select& select, QueryPurpose purpose, const PlannedSources& from,
                 bool losesKey, QueryPlan& plan) {
  refuseMaps(plan, select.span);
  const std::optional<operators::DistinctWindow> window = distinctWindow(select, from);
  if (plan.window && losesKey && purpose == QueryPurpose::Persistent) {
    throw StatementError(kMovedWindows, select.span);
  }
  if (plan.isTable) {
    addDistinctTable(purpose, from, losesKey, plan);
    return;
  }
  const size_t numKeys = plan.schema.numKeys();
  if (purpose == QueryPurpose::Persistent && (numKeys == 0 || select.partitionBy)) {
    const bool byKey = numKeys > 0;
    plan.root = meetByColumns(plan.root, from, byKey ? numKeys : plan.schema.size(), plan, byKey);
  }
  plan.root = above(plan.root, {DistinctKind::Rows, window});
}

}  // namespace auspex::queries
