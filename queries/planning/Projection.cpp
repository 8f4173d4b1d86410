// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/Projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "operators/SourceOperator.h"
#include "queries/StatementError.h"

namespace auspex::queries {
namespace {

using operators::ExpressionPtr;

/// A column's name in a projection: `alias_column` where several sources have it.
std::string nameInProjection(const ScopeColumn& column, const Scope& scope, bool isStarOfJoin) {
  return isStarOfJoin || scope.isShared(column.name) ? column.source + "_" + column.name
                                                     : column.name;
}

void expandStar(const parser::AllColumns& star, const parser::Span& span,
                const PlannedSources& from, std::vector<BoundItem>& items) {
  if (star.source) {
    const std::vector<std::string> names = from.scope.sources();
    if (std::find(names.begin(), names.end(), star.source->name) == names.end()) {
      throw StatementError(
          fmt::format("'{}' is not a valid stream/table name or alias.", star.source->name),
          star.source->span);
    }
  }
  for (const ScopeColumn& column : from.scope.columns()) {
    if (!column.isPseudo && (!star.source || star.source->name == column.source)) {
      items.push_back({operators::column(column.position, column.type, column.name),
                       nameInProjection(column, from.scope, from.isJoin), span});
    }
  }
}

/// The name an item has without AS: of its column, or of the field it takes.
std::string impliedName(const parser::Expression& written, const Scope& scope) {
  if (const auto* const reference = std::get_if<parser::ColumnReference>(&written.node)) {
    const ScopeColumn& column = scope.resolve(*reference, written.span, "SELECT");
    return column.isPseudo ? column.name : nameInProjection(column, scope, false);
  }
  if (const auto* const dereference = std::get_if<parser::Dereference>(&written.node)) {
    return dereference->field.name;
  }
  return "";
}

bool isReserved(const std::string& name) {
  return std::find(std::begin(operators::kPseudoColumnNames),
                   std::end(operators::kPseudoColumnNames),
                   name) != std::end(operators::kPseudoColumnNames);
}

/// For each item its rank among the keys; checks that all keys are there.
std::vector<std::optional<size_t>> rankKeys(const std::vector<BoundItem>& items,
                                            const PlannedSources& from,
                                            const parser::Select& select) {
  std::vector<std::optional<size_t>> ranks(items.size());
  const auto positionOf = [&](size_t item) -> std::optional<size_t> {
    const auto* const node = items[item].expression->as<operators::ColumnNode>();
    return node == nullptr ? std::nullopt : std::optional(node->index);
  };
  if (from.isJoin) {
    // Any of the equal columns may stand for the key: the first in the order of preference.
    for (const size_t position : from.keyPositions) {
      for (size_t i = 0; i < items.size(); ++i) {
        if (positionOf(i) == position) {
          ranks[i] = 0;
          return ranks;
        }
      }
    }
    for (const ScopeColumn& column : from.scope.columns()) {
      if (column.position == from.keyPositions[0]) {
        throw StatementError(keyMissingMessage(column.source + "." + column.name), select.span);
      }
    }
    return ranks;
  }
  for (size_t rank = 0; rank < from.keyPositions.size(); ++rank) {
    size_t found = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      if (positionOf(i) == from.keyPositions[rank]) {
        ranks[i] = rank;
        ++found;
      }
    }
    const std::string& name = from.sources[0]->schema[rank].name;
    if (found == 0) {
      throw StatementError(keyMissingMessage(name), select.span);
    }
    if (found > 1) {
      throw StatementError(
          fmt::format("The projection contains a key column more than once: `{}`. Each key column "
                      "must only be in the projection once. If you intended to copy the key into "
                      "the value, then consider using the AS_VALUE function to indicate which key "
                      "reference should be copied.",
                      name),
          select.span);
    }
  }
  return ranks;
}

/// Keys by PARTITION BY: the items that equal its expressions.
std::vector<std::optional<size_t>> rankPartitionKeys(const std::vector<BoundItem>& items,
                                                     const std::vector<ExpressionPtr>& keys,
                                                     const parser::Select& select) {
  std::vector<std::optional<size_t>> ranks(items.size());
  for (size_t rank = 0; rank < keys.size(); ++rank) {
    const auto found = std::find_if(items.begin(), items.end(), [&](const BoundItem& item) {
      return operators::isSame(*item.expression, *keys[rank]);
    });
    if (found == items.end()) {
      throw StatementError(keyMissingMessage(keys[rank]->toString()), select.span);
    }
    ranks[static_cast<size_t>(found - items.begin())] = rank;
  }
  return ranks;
}

}  // namespace

std::string keyMissingMessage(const std::string& column) {
  return fmt::format(
      "Key missing from projection (ie, SELECT). The query must include the key column {} in its "
      "projection (eg, SELECT {}...).",
      column, column);
}

std::vector<BoundItem> bindItems(const parser::Select& select, const PlannedSources& from,
                                 const ExpressionBinder& binder) {
  std::vector<BoundItem> items;
  for (const parser::SelectItem& item : select.items) {
    if (const auto* const star = std::get_if<parser::AllColumns>(&item.item)) {
      expandStar(*star, item.span, from, items);
      continue;
    }
    if (const auto* const fields = std::get_if<parser::StructAll>(&item.item)) {
      const ExpressionPtr base = binder.bind(*fields->base);
      if (!base->type().is(operators::TypeKind::Struct)) {
        throw StatementError(fmt::format("Cannot expand {} ({}): it is no STRUCT.",
                                         base->toString(), base->type().toString()),
                             item.span);
      }
      for (const operators::StructField& field : base->type().fields()) {
        items.push_back({operators::dereference(base, field.name), field.name, item.span});
      }
      continue;
    }
    const auto& single = std::get<parser::SingleColumn>(item.item);
    ExpressionPtr bound = binder.bind(*single.expression);
    if (bound->isUntypedNull()) {
      throw StatementError(
          "Can't infer a type of null. Please explicitly cast it to a required type, e.g. "
          "CAST(null AS VARCHAR).",
          item.span);
    }
    std::string name =
        single.alias ? single.alias->name : impliedName(*single.expression, from.scope);
    if (isReserved(name)) {
      throw StatementError(
          fmt::format("Reserved column name in select: `{}`. Please remove or alias the column.",
                      name),
          item.span);
    }
    items.push_back({std::move(bound), std::move(name), item.span});
  }
  return items;
}

void nameItems(std::vector<BoundItem>& items, const Scope& scope) {
  std::set<std::string> taken;
  for (const ScopeColumn& column : scope.columns()) {
    taken.insert(column.name);
  }
  size_t next = 0;
  std::set<std::string> used;
  for (BoundItem& item : items) {
    if (item.name.empty()) {
      do {
        item.name = fmt::format("KSQL_COL_{}", next++);
      } while (taken.contains(item.name));
    }
    if (!used.insert(item.name).second) {
      throw StatementError(
          fmt::format("The projection contains two columns named `{}`. Give one an alias.",
                      item.name),
          item.span);
    }
  }
}

Projection arrange(const std::vector<BoundItem>& items,
                   const std::vector<std::optional<size_t>>& keyRanks, const parser::Span& span,
                   bool needsValue) {
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  const size_t last = items.size();
  std::stable_sort(order.begin(), order.end(), [&](size_t left, size_t right) {
    return keyRanks[left].value_or(last) < keyRanks[right].value_or(last);
  });
  Projection projection;
  bool hasValue = false;
  for (const size_t i : order) {
    const bool isKey = keyRanks[i].has_value();
    hasValue = hasValue || !isKey;
    projection.columns.push_back({items[i].name, items[i].expression->type(), isKey});
    projection.expressions.push_back(items[i].expression);
  }
  if (needsValue && !hasValue) {
    throw StatementError("The projection contains no value columns.", span);
  }
  return projection;
}

Projection bindProjection(const parser::Select& select, QueryPurpose purpose,
                          const PlanningContext& context, const PlannedSources& from,
                          PredictBinder& scoring) {
  ExpressionBinder binder(from.scope, context.catalog, context.functions, "SELECT");
  binder.intercept(
      [&](const parser::Expression& expression) { return scoring.bind(expression, binder); });
  std::vector<BoundItem> items = bindItems(select, from, binder);
  nameItems(items, from.scope);
  const bool persistent = purpose == QueryPurpose::Persistent;
  std::vector<std::optional<size_t>> ranks(items.size());
  bool removesKey = false;
  if (select.partitionBy) {
    if (from.root->isTable) {
      throw StatementError("PARTITION BY is not supported on tables.", select.partitionBy->span);
    }
    std::vector<ExpressionPtr> keys;
    for (const parser::ExpressionPtr& written : select.partitionBy->expressions) {
      ExpressionPtr key = binder.bind(*written);
      if (key->isUntypedNull()) {
        removesKey = true;
      } else {
        keys.push_back(std::move(key));
      }
    }
    if (persistent) {
      ranks = rankPartitionKeys(items, keys, select);
    }
  } else if (persistent) {
    ranks = rankKeys(items, from, select);
  }
  Projection projection = arrange(items, ranks, select.span, persistent);
  projection.removesKey = removesKey;
  return projection;
}

PlanNodePtr addProjection(PlanNodePtr input, const Projection& projection,
                          const std::vector<ExpressionPtr>& hidden) {
  ProjectPlan step;
  PlanNode node{ProjectPlan{}, {input}, {}, input->isTable};
  for (size_t i = 0; i < projection.columns.size(); ++i) {
    step.expressions.push_back(projection.expressions[i]);
    step.names.push_back(projection.columns[i].name);
    node.types.push_back(projection.columns[i].type);
  }
  for (const ExpressionPtr& expression : hidden) {
    step.expressions.push_back(expression);
    step.names.push_back(expression->toString());
    node.types.push_back(expression->type());
  }
  node.step = std::move(step);
  return std::make_shared<const PlanNode>(std::move(node));
}

}  // namespace auspex::queries
