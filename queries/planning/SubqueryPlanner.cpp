// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/SubqueryPlanner.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "operators/SourceOperator.h"
#include "queries/StatementError.h"

namespace auspex::queries {
namespace {

/// What stands for a name where the query was given none.
constexpr const char* kUnnamed = "SUBQUERY";

void refuseLimit(const parser::Select& query) {
  if (query.limit) {
    throw StatementError("LIMIT ends a whole statement; a query in FROM gives all of its rows.",
                         query.limitSpan);
  }
}

/// Both give rows that can follow one another, in the same places.
void checkBranch(const QueryPlan& first, const QueryPlan& next, const parser::Select& query) {
  const auto refuse = [&](const std::string& reason) {
    throw StatementError("UNION ALL: " + reason, query.span);
  };
  if (first.isTable || next.isTable) {
    refuse("the queries have to give streams; the rows of a table replace one another.");
  }
  if (first.schema.size() != next.schema.size() ||
      first.schema.numKeys() != next.schema.numKeys()) {
    refuse(fmt::format("the first query gives {} columns, {} of them keys, this one {} and {}.",
                       first.schema.size(), first.schema.numKeys(), next.schema.size(),
                       next.schema.numKeys()));
  }
  for (size_t i = 0; i < first.schema.size(); ++i) {
    const operators::SchemaColumn& column = first.schema[i];
    const operators::SchemaColumn& other = next.schema[i];
    if (!(column.type == other.type)) {
      refuse(fmt::format("column {} is {} {} in the first query and {} {} in this one.", i + 1,
                         column.name, column.type.toString(), other.name, other.type.toString()));
    }
  }
  if (first.schema.numKeys() > 0 && first.keyFormat != next.keyFormat) {
    refuse(
        fmt::format("the keys of the first query are {}, those of this one {}: equal keys would "
                    "lie in different partitions.",
                    first.keyFormat->name(), next.keyFormat->name()));
  }
}

/// PARTITION BY is otherwise done by the sink, which writes by the new key.
PlanNodePtr bringTogether(const QueryPlan& plan) {
  RepartitionPlan step;
  for (size_t key = 0; key < plan.schema.numKeys(); ++key) {
    step.keyPositions.push_back(key);
    step.keyColumns.push_back(plan.schema[key]);
  }
  step.keyFormat = plan.keyFormat;
  step.keyOptions = plan.keyOptions;
  step.operation = "PartitionBy-repartition";
  step.partitionsOf = plan.sources[0]->topic;
  return std::make_shared<const PlanNode>(
      PlanNode{std::move(step), {plan.root}, plan.root->types, plan.isTable});
}

bool holdsKey(const QueryPlan& plan) {
  const std::span<const operators::SchemaColumn> columns(plan.schema.columns());
  try {
    plan.keyFormat->check(columns.first(plan.schema.numKeys()), plan.keyOptions);
  } catch (const operators::FormatError&) {
    return false;
  }
  return true;
}

/// Groups and distinct rows meet by JSON keys, which hold everything. Here they have to lie where
/// the key format of the query says, since joins rely on it.
PlanNodePtr layByKeyFormat(const PlanNodePtr& node, const QueryPlan& plan) {
  const bool isOneByOne = std::holds_alternative<ProjectPlan>(node->step) ||
                          std::holds_alternative<FilterPlan>(node->step) ||
                          std::holds_alternative<PredictPlan>(node->step) ||
                          std::holds_alternative<DistinctPlan>(node->step) ||
                          std::holds_alternative<AggregatePlan>(node->step);
  PlanNode laid = *node;
  if (auto* const repartition = std::get_if<RepartitionPlan>(&laid.step)) {
    repartition->keyFormat = plan.keyFormat;
    repartition->keyOptions = plan.keyOptions;
    repartition->keyOptions.isKey = true;
  } else if (isOneByOne) {
    laid.inputs = {layByKeyFormat(node->inputs[0], plan)};
  } else {
    return node;
  }
  return std::make_shared<const PlanNode>(std::move(laid));
}

}  // namespace

FromItem planSubquery(const parser::SourceReference& reference, const PlanningContext& context) {
  PlanningContext inner = context;
  inner.timestamp.reset();
  inner.sink = reference.alias ? reference.alias->name : kUnnamed;
  FromItem item;
  std::vector<PlanNodePtr> inputs;
  std::optional<QueryPlan> first;
  for (const std::shared_ptr<const parser::Select>& query : reference.queries) {
    refuseLimit(*query);
    QueryPlan plan = planQuery(*query, QueryPurpose::Persistent, inner);
    if (plan.window && reference.queries.size() > 1) {
      throw StatementError("UNION ALL: the queries cannot give windowed keys.", query->span);
    }
    if (plan.schema.numKeys() > 0 && holdsKey(plan)) {
      plan.root = layByKeyFormat(plan.root, plan);
    } else if (plan.schema.numKeys() > 0) {
      plan.keyFormat = operators::findFormat("JSON");
      plan.keyOptions = {};
      plan.keyOptions.isKey = true;
    }
    if (first) {
      checkBranch(*first, plan, *query);
    }
    // DISTINCT has brought them together.
    const bool moves = query->partitionBy && !query->distinct && plan.schema.numKeys() > 0;
    inputs.push_back(moves ? bringTogether(plan) : plan.root);
    item.read.insert(item.read.end(), plan.sources.begin(), plan.sources.end());
    if (!first) {
      first = std::move(plan);
    }
  }
  auto source = std::make_shared<DataSource>(*first->sources[0]);
  source->name = inner.sink;
  source->kind = first->isTable ? SourceKind::Table : SourceKind::Stream;
  source->schema = first->schema;
  source->keyFormat = first->keyFormat;
  source->keyOptions = first->keyOptions;
  source->timestamp.reset();
  source->window = first->window;
  source->ttl = 0;
  source->queryId.clear();
  item.source = std::move(source);
  PlanNode node{SubqueryPlan{first->schema, first->window.has_value()}, std::move(inputs),
                typesOf(first->schema.columns()), first->isTable};
  node.types.insert(node.types.end(), first->window ? operators::kNumWindowColumns : 0,
                    operators::SqlType::bigint());
  item.rows = std::make_shared<const PlanNode>(std::move(node));
  return item;
}

}  // namespace auspex::queries
