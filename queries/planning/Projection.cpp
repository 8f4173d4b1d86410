// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/Projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "operators/SourceOperator.h"
#include "queries/StatementError.h"

namespace auspex::queries {
namespace {

using operators::ExpressionPtr;

std::optional<size_t> columnOf(const BoundItem& item) {
  const auto* const node = item.expression->as<operators::ColumnNode>();
  return node == nullptr ? std::nullopt : std::optional(node->index);
}

/// A column's name in a projection: `alias_column` where several sources have it.
std::string nameInProjection(const ScopeColumn& column, const Scope& scope, bool isStarOfJoin) {
  const bool isQualified = !column.source.empty() && (isStarOfJoin || scope.isShared(column.name));
  return isQualified ? column.source + "_" + column.name : column.name;
}

bool isWindowBound(const ScopeColumn& column) {
  const auto* const bounds = operators::kPseudoColumnNames + operators::kNumPseudoColumns;
  return column.isPseudo && std::find(bounds, std::end(operators::kPseudoColumnNames),
                                      column.name) != std::end(operators::kPseudoColumnNames);
}

void checkStar(const parser::AllColumns& star, const Scope& scope) {
  if (!star.source) {
    return;
  }
  const std::vector<std::string> names = scope.sources();
  if (std::find(names.begin(), names.end(), star.source->name) == names.end()) {
    throw StatementError(
        fmt::format("'{}' is not a valid stream/table name or alias.", star.source->name),
        star.source->span);
  }
}

/// The columns of `*`: keys first. With PARTITION BY its expressions come first, and the former key
/// columns move to the end; of a join, and of rows that are shown, the bounds of windows are
/// columns too, and each source's pseudo columns, then its key, move behind its others, as ksqlDB
/// has it.
void expandStar(const parser::AllColumns& star, const parser::Span& span,
                const PlannedSources& from, std::span<const BoundItem> partitionKeys,
                std::vector<BoundItem>& items) {
  checkStar(star, from.scope);
  for (BoundItem key : partitionKeys) {
    for (const ScopeColumn& column : from.scope.columns()) {
      if (from.isJoin && columnOf(key) == column.position) {
        key.name = nameInProjection(column, from.scope, true);
      }
    }
    items.push_back(std::move(key));
  }
  const bool withPseudo = from.isJoin && !partitionKeys.empty();
  std::vector<BoundItem> formerKeys;
  std::string source;
  for (const ScopeColumn& column : from.scope.columns()) {
    const bool isBound = (from.isJoin || from.isShown) && isWindowBound(column);
    if ((column.isPseudo && !withPseudo && !isBound) ||
        (star.source && star.source->name != column.source)) {
      continue;
    }
    if (withPseudo && column.source != source) {
      items.insert(items.end(), formerKeys.begin(), formerKeys.end());
      formerKeys.clear();
      source = column.source;
    }
    BoundItem item{operators::column(column.position, column.type, from.scope.shownName(column)),
                   nameInProjection(column, from.scope, from.isJoin), span};
    const bool isNewKey = std::any_of(
        partitionKeys.begin(), partitionKeys.end(),
        [&](const BoundItem& key) { return operators::isSame(*key.expression, *item.expression); });
    if (isNewKey) {
      continue;
    }
    (column.isKey && !partitionKeys.empty() ? formerKeys : items).push_back(std::move(item));
  }
  items.insert(items.end(), formerKeys.begin(), formerKeys.end());
}

/// The name an item has without AS: of its column, or of the field it takes.
std::string impliedName(const parser::Expression& written, const Scope& scope) {
  if (const auto* const reference = std::get_if<parser::ColumnReference>(&written.node)) {
    const ScopeColumn& column = scope.resolve(*reference, written.span, "SELECT");
    return nameInProjection(column, scope, false);
  }
  if (const auto* const dereference = std::get_if<parser::Dereference>(&written.node)) {
    return dereference->field.name;
  }
  return "";
}

/// Refuses a key that is selected twice; `name` is what the source calls it.
void refuseRepeatedKey(const std::string& name, std::vector<std::string> aliases,
                       const parser::Span& span) {
  if (aliases.size() < 2) {
    return;
  }
  std::sort(aliases.begin(), aliases.end());
  throw StatementError(
      fmt::format("The projection contains a key column (`{}`) more than once, aliased as: "
                  "{}.\nEach key column must only be in the projection once. If you intended to "
                  "copy the key into the value, then consider using the AS_VALUE function to "
                  "indicate which key reference should be copied.",
                  name, listOf(aliases, "and")),
      span);
}

/// Any of the equal columns of a join may stand for its key: the first in the order of preference.
/// The item then gives the key itself, since an outer join may have no row on that side.
std::vector<std::optional<size_t>> rankJoinKey(std::vector<BoundItem>& items,
                                               const PlannedSources& from, const std::string& sink,
                                               const parser::Select& select) {
  std::vector<std::optional<size_t>> ranks(items.size());
  std::vector<std::string> names;
  for (const size_t position : from.keyPositions) {
    std::vector<std::string> aliases;
    for (size_t i = 0; i < items.size(); ++i) {
      if (columnOf(items[i]) == position) {
        ranks[i] = 0;
        aliases.push_back(items[i].name);
      }
    }
    bool isMadeUp = false;
    for (const ScopeColumn& column : from.scope.columns()) {
      if (column.position == position) {
        isMadeUp = column.source.empty();
        refuseRepeatedKey((isMadeUp ? "" : column.source + "_") + column.name, aliases,
                          select.span);
        names.push_back((isMadeUp ? "" : column.source + ".") + column.name);
        break;
      }
    }
    if (!aliases.empty()) {
      for (size_t i = 0; i < items.size(); ++i) {
        if (ranks[i]) {
          items[i].expression =
              operators::column(from.joinKey, items[i].expression->type(), items[i].name);
        }
      }
      return ranks;
    }
    if (isMadeUp) {
      throw StatementError(
          keyMissingMessage(sink, KeyKind::JoinExpression, names) +
              fmt::format("\n{} was added as a synthetic key column because the join criteria did "
                          "not match any source column. This expression must be included in the "
                          "projection and may be aliased.",
                          names.back()),
          select.span);
    }
  }
  throw StatementError(keyMissingMessage(sink, KeyKind::JoinExpression, names), select.span);
}

std::string leftKeyMissingMessage(const std::string& left,
                                  const std::vector<std::string>& missing) {
  const char* const plural = missing.size() > 1 ? "s" : "";
  return fmt::format(
      "Primary key column{} missing in projection. For foreign-key table-table joins, the "
      "projection must include all primary key columns from the left input table (`{}`). Missing "
      "column{}: {}.",
      plural, left, plural, fmt::join(missing, ", "));
}

/// For each item its rank among the keys; checks that all keys are there, once.
std::vector<std::optional<size_t>> rankKeys(std::vector<BoundItem>& items,
                                            const PlannedSources& from, const std::string& sink,
                                            const parser::Select& select) {
  if (from.hasJoinKey()) {
    return rankJoinKey(items, from, sink, select);
  }
  std::vector<std::optional<size_t>> ranks(items.size());
  std::vector<std::string> names;
  std::vector<std::string> missing;
  const DataSource& source = *from.sources[0];
  for (size_t rank = 0; rank < from.keyPositions.size(); ++rank) {
    names.push_back(source.schema[rank].name);
    std::vector<std::string> aliases;
    for (size_t i = 0; i < items.size(); ++i) {
      if (columnOf(items[i]) == from.keyPositions[rank]) {
        ranks[i] = rank;
        aliases.push_back(items[i].name);
      }
    }
    if (aliases.empty()) {
      missing.push_back(fmt::format("`{}`", names.back()));
    }
    refuseRepeatedKey(names.back(), aliases, select.span);
  }
  if (!missing.empty()) {
    throw StatementError(from.isForeignKeyJoin ? leftKeyMissingMessage(source.name, missing)
                                               : keyMissingMessage(sink, KeyKind::Column, names),
                         select.span);
  }
  return ranks;
}

/// Keys by PARTITION BY: the items that equal its expressions.
std::vector<std::optional<size_t>> rankPartitionKeys(const std::vector<BoundItem>& items,
                                                     const std::vector<BoundItem>& keys,
                                                     const std::string& sink,
                                                     const parser::Select& select) {
  std::vector<std::optional<size_t>> ranks(items.size());
  std::vector<std::string> names;
  bool isMissing = false;
  for (size_t rank = 0; rank < keys.size(); ++rank) {
    names.push_back(keys[rank].expression->toString());
    std::vector<std::string> aliases;
    for (size_t i = 0; i < items.size(); ++i) {
      if (operators::isSame(*items[i].expression, *keys[rank].expression)) {
        ranks[i] = rank;
        aliases.push_back(items[i].name);
      }
    }
    isMissing = isMissing || aliases.empty();
    refuseRepeatedKey(names.back(), aliases, select.span);
  }
  if (isMissing) {
    throw StatementError(keyMissingMessage(sink, KeyKind::PartitioningExpression, names),
                         select.span);
  }
  return ranks;
}

}  // namespace

std::string listOf(const std::vector<std::string>& names, const char* lastWord) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += i == 0 ? "" : i + 1 == names.size() ? fmt::format(" {} ", lastWord) : std::string(", ");
    text += names[i];
  }
  return text;
}

std::string keyMissingMessage(const std::string& sink, KeyKind kind,
                              const std::vector<std::string>& names) {
  constexpr const char* kKinds[] = {"key column", "join expression", "grouping expression",
                                    "partitioning expression"};
  const bool anyOf = kind == KeyKind::JoinExpression;
  std::string selected;
  for (size_t i = 0; i < (anyOf ? 1 : names.size()); ++i) {
    selected += (i == 0 ? "" : ", ") + names[i];
  }
  return fmt::format(
      "Key missing from projection (ie, SELECT). See https://cnfl.io/2LV7ouS.\nThe query used to "
      "build `{}` must include the "
      "{}{} {} in its projection (eg, SELECT {}...).",
      sink, kKinds[static_cast<size_t>(kind)], names.size() > 1 ? "s" : "",
      listOf(names, anyOf ? "or" : "and"), selected);
}

namespace {

/// Refuses the names of pseudo columns as names of columns.
void checkName(const parser::SingleColumn& single, const parser::Span& span, const Scope& scope) {
  const auto* const reference = std::get_if<parser::ColumnReference>(&single.expression->node);
  const bool isItself = reference != nullptr && isReservedColumnName(reference->name.name);
  if (single.alias && isReservedColumnName(single.alias->name) &&
      !(isItself && single.alias->name == reference->name.name)) {
    throw StatementError(
        fmt::format("`{}` is a reserved column name. You cannot use it as an alias for a column.",
                    single.alias->name),
        span);
  }
  // In a join ROWTIME is one of several, and named after its source.
  const bool keepsName = single.alias ? single.alias->name == (isItself ? reference->name.name : "")
                                      : isItself && !scope.isShared(reference->name.name);
  if (keepsName) {
    throw StatementError(
        fmt::format("Reserved column name in select: `{}`. Please remove or alias the column.",
                    reference->name.name),
        span);
  }
}

BoundItem bindItem(const parser::SingleColumn& single, const parser::Span& span,
                   const PlannedSources& from, const ExpressionBinder& binder) {
  BoundItem item;
  item.span = span;
  item.expression = binder.bind(*single.expression);
  if (item.expression->isUntypedNull()) {
    throw StatementError(
        "Can't infer a type of null. Please explicitly cast it to a required type, e.g. "
        "CAST(null AS VARCHAR).",
        span);
  }
  item.name = single.alias ? single.alias->name : impliedName(*single.expression, from.scope);
  item.isField =
      !single.alias && std::holds_alternative<parser::Dereference>(single.expression->node);
  return item;
}

}  // namespace

void checkItemNames(const parser::Select& select, const PlannedSources& from) {
  for (const parser::SelectItem& item : select.items) {
    const auto* const single = std::get_if<parser::SingleColumn>(&item.item);
    if (single != nullptr && !from.isShown) {
      checkName(*single, item.span, from.scope);
    }
  }
}

std::vector<BoundItem> bindItems(const parser::Select& select, const PlannedSources& from,
                                 const ExpressionBinder& binder,
                                 std::span<const BoundItem> partitionKeys) {
  std::vector<BoundItem> items;
  for (const parser::SelectItem& item : select.items) {
    if (const auto* const star = std::get_if<parser::AllColumns>(&item.item)) {
      expandStar(*star, item.span, from, partitionKeys, items);
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
        items.push_back({operators::dereference(base, field.name), field.name, item.span, true});
      }
      continue;
    }
    items.push_back(bindItem(std::get<parser::SingleColumn>(item.item), item.span, from, binder));
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
    if (item.isField) {
      const std::string field = item.name;
      for (size_t number = 1; taken.contains(item.name) || used.contains(item.name); ++number) {
        item.name = fmt::format("{}_{}", field, number);
      }
    }
    if (item.name.empty()) {
      do {
        item.name = fmt::format("KSQL_COL_{}", next++);
      } while (taken.contains(item.name));
    }
    if (!used.insert(item.name).second) {
      throw StatementError(
          fmt::format("Duplicate value columns found in schema: `{}` {}. Give one an alias.",
                      item.name, item.expression->type().toString()),
          item.span);
    }
  }
}

void checkTimestamp(const std::optional<TimestampName>& timestamp,
                    const std::vector<BoundItem>& items) {
  const auto isNamed = [&](const BoundItem& item) { return item.name == timestamp->column; };
  if (timestamp && std::none_of(items.begin(), items.end(), isNamed)) {
    throw StatementError(
        fmt::format("The TIMESTAMP column set in the WITH clause does not exist in the schema: "
                    "'{}'",
                    timestamp->column),
        timestamp->span);
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

namespace {

/// Whether the items have the key of the rows as it is.
bool selectsKey(const std::vector<BoundItem>& items, const PlannedSources& from) {
  const auto isSelected = [&](size_t position) {
    return std::any_of(items.begin(), items.end(),
                       [&](const BoundItem& item) { return columnOf(item) == position; });
  };
  const std::vector<size_t>& keys = from.keyPositions;
  return from.hasJoinKey() ? std::any_of(keys.begin(), keys.end(), isSelected)
                           : std::all_of(keys.begin(), keys.end(), isSelected);
}

/// DISTINCT without the key: all columns of a table's rows are the key, a stream's have none.
std::vector<std::optional<size_t>> rankDistinct(size_t numItems, bool isTable) {
  std::vector<std::optional<size_t>> ranks(numItems);
  for (size_t i = 0; isTable && i < numItems; ++i) {
    ranks[i] = i;
  }
  return ranks;
}

struct PartitionKeys {
  std::vector<BoundItem> items;
  bool removesKey = false;  // PARTITION BY NULL
};

PartitionKeys bindPartitionBy(const parser::Grouping& clause, const PlannedSources& from,
                              const ExpressionBinder& binder) {
  if (from.root->isTable) {
    throw StatementError("PARTITION BY is not supported on tables.", clause.span);
  }
  if (clause.expressions.empty()) {
    throw StatementError("PARTITION BY requires at least one expression", clause.span);
  }
  PartitionKeys keys;
  for (const parser::ExpressionPtr& written : clause.expressions) {
    ExpressionPtr key = binder.bind(*written);
    if (key->isUntypedNull()) {
      keys.removesKey = true;
      continue;
    }
    const bool isField = std::holds_alternative<parser::Dereference>(written->node);
    keys.items.push_back(
        {std::move(key), impliedName(*written, from.scope), written->span, isField});
  }
  if (keys.removesKey && clause.expressions.size() > 1) {
    throw StatementError("Cannot PARTITION BY multiple columns including NULL", clause.span);
  }
  return keys;
}

/// A key of a row without a value is computed from key columns only.
std::vector<bool> keysThatNeedValues(const Projection& projection, const PlannedSources& from) {
  std::vector<bool> needs;
  for (size_t i = 0; i < projection.columns.size(); ++i) {
    std::vector<size_t> columns;
    operators::collectColumns(*projection.expressions[i], columns);
    const bool fromKeys = std::all_of(columns.begin(), columns.end(), [&](size_t position) {
      return std::any_of(
          from.scope.columns().begin(), from.scope.columns().end(),
          [&](const ScopeColumn& column) { return column.position == position && column.isKey; });
    });
    needs.push_back(projection.columns[i].isKey && !fromKeys);
  }
  return needs;
}

}  // namespace

Projection bindProjection(const parser::Select& select, QueryPurpose purpose,
                          const PlanningContext& context, const PlannedSources& from,
                          TableFunctionBinder& tables, PredictBinder& scoring) {
  checkItemNames(select, from);
  ExpressionBinder binder(from.scope, context.catalog, context.functions, "SELECT");
  binder.intercept([&](const parser::Expression& expression) {
    ExpressionPtr column = tables.bind(expression, binder);
    return column ? column : scoring.bind(expression, binder);
  });
  PartitionKeys keys;
  if (select.partitionBy) {
    keys = bindPartitionBy(*select.partitionBy, from, binder);
  }
  const bool persistent = purpose == QueryPurpose::Persistent;
  std::vector<BoundItem> items =
      bindItems(select, from, binder,
                persistent ? std::span<const BoundItem>(keys.items) : std::span<const BoundItem>());
  nameItems(items, from.scope);
  checkTimestamp(context.timestamp, items);
  std::vector<std::optional<size_t>> ranks(items.size());
  const bool losesKey = select.distinct && !select.partitionBy && !selectsKey(items, from);
  if (persistent && losesKey) {
    ranks = rankDistinct(items.size(), from.root->isTable);
  } else if (persistent) {
    ranks = select.partitionBy ? rankPartitionKeys(items, keys.items, context.sink, select)
                               : rankKeys(items, from, context.sink, select);
  }
  Projection projection = arrange(items, ranks, select.span, persistent && !select.distinct);
  projection.losesKey = losesKey;
  projection.removesKey = keys.removesKey || (losesKey && !from.root->isTable);
  if (select.partitionBy) {
    projection.nullWithoutValue = keysThatNeedValues(projection, from);
  }
  return projection;
}

PlanNodePtr addProjection(PlanNodePtr input, const Projection& projection,
                          const std::vector<ExpressionPtr>& hidden) {
  ProjectPlan step;
  step.nullWithoutValue = projection.nullWithoutValue;
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
