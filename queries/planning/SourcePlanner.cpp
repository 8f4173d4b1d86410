// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/SourcePlanner.h"

#include <fmt/format.h>

#include "operators/SourceOperator.h"
#include "parser/NearestName.h"
#include "queries/StatementError.h"
#include "queries/planning/JoinPlanner.h"
#include "queries/planning/SubqueryPlanner.h"

namespace auspex::queries {
namespace {

std::shared_ptr<const DataSource> findSource(const parser::SourceReference& reference,
                                             const Catalog& catalog) {
  const auto found = catalog.sources.find(reference.name.name);
  if (found != catalog.sources.end()) {
    return found->second;
  }
  std::string message = fmt::format("{} does not exist.", reference.name.name);
  if (const auto nearest = parser::nearestName(reference.name.name, namesOf(catalog.sources))) {
    message += fmt::format(" Did you mean {}?", *nearest);
  }
  throw StatementError(message, reference.name.span);
}

FromItem planItem(const parser::SourceReference& reference, const PlanningContext& context) {
  if (!reference.queries.empty()) {
    return planSubquery(reference, context);
  }
  const std::shared_ptr<const DataSource> source = findSource(reference, context.catalog);
  return {source, nullptr, {source}};
}

/// The bounds of windowed keys stand elsewhere in the rows of a query.
void refuseWindowedQuery(const FromItem& item, const parser::Span& span) {
  if (item.rows && item.source->window) {
    throw StatementError("A query that gives windowed keys cannot be joined.", span);
  }
}

}  // namespace

PlanNodePtr addSource(const parser::SourceReference& reference, const FromItem& item, size_t first,
                      Scope& scope) {
  const std::shared_ptr<const DataSource>& source = item.source;
  const std::string alias = reference.alias ? reference.alias->name : source->name;
  if (item.rows) {
    const size_t numBounds = source->window ? operators::kNumWindowColumns : 0;
    for (size_t i = 0; i < source->schema.size(); ++i) {
      const operators::SchemaColumn& column = source->schema[i];
      scope.add({alias, column.name, column.type, column.isKey, false, first + i});
      for (size_t bound = 0; i + 1 == source->schema.numKeys() && bound < numBounds; ++bound) {
        scope.add({alias, operators::kPseudoColumnNames[operators::kNumPseudoColumns + bound],
                   operators::SqlType::bigint(), false, true,
                   first + source->schema.size() + bound});
      }
    }
    scope.setWidth(first + source->schema.size() + numBounds);
    return item.rows;
  }
  PlanNode node{SourcePlan{source}, {}, {}, source->isTable()};
  const size_t numPseudo = operators::numPseudoColumns(source->window);
  const operators::SqlType bigint = operators::SqlType::bigint();
  const operators::SqlType pseudoTypes[] = {bigint, operators::SqlType::integer(), bigint, bigint,
                                            bigint};
  const auto addPseudo = [&](size_t i) {
    scope.add({alias, operators::kPseudoColumnNames[i], pseudoTypes[i], false, true,
               first + source->schema.size() + i});
  };
  const auto addColumn = [&](size_t i) {
    const operators::SchemaColumn& column = source->schema[i];
    scope.add({alias, column.name, column.type, column.isKey, false, first + i});
    node.types.push_back(column.type);
  };
  for (size_t i = 0; i < source->schema.numKeys(); ++i) {
    addColumn(i);
  }
  // The bounds of windows are known right behind the keys, wherever they stand in the rows.
  for (size_t i = operators::kNumPseudoColumns; i < numPseudo; ++i) {
    addPseudo(i);
  }
  for (size_t i = source->schema.numKeys(); i < source->schema.size(); ++i) {
    addColumn(i);
  }
  for (size_t i = 0; i < operators::kNumPseudoColumns; ++i) {
    addPseudo(i);
  }
  node.types.insert(node.types.end(), pseudoTypes, pseudoTypes + numPseudo);
  scope.setWidth(first + node.types.size());
  return std::make_shared<const PlanNode>(std::move(node));
}

std::array<size_t, 2> boundsOf(const DataSource& source, size_t first) {
  const size_t start = first + source.schema.size() + operators::kNumPseudoColumns;
  return {start, start + 1};
}

PlannedSources planSources(const parser::From& from, const PlanningContext& context) {
  PlannedSources planned;
  const FromItem item = planItem(from.source, context);
  planned.sources.push_back(item.source);
  planned.read = item.read;
  planned.root = addSource(from.source, item, 0, planned.scope);
  const DataSource& first = *planned.sources[0];
  for (size_t i = 0; i < first.schema.numKeys(); ++i) {
    planned.keyPositions.push_back(i);
  }
  planned.keying = {planned.keyPositions, first.keyFormat, first.keyOptions, first.topic};
  planned.window = first.window;
  planned.bounds = boundsOf(first, 0);
  if (item.rows) {
    planned.bounds = {first.schema.size(), first.schema.size() + 1};
  }
  std::vector<FromItem> joined;
  for (const parser::Join& join : from.joins) {
    joined.push_back(planItem(join.source, context));
    refuseWindowedQuery(item, from.source.span);
    refuseWindowedQuery(joined.back(), join.source.span);
    planned.read.insert(planned.read.end(), joined.back().read.begin(), joined.back().read.end());
  }
  addJoins(from, joined, context, planned);
  return planned;
}

}  // namespace auspex::queries
