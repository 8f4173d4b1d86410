// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/PullPlanner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "operators/DistinctOperator.h"
#include "operators/ExpireOperator.h"
#include "operators/FilterOperator.h"
#include "operators/KeepOperator.h"
#include "operators/PredictOperator.h"
#include "operators/ProjectOperator.h"
#include "operators/SourceOperator.h"
#include "operators/StateColumns.h"
#include "operators/TableOperators.h"
#include "operators/data/Assert.h"
#include "operators/expressions/ExpressionFactory.h"
#include "operators/expressions/TypeRules.h"
#include "queries/planning/KeyConstraints.h"

namespace auspex::queries {
namespace {

using Step = std::shared_ptr<const operators::OperatorDescription>;

/// Where a query keeps the table that it gives out, and what it makes of the kept rows.
struct KeptTable {
  Step keeper;
  std::shared_ptr<const operators::StateTable> state;
  std::vector<Step> steps;
};

/// From the sink down to the first node that keeps a table.
std::optional<KeptTable> findKeptTable(const operators::SubTopology& part) {
  KeptTable kept;
  size_t node = part.nodes.size() - 1;
  while (true) {
    const operators::TopologyNode& current = part.nodes[node];
    if (auto state = current.description->stateTable()) {
      kept.keeper = current.description;
      kept.state = std::move(state);
      std::reverse(kept.steps.begin(), kept.steps.end());
      return kept;
    }
    if (current.inputs.size() != 1) {
      return std::nullopt;
    }
    if (node + 1 != part.nodes.size()) {  // the last one is the sink
      kept.steps.push_back(current.description);
    }
    node = current.inputs[0];
  }
}

/// Filters and scores of changes need their old sides; here are rows only, and none is logged.
Step asRowStep(const Step& step) {
  if (const auto* const predict = dynamic_cast<const operators::PredictDescription*>(step.get())) {
    auto rows = std::make_shared<operators::PredictDescription>(*predict);
    rows->store.clear();
    rows->shadowTopic.clear();
    return rows;
  }
  const auto* const distinct = dynamic_cast<const operators::DistinctDescription*>(step.get());
  if (distinct != nullptr && distinct->kind != operators::DistinctKind::Changes) {
    auto rows = std::make_shared<operators::DistinctDescription>(*distinct);
    rows->kind = operators::DistinctKind::Rows;
    rows->store.clear();
    return rows;
  }
  const auto* const filter = dynamic_cast<const operators::FilterDescription*>(step.get());
  if (filter == nullptr) {
    return step;
  }
  auto rows = std::make_shared<operators::FilterDescription>(*filter);
  rows->isTable = false;
  return rows;
}

/// A step that keeps the rows of its source as they are.
bool keepsSourceRows(const Step& step) {
  return dynamic_cast<const operators::MaterializeDescription*>(step.get()) != nullptr ||
         dynamic_cast<const operators::ExpireDescription*>(step.get()) != nullptr;
}

/// The columns that tell rows apart, behind those of the result, are for changes as well.
Step withoutHidden(const Step& step, size_t numColumns) {
  const auto* const project = dynamic_cast<const operators::ProjectDescription*>(step.get());
  if (project == nullptr) {
    return step;
  }
  auto shown = std::make_shared<operators::ProjectDescription>(*project);
  shown->expressions.resize(numColumns);
  shown->names.resize(numColumns);
  return shown;
}

/// The column of the kept rows that column `position` behind all steps is, if it is one.
std::optional<size_t> originOf(size_t position, const std::vector<Step>& steps) {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const auto* const project = dynamic_cast<const operators::ProjectDescription*>(step->get());
    if (project == nullptr) {
      continue;  // adds columns behind the others, if any
    }
    const auto* const column = project->expressions[position]->as<operators::ColumnNode>();
    if (column == nullptr) {
      return std::nullopt;
    }
    position = column->index;
  }
  return position;
}

LookupColumns lookupColumnsOf(const DataSource& table, const KeptTable& kept) {
  LookupColumns columns;
  const std::vector<size_t> keyColumns = kept.state->keyColumns();
  const std::vector<operators::SqlType> keyTypes = kept.state->keyTypes();
  for (size_t i = 0; i < keyColumns.size(); ++i) {
    LookupColumns::Key key{std::nullopt, keyTypes[i]};
    if (keyColumns.size() == 1 && table.schema.numKeys() == 1) {
      key.position = 0;  // also where a join has made it of both sides
    }
    for (size_t position = 0; !key.position && position < table.schema.numKeys(); ++position) {
      if (originOf(position, kept.steps) == keyColumns[i]) {
        key.position = position;
      }
    }
    columns.keys.push_back(std::move(key));
  }
  if (table.window) {
    columns.windowStart = table.schema.size() + operators::kNumPseudoColumns;
    columns.windowEnd = *columns.windowStart + 1;
  }
  return columns;
}

/// What stands for the columns that a query gives out, as far as it is known: of what the last step
/// makes them, or is kept itself.
std::vector<operators::ExpressionPtr> columnsOut(const DataSource& table, const KeptTable& kept,
                                                 const std::vector<Step>& steps) {
  std::vector<operators::ExpressionPtr> columns;
  const auto add = [&](const operators::SqlType& type, const std::string& name) {
    columns.push_back(operators::column(columns.size(), type, name));
  };
  if (!steps.empty()) {
    const auto* const last = dynamic_cast<const operators::ProjectDescription*>(steps.back().get());
    for (size_t i = 0; last != nullptr && i < last->expressions.size(); ++i) {
      add(last->expressions[i]->type(), last->names[i]);
    }
    return columns;
  }
  const auto* const keep = dynamic_cast<const operators::KeepDescription*>(kept.keeper.get());
  for (size_t i = 0; keep != nullptr && i < table.schema.size(); ++i) {
    add(keep->table.types[i], table.schema[i].name);
  }
  return columns;
}

/// The types that the columns have as they are read from the table's topic.
void addCasts(const DataSource& table, const KeptTable& kept, std::vector<Step>& steps) {
  auto casts = std::make_shared<operators::ProjectDescription>();
  bool changes = false;
  for (operators::ExpressionPtr& column : columnsOut(table, kept, steps)) {
    const size_t i = casts->expressions.size();
    casts->names.push_back(column->as<operators::ColumnNode>()->name);
    if (i < table.schema.size() && !(column->type() == table.schema[i].type)) {
      column = operators::implicitCast(column, table.schema[i].type);
      changes = true;
    }
    casts->expressions.push_back(std::move(column));
  }
  if (changes) {
    steps.push_back(std::move(casts));
  }
}

Step stateColumns(const DataSource& table) {
  auto columns = std::make_shared<operators::StateColumnsDescription>();
  columns->name = table.name;
  columns->numColumns = table.schema.size();
  columns->isWindowed = table.window.has_value();
  columns->timestamp = table.timestamp;
  return columns;
}

}  // namespace

std::string PullPlan::toString() const {
  std::string text = "Pull from " + queryId + "\n";
  std::string indent = "  ";
  text += indent + "Result\n";
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    indent += "  ";
    text += indent + (*step)->toString() + "\n";
  }
  return text + indent + "  " + operators::describeAccess(*state, range) + "\n";
}

std::shared_ptr<const PullPlan> planPull(const DataSource& table,
                                         std::shared_ptr<const operators::Topology> keeper,
                                         const operators::Topology& select, size_t numColumns) {
  AUSPEX_ASSERT(select.parts.size() == 1);
  std::optional<KeptTable> kept = findKeptTable(keeper->parts.back());
  if (!kept) {
    return nullptr;
  }
  auto plan = std::make_shared<PullPlan>();
  plan->table = table.name;
  plan->queryId = keeper->queryId;
  plan->part = keeper->parts.size() - 1;
  plan->state = kept->state;
  const LookupColumns columns = lookupColumnsOf(table, *kept);
  for (const Step& step : kept->steps) {
    plan->steps.push_back(asRowStep(step));
  }
  addCasts(table, *kept, plan->steps);
  plan->steps.push_back(stateColumns(table));
  for (const operators::SubTopology* const part : {&keeper->parts.back(), &select.parts[0]}) {
    plan->models.insert(plan->models.end(), part->models.begin(), part->models.end());
  }
  plan->keeper = std::move(keeper);
  // Of the SELECT: what stands between its source, which may be materialized, and its result.
  operators::ExpressionPtr condition;
  const size_t numBefore = plan->steps.size();
  for (size_t i = 1; i + 1 < select.parts[0].nodes.size(); ++i) {
    const Step& step = select.parts[0].nodes[i].description;
    const auto* const distinct = dynamic_cast<const operators::DistinctDescription*>(step.get());
    const bool isForChanges =
        distinct != nullptr && distinct->kind == operators::DistinctKind::Changes;
    if (isForChanges || keepsSourceRows(step)) {
      continue;
    }
    const auto* const filter = dynamic_cast<const operators::FilterDescription*>(step.get());
    if (filter != nullptr && plan->steps.size() == numBefore) {
      condition = filter->condition;
    }
    plan->steps.push_back(asRowStep(step));
  }
  plan->steps.back() = withoutHidden(plan->steps.back(), numColumns);
  plan->range = rangeOf(condition, columns);
  return plan;
}

}  // namespace auspex::queries
