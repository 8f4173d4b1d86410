// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/TimeToLive.h"

#include <utility>

#include "queries/StatementError.h"
#include "queries/planning/Durations.h"

namespace auspex::queries {
namespace {

/// The node with a time to live of the groups that its rows are, one by one; null when they are
/// none, or groups of a table, which take rows back and so have to know them all.
PlanNodePtr expiringGroups(const PlanNode& node, int64_t ttl) {
  if (const auto* const aggregate = std::get_if<AggregatePlan>(&node.step)) {
    if (aggregate->window || node.inputs[0]->isTable) {
      return nullptr;
    }
    PlanNode expiring = node;
    std::get<AggregatePlan>(expiring.step).ttl = ttl;
    return std::make_shared<const PlanNode>(std::move(expiring));
  }
  const bool isOneByOne =
      node.isTable && node.inputs.size() == 1 &&
      (std::holds_alternative<ProjectPlan>(node.step) ||
       std::holds_alternative<FilterPlan>(node.step) ||
       std::holds_alternative<PredictPlan>(node.step) ||
       std::holds_alternative<SubqueryPlan>(node.step) ||
       (std::holds_alternative<DistinctPlan>(node.step) &&
        std::get<DistinctPlan>(node.step).kind == operators::DistinctKind::Changes));
  const PlanNodePtr input = isOneByOne ? expiringGroups(*node.inputs[0], ttl) : nullptr;
  if (!input) {
    return nullptr;
  }
  PlanNode expiring = node;
  expiring.inputs = {input};
  return std::make_shared<const PlanNode>(std::move(expiring));
}

}  // namespace

int64_t timeToLiveOf(const Properties& properties, bool isTable, bool isWindowed,
                     const parser::Span& span) {
  const auto text = properties.text("TTL");
  if (!text) {
    return 0;
  }
  const parser::Span place = properties.spanOf("TTL", span);
  if (!isTable) {
    throw StatementError("TTL is for tables: the rows of a stream are not kept.", place);
  }
  if (isWindowed) {
    throw StatementError("TTL is for tables without windows, which end by themselves.", place);
  }
  const int64_t ttl = parseMillis(*text, place);
  if (ttl <= 0) {
    throw StatementError("TTL must be positive.", place);
  }
  return ttl;
}

void addTimeToLive(int64_t ttl, QueryPlan& plan) {
  if (ttl == 0) {
    return;
  }
  if (PlanNodePtr root = expiringGroups(*plan.root, ttl)) {
    plan.root = std::move(root);
    return;
  }
  ExpirePlan step;
  for (size_t key = 0; key < plan.schema.numKeys(); ++key) {
    step.keyPositions.push_back(key);
  }
  step.ttl = ttl;
  plan.root = std::make_shared<const PlanNode>(
      PlanNode{std::move(step), {plan.root}, plan.root->types, plan.root->isTable});
}

}  // namespace auspex::queries
