// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/SourcePlanner.h"

#include <fmt/format.h>

#include "operators/SourceOperator.h"
#include "parser/NearestName.h"
#include "queries/StatementError.h"

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

/// Adds the columns of one source at positions from `first` on; returns the source's step.
PlanNodePtr addSource(const parser::SourceReference& reference,
                      const std::shared_ptr<const DataSource>& source, size_t first, Scope& scope) {
  const std::string alias = reference.alias ? reference.alias->name : source->name;
  PlanNode node{SourcePlan{source}, {}, {}, source->isTable()};
  for (size_t i = 0; i < source->schema.size(); ++i) {
    const operators::SchemaColumn& column = source->schema[i];
    scope.add({alias, column.name, column.type, column.isKey, false, first + i});
    node.types.push_back(column.type);
  }
  const operators::SqlType pseudoTypes[operators::kNumPseudoColumns] = {
      operators::SqlType::bigint(), operators::SqlType::integer(), operators::SqlType::bigint()};
  for (size_t i = 0; i < operators::kNumPseudoColumns; ++i) {
    scope.add({alias, operators::kPseudoColumnNames[i], pseudoTypes[i], false, true,
               first + source->schema.size() + i});
    node.types.push_back(pseudoTypes[i]);
  }
  scope.setWidth(first + node.types.size());
  return std::make_shared<const PlanNode>(std::move(node));
}

/// The two columns of `a = b`, left source first.
struct JoinColumns {
  const ScopeColumn* left = nullptr;
  const ScopeColumn* right = nullptr;
};

JoinColumns bindCondition(const parser::Join& join, const Scope& scope, size_t firstRight) {
  const auto* const comparison = std::get_if<parser::Comparison>(&join.condition->node);
  if (comparison == nullptr || comparison->operation != parser::ComparisonOperator::Equal) {
    throw StatementError("Invalid join condition: only one equality of columns is supported.",
                         join.condition->span);
  }
  JoinColumns columns;
  for (const parser::ExpressionPtr& side : {comparison->left, comparison->right}) {
    const auto* const reference = std::get_if<parser::ColumnReference>(&side->node);
    if (reference == nullptr) {
      throw StatementError("Invalid join condition: joins on expressions are not supported yet.",
                           side->span);
    }
    const ScopeColumn& column = scope.resolve(*reference, side->span, "JOIN ON");
    (column.position < firstRight ? columns.left : columns.right) = &column;
  }
  if (columns.left == nullptr || columns.right == nullptr) {
    throw StatementError("Invalid join condition: each side must name a column of one source.",
                         join.condition->span);
  }
  if (!(columns.left->type == columns.right->type)) {
    throw StatementError(
        fmt::format("Invalid join condition: types don't match. Got {}.{}({}) = {}.{}({}).",
                    columns.left->source, columns.left->name, columns.left->type.toString(),
                    columns.right->source, columns.right->name, columns.right->type.toString()),
        join.condition->span);
  }
  return columns;
}

void checkJoin(const parser::Join& join, const DataSource& left, const DataSource& right) {
  if (left.name == right.name) {
    throw StatementError(fmt::format("Can not join '{}' to '{}': self joins are not yet supported.",
                                     left.name, right.name),
                         join.span);
  }
  if (left.isTable() || !right.isTable()) {
    throw StatementError(
        fmt::format("Joining {} {} with {} {} is not supported yet: a stream can be joined with "
                    "a table.",
                    left.kindName(), left.name, right.kindName(), right.name),
        join.span);
  }
  if (join.within) {
    throw StatementError(
        "A window definition was provided for a Stream-Table join. These joins "
        "are not windowed.",
        join.within->span);
  }
  if (join.kind == parser::JoinKind::Right || join.kind == parser::JoinKind::Full) {
    throw StatementError("Invalid join type encountered: a stream and a table join INNER or LEFT.",
                         join.span);
  }
  if (join.asOfRowtime) {
    throw StatementError("AS OF ROWTIME is not supported yet.", join.span);
  }
}

/// Brings the stream's rows to the partition of the table's key when they are not there.
PlanNodePtr repartitionForJoin(PlanNodePtr stream, const DataSource& left, const DataSource& right,
                               const ScopeColumn& key) {
  const bool isKeyedBy = left.schema.numKeys() == 1 && key.position == 0 &&
                         left.keyFormat == right.keyFormat &&
                         left.keyOptions.delimiter == right.keyOptions.delimiter;
  if (isKeyedBy) {
    return stream;
  }
  RepartitionPlan repartition;
  repartition.keyPositions = {key.position};
  repartition.keyColumns = {{key.name, key.type, true}};
  repartition.keyFormat = right.keyFormat;
  repartition.keyOptions = right.keyOptions;
  repartition.operation = "Join-left";
  repartition.partitionsOf = right.topic;
  return std::make_shared<const PlanNode>(
      PlanNode{std::move(repartition), {stream}, stream->types, false});
}

void addJoin(const parser::Join& join, const std::shared_ptr<const DataSource>& right,
             PlannedSources& planned) {
  const DataSource& left = *planned.sources[0];
  checkJoin(join, left, *right);
  const size_t firstRight = planned.scope.width();
  const PlanNodePtr table = addSource(join.source, right, firstRight, planned.scope);
  const JoinColumns columns = bindCondition(join, planned.scope, firstRight);
  if (right->schema.numKeys() != 1 || columns.right->position != firstRight) {
    throw StatementError(
        fmt::format("Invalid join condition: stream-table joins require to join on the table's "
                    "primary key. Got {}.{}.",
                    columns.right->source, columns.right->name),
        join.condition->span);
  }
  const PlanNodePtr stream = repartitionForJoin(planned.root, left, *right, *columns.left);
  StreamTableJoinPlan step;
  step.kind = join.kind == parser::JoinKind::Left ? operators::LookupJoinKind::Left
                                                  : operators::LookupJoinKind::Inner;
  step.streamKey = columns.left->position;
  step.tableKey = columns.right->position - firstRight;
  PlanNode node{step, {stream, table}, stream->types, false};
  node.types.insert(node.types.end(), table->types.begin(), table->types.end());
  planned.root = std::make_shared<const PlanNode>(std::move(node));
  planned.sources.push_back(right);
  planned.isJoin = true;
  planned.keyPositions = {columns.left->position};
  if (step.kind == operators::LookupJoinKind::Inner) {
    planned.keyPositions.push_back(columns.right->position);
  }
}

}  // namespace

PlannedSources planSources(const parser::From& from, const PlanningContext& context) {
  PlannedSources planned;
  planned.sources.push_back(findSource(from.source, context.catalog));
  planned.root = addSource(from.source, planned.sources[0], 0, planned.scope);
  for (size_t i = 0; i < planned.sources[0]->schema.numKeys(); ++i) {
    planned.keyPositions.push_back(i);
  }
  if (from.joins.size() > 1) {
    throw StatementError("Joins of more than two sources are not supported yet.",
                         from.joins[1].span);
  }
  for (const parser::Join& join : from.joins) {
    addJoin(join, findSource(join.source, context.catalog), planned);
  }
  return planned;
}

}  // namespace auspex::queries
