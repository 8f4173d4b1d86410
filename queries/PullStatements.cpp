// SPDX-License-Identifier: Apache-2.0
// Which SELECT is a pull query, and what of tables is kept in state for them.
#include <fmt/format.h>

#include "operators/data/Ascii.h"
#include "queries/StatementRun.h"
#include "queries/planning/PullRules.h"

namespace auspex::queries {

bool StatementRun::isOn(std::string_view property, bool otherwise) const {
  const std::string value = sessionProperty(property, otherwise ? "true" : "false");
  return operators::asciiUpper(value) == "TRUE";
}

TransientQuery StatementRun::planSelect(const parser::Select& select) const {
  const bool isPush = select.emit != parser::EmitKind::None;
  const bool isStrict = !isPush && isOn(kStrictPull, false);
  if (select.limit && *select.limit < 0) {
    throw StatementError(
        fmt::format("{} queries don't support negative integers in the LIMIT clause. See "
                    "https://cnfl.io/queries for more info.",
                    isPush ? "Push" : "Pull"),
        select.limitSpan);
  }
  if (isStrict) {
    refusePullClauses(select);
  }
  TransientQuery query;
  query.plan = planQuery(select, QueryPurpose::Transient, executor_.planningContext());
  query.text = statement_.text;
  const bool isPlain = select.from->joins.empty() && select.from->source.queries.empty() &&
                       !query.plan.isGrouped && !select.partitionBy;
  if (isStrict && query.plan.isGrouped) {
    throw StatementError("Pull queries don't support aggregate functions.", select.span);
  }
  if (isPush || !isPlain || !isOn(kPullQueries, true)) {
    return query;
  }
  const DataSource& source = *query.plan.sources[0];
  if (source.isTable()) {
    query.pull = planPullOf(select, query.plan, isStrict);
    query.plan.isPull = query.pull != nullptr;
  } else if (isStrict) {
    refusePullColumns(select, source, executor_.topologyOf(query.plan));
  }
  return query;
}

std::shared_ptr<const PullPlan> StatementRun::planPullOf(const parser::Select& select,
                                                         const QueryPlan& plan,
                                                         bool isStrict) const {
  const DataSource& table = *plan.sources[0];
  const Catalog& catalog = executor_.catalog_;
  const auto keeper = catalog.queries.find(table.queryId);
  if (keeper == catalog.queries.end()) {
    if (isStrict) {
      failNotQueryable(select, table);
    }
    return nullptr;
  }
  // State holds the windows that are not over; what a program shows is to be all of them.
  if (table.window && isProgram_) {
    return nullptr;
  }
  const operators::Topology topology = executor_.topologyOf(plan);
  if (isStrict) {
    refusePullColumns(select, table, topology);
  } else if (readsPlaces(table, topology)) {
    return nullptr;
  }
  checkListedKeys(select, table);
  refuseTableScan(select, table, topology, {isOn(kTableScans, true), isOn(kRangeScans, true)});
  std::shared_ptr<const PullPlan> pull =
      planPull(table, keeper->second->topology, topology, plan.schema.size());
  if (!pull && isStrict) {
    failNotQueryable(select, table);
  }
  return pull;
}

void StatementRun::addToCatalog(const std::shared_ptr<DataSource>& source) {
  const bool canBeKept = source->readOnly && source->isTable() && !source->window;
  const bool isKept = replayed_ != nullptr ? !replayed_->queryId.empty()
                                           : canBeKept && isOn(kMaterializeSources, true);
  if (isKept) {
    source->queryId = nextQueryId("CST", source->name);
  }
  catalog().sources[source->name] = source;
  // Logged before it starts, as all queries.
  log(source->queryId);
  if (!isKept) {
    return;
  }
  auto definition = std::make_shared<QueryDefinition>();
  definition->id = source->queryId;
  definition->sql = source->sql;
  definition->topology = std::make_shared<const operators::Topology>(
      buildSourceTable(source, executor_.topologyOptions(source->queryId)));
  catalog().queries[source->queryId] = definition;
  executor_.ports_.runner.startQuery(definition->topology);
}

}  // namespace auspex::queries
