// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/GroupPlanner.h"

#include <fmt/format.h>

#include <algorithm>

#include "parser/ast/Printer.h"
#include "queries/StatementError.h"
#include "queries/planning/WindowClause.h"

namespace auspex::queries {
namespace {

using operators::ExpressionPtr;

constexpr const char* kBoundNames[] = {"WINDOWSTART", "WINDOWEND"};
/// A column that stands neither in a grouping expression nor in an aggregate.
class UngroupedColumn final : public StatementError {
 public:
  using StatementError::StatementError;
};

constexpr const char* kNoAggregate =
    "GROUP BY requires aggregate functions in either the SELECT or HAVING clause.";
constexpr const char* kUngrouped = "Non-aggregate SELECT expression(s) not part of GROUP BY: ";

/// Binds what may stand beside GROUP BY: grouping expressions and aggregates become columns of the
/// aggregate's rows, everything else is refused.
class GroupedBinder {
 public:
  GroupedBinder(const PlanningContext& context, const PlannedSources& from, PredictBinder& scoring,
                bool isWindowed)
      : context_(context),
        isWindowed_(isWindowed),
        grouping_(from.scope, context.catalog, context.functions, "GROUP BY"),
        select_{{from.scope, context.catalog, context.functions, "SELECT"},
                {from.scope, context.catalog, context.functions, "SELECT"}},
        having_{{from.scope, context.catalog, context.functions, "HAVING"},
                {from.scope, context.catalog, context.functions, "HAVING"}} {
    for (ExpressionBinder* const binder : {&grouping_, &select_.plain, &having_.plain}) {
      binder->intercept([&scoring, binder, this](const parser::Expression& expression) {
        if (const char* const bound = boundNamed(expression)) {
          refuseBound(bound, expression.span);
        }
        return scoring.bind(expression, *binder);
      });
    }
    for (ExpressionBinder* const binder : {&select_.grouped, &having_.grouped}) {
      binder->intercept(
          [this](const parser::Expression& expression) { return replace(expression); });
    }
  }

  void addGroup(const parser::Expression& expression) {
    groups_.push_back(grouping_.bind(expression));
  }

  const ExpressionBinder& binder() const { return clause().grouped; }
  void beginHaving() { isInHaving_ = true; }
  const std::vector<ExpressionPtr>& groups() const { return groups_; }
  const std::vector<operators::AggregateCall>& calls() const { return calls_; }
  /// Expressions over the input that the aggregates read, behind the groups.
  const std::vector<ExpressionPtr>& arguments() const { return arguments_; }
  /// A select item is a grouping expression by itself: its rank.
  std::optional<size_t> groupOf(const ExpressionPtr& item) const {
    const auto* const node = item->as<operators::ColumnNode>();
    return node != nullptr && node->index < groups_.size() ? std::optional(node->index)
                                                           : std::nullopt;
  }

 private:
  /// The binders of a clause: of what aggregates read, and of what stands beside them.
  struct Clause {
    ExpressionBinder plain;
    ExpressionBinder grouped;
  };

  const Clause& clause() const { return isInHaving_ ? having_ : select_; }

  /// The bound of the window that a column of the select list stands for, or null.
  const char* boundNamed(const parser::Expression& expression) const {
    const auto* const reference = std::get_if<parser::ColumnReference>(&expression.node);
    if (!isWindowed_ || reference == nullptr || reference->source) {
      return nullptr;
    }
    const auto* const found =
        std::find(std::begin(kBoundNames), std::end(kBoundNames), reference->name.name);
    return found == std::end(kBoundNames) ? nullptr : *found;
  }

  [[noreturn]] static void refuseBound(const char* bound, const parser::Span& span) {
    throw StatementError(fmt::format("Window bounds column {} can only be used in the SELECT "
                                     "clause of windowed aggregations and can not be passed to "
                                     "aggregate functions.",
                                     bound),
                         span);
  }

  /// Columns of the aggregate's rows in front of the results.
  size_t firstResult() const { return groups_.size() + (isWindowed_ ? 2 : 0); }

  ExpressionPtr replace(const parser::Expression& expression) {
    if (const char* const bound = boundNamed(expression)) {
      if (isInHaving_) {
        refuseBound(bound, expression.span);
      }
      return operators::column(groups_.size() + (bound == kBoundNames[1] ? 1 : 0),
                               operators::SqlType::bigint(), bound);
    }
    const auto* const call = std::get_if<parser::FunctionCall>(&expression.node);
    const bool isScoring = call != nullptr && isScoringFunction(call->name.name);
    if (call != nullptr &&
        context_.functions.classOf(call->name.name) == operators::FunctionClass::Aggregate) {
      return bindAggregate(*call, expression);
    }
    ExpressionPtr bound;
    try {
      bound = clause().plain.bind(expression);
    } catch (const StatementError&) {
      // An aggregate is somewhere inside, or the error is a part's: that part will report it.
      if (std::holds_alternative<parser::ColumnReference>(expression.node)) {
        throw;
      }
      if (isScoring) {
        refuseAggregatesOf(*call);
        throw;
      }
      return nullptr;
    }
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (operators::isSame(*bound, *groups_[i])) {
        return operators::column(i, bound->type(), bound->toString());
      }
    }
    std::vector<size_t> columns;
    operators::collectColumns(*bound, columns);
    if (columns.empty()) {
      return bound;
    }
    if (std::holds_alternative<parser::ColumnReference>(expression.node) || isScoring) {
      throw UngroupedColumn(kUngrouped + bound->toString(), expression.span);
    }
    return nullptr;
  }

  void refuseAggregatesOf(const parser::FunctionCall& scoring) const {
    for (const parser::Argument& argument : scoring.arguments) {
      const auto* const call =
          argument.star ? nullptr : std::get_if<parser::FunctionCall>(&argument.value->node);
      if (call != nullptr &&
          context_.functions.classOf(call->name.name) == operators::FunctionClass::Aggregate) {
        throw StatementError(
            fmt::format("{} takes columns of FROM and no aggregates: CREATE TABLE ... AS SELECT "
                        "{}(...) AS a column first, and score the rows of that table.",
                        scoring.name.name, call->name.name),
            argument.value->span);
      }
    }
  }

  ExpressionPtr bindAggregate(const parser::FunctionCall& call,
                              const parser::Expression& expression) {
    if (call.over) {
      throw StatementError("OVER is not supported yet.", call.over->span);
    }
    std::vector<ExpressionPtr> arguments;
    for (const parser::Argument& argument : call.arguments) {
      if (!argument.star) {
        arguments.push_back(bindArgument(*argument.value, call));
      }
    }
    operators::BoundAggregate aggregate;
    try {
      aggregate = context_.functions.bindAggregate(call.name.name, std::move(arguments));
    } catch (const operators::TypeError& error) {
      throw StatementError(error.what(), expression.span);
    }
    operators::AggregateCall bound;
    bound.function = aggregate.function;
    bound.text = aggregate.name + "(";
    for (size_t i = 0; i < aggregate.arguments.size(); ++i) {
      bound.text += (i == 0 ? "" : ", ") + aggregate.arguments[i]->toString();
      bound.arguments.push_back(addArgument(aggregate.arguments[i]));
    }
    bound.text += ")";
    const auto same = std::find_if(calls_.begin(), calls_.end(), [&](const auto& other) {
      return isSameAggregate(other, bound);
    });
    const size_t index = firstResult() + static_cast<size_t>(same - calls_.begin());
    const operators::SqlType type = bound.function->resultType();
    const std::string text = bound.text;
    if (same == calls_.end()) {
      calls_.push_back(std::move(bound));
    }
    return operators::column(index, type, text);
  }

  /// Columns of two sources may have one name; literals stand in the text only.
  static bool isSameAggregate(const operators::AggregateCall& left,
                              const operators::AggregateCall& right) {
    return left.text == right.text &&
           std::equal(left.arguments.begin(), left.arguments.end(), right.arguments.begin(),
                      right.arguments.end(),
                      [](const auto& a, const auto& b) { return operators::isSame(*a, *b); });
  }

  ExpressionPtr bindArgument(const parser::Expression& expression,
                             const parser::FunctionCall& call) const {
    const auto* const inner = std::get_if<parser::FunctionCall>(&expression.node);
    if (inner != nullptr &&
        context_.functions.classOf(inner->name.name) == operators::FunctionClass::Aggregate) {
      throw StatementError(fmt::format("Aggregate functions can not be nested: {}({}())",
                                       call.name.name, inner->name.name),
                           expression.span);
    }
    return clause().plain.bind(expression);
  }

  /// The column of the aggregate's input that holds this expression.
  ExpressionPtr addArgument(const ExpressionPtr& expression) {
    const auto same = std::find_if(arguments_.begin(), arguments_.end(), [&](const auto& other) {
      return operators::isSame(*other, *expression);
    });
    const auto index = static_cast<size_t>(same - arguments_.begin());
    if (same == arguments_.end()) {
      arguments_.push_back(expression);
    }
    return operators::column(groups_.size() + index, expression->type(), expression->toString());
  }

  const PlanningContext& context_;
  bool isWindowed_;
  bool isInHaving_ = false;
  ExpressionBinder grouping_;
  Clause select_;
  Clause having_;
  std::vector<ExpressionPtr> groups_;
  std::vector<operators::AggregateCall> calls_;
  std::vector<ExpressionPtr> arguments_;
};

/// True when the rows already lie where their group does: grouped by exactly the key, in order.
bool isGroupedByKey(const std::vector<ExpressionPtr>& groups, const PlannedSources& from) {
  if (from.isJoin || groups.size() != from.keyPositions.size()) {
    return false;
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto* const node = groups[i]->as<operators::ColumnNode>();
    if (node == nullptr || node->index != from.keyPositions[i]) {
      return false;
    }
  }
  return true;
}

/// Group columns and aggregate arguments, nothing else, as rows for the aggregate.
PlanNodePtr addArguments(PlanNodePtr input, const GroupedBinder& grouped) {
  ProjectPlan step;
  PlanNode node{ProjectPlan{}, {input}, {}, input->isTable};
  for (const auto* const list : {&grouped.groups(), &grouped.arguments()}) {
    for (const ExpressionPtr& expression : *list) {
      step.expressions.push_back(expression);
      step.names.push_back(expression->toString());
      node.types.push_back(expression->type());
    }
  }
  node.step = std::move(step);
  return std::make_shared<const PlanNode>(std::move(node));
}

std::vector<operators::SchemaColumn> groupColumnsOf(const GroupedBinder& grouped) {
  std::vector<operators::SchemaColumn> columns;
  for (const ExpressionPtr& group : grouped.groups()) {
    columns.push_back({group->toString(), group->type(), true});
  }
  return columns;
}

/// For each item its rank among the grouping expressions; all of those must be there, once.
std::vector<std::optional<size_t>> rankGroups(const std::vector<BoundItem>& items,
                                              const GroupedBinder& grouped, const std::string& sink,
                                              const parser::Select& select) {
  std::vector<std::optional<size_t>> ranks(items.size());
  std::vector<std::vector<std::string>> aliases(grouped.groups().size());
  for (size_t i = 0; i < items.size(); ++i) {
    ranks[i] = grouped.groupOf(items[i].expression);
    if (ranks[i]) {
      aliases[*ranks[i]].push_back("`" + items[i].name + "`");
    }
  }
  std::vector<std::string> names;
  bool isMissing = false;
  for (size_t rank = 0; rank < aliases.size(); ++rank) {
    names.push_back(grouped.groups()[rank]->toString());
    isMissing = isMissing || aliases[rank].empty();
    if (aliases[rank].size() > 1) {
      throw StatementError(
          fmt::format("The projection contains a key column more than once: {}.\nEach key column "
                      "must only be in the projection once. If you intended to copy the key into "
                      "the value, then consider using the AS_VALUE function to indicate which key "
                      "reference should be copied.",
                      listOf(aliases[rank], "and")),
          select.span);
    }
  }
  if (isMissing) {
    throw StatementError(keyMissingMessage(sink, KeyKind::GroupingExpression, names), select.span);
  }
  return ranks;
}

/// The select list with the columns of `*` written out, since those stand in another place once
/// the rows are grouped.
parser::Select withoutStars(const parser::Select& select, const PlannedSources& from) {
  parser::Select expanded = select;
  expanded.items.clear();
  for (const parser::SelectItem& item : select.items) {
    const auto* const star = std::get_if<parser::AllColumns>(&item.item);
    if (star == nullptr) {
      expanded.items.push_back(item);
      continue;
    }
    for (const ScopeColumn& column : from.scope.columns()) {
      if (column.isPseudo || (star->source && star->source->name != column.source)) {
        continue;
      }
      const parser::ColumnReference reference{parser::Identifier{column.source, false, item.span},
                                              parser::Identifier{column.name, false, item.span}};
      parser::SingleColumn single;
      single.expression =
          std::make_shared<const parser::Expression>(parser::Expression{reference, item.span});
      if (from.isJoin) {
        single.alias = parser::Identifier{column.source + "_" + column.name, false, item.span};
      }
      expanded.items.push_back({std::move(single), item.span});
    }
  }
  return expanded;
}

/// Refuses all items at once that are made of other columns than those grouped by.
void refuseUngrouped(const parser::Select& select, const GroupedBinder& grouped) {
  std::string list;
  std::optional<parser::Span> place;
  for (const parser::SelectItem& item : select.items) {
    const auto* const single = std::get_if<parser::SingleColumn>(&item.item);
    if (single == nullptr) {
      continue;
    }
    try {
      grouped.binder().bind(*single->expression);
    } catch (const UngroupedColumn&) {
      const auto* const reference = std::get_if<parser::ColumnReference>(&single->expression->node);
      list += list.empty() ? "" : ", ";
      list += reference != nullptr
                  ? reference->name.name
                  : parser::print(*single->expression, parser::Parentheses::Everywhere);
      place = place.value_or(item.span);
    }
  }
  if (place && grouped.calls().empty() && !select.having) {
    throw StatementError(kNoAggregate, select.groupBy->span);
  }
  if (place) {
    throw StatementError(kUngrouped + list, *place);
  }
}

/// ksqlDB keeps the states of aggregates in the value format, and refuses those that it cannot
/// hold: so do programs that are to run on both.
void refuseStates(const std::vector<operators::AggregateCall>& calls, const PlannedSources& from,
                  const parser::Span& span) {
  if (from.sources[0]->valueFormat->name() != "DELIMITED") {
    return;
  }
  for (const operators::AggregateCall& call : calls) {
    const std::vector<operators::SqlType>& types = call.function->stateTypes();
    if (types.size() != 1 || types[0].is(operators::TypeKind::Array) ||
        types[0].is(operators::TypeKind::Map) || types[0].is(operators::TypeKind::Struct)) {
      throw StatementError(
          "One of the functions used in the statement has an intermediate type that the value "
          "format can not handle. Please remove the function or change the format.",
          span);
    }
  }
}

ExpressionPtr bindHaving(const parser::Select& select, const GroupedBinder& grouped) {
  if (!select.having) {
    return nullptr;
  }
  ExpressionPtr having = grouped.binder().bind(*select.having);
  if (!having->type().is(operators::TypeKind::Boolean)) {
    throw StatementError(fmt::format("Type error in HAVING expression: Should evaluate to boolean "
                                     "but is {} ({}) instead.",
                                     having->toString(), having->type().toString()),
                         select.having->span);
  }
  return having;
}

/// Over a table every aggregate must be able to take a row back.
void refuseStreamOnly(const std::vector<operators::AggregateCall>& calls,
                      const parser::Span& span) {
  std::vector<std::string> names;
  for (const operators::AggregateCall& call : calls) {
    const std::string name = call.text.substr(0, call.text.find('('));
    if (!call.function->canUndo() && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  if (!names.empty()) {
    throw StatementError(fmt::format("The aggregation function{} {} cannot be applied to a table "
                                     "source, only to a stream source.",
                                     names.size() == 1 ? "" : "s", listOf(names, "and")),
                         span);
  }
}

/// Columns behind those of the projection: what identifies a group, for a query that shows rows,
/// and the bounds of its window.
std::vector<ExpressionPtr> hiddenColumns(const GroupedBinder& grouped, bool isShown,
                                         bool isWindowed) {
  std::vector<ExpressionPtr> hidden;
  const size_t numGroups = grouped.groups().size();
  for (size_t i = 0; isShown && i < numGroups; ++i) {
    const ExpressionPtr& group = grouped.groups()[i];
    hidden.push_back(operators::column(i, group->type(), group->toString()));
  }
  for (size_t i = 0; isWindowed && i < std::size(kBoundNames); ++i) {
    hidden.push_back(
        operators::column(numGroups + i, operators::SqlType::bigint(), kBoundNames[i]));
  }
  return hidden;
}

}  // namespace

void planGrouped(const parser::Select& select, QueryPurpose purpose, const PlanningContext& context,
                 const PlannedSources& from, const ExpressionPtr& where, PredictBinder& scoring,
                 const InputBuilder& buildInput, QueryPlan& plan) {
  const std::optional<operators::AggregateWindow> window = windowOf(select, from);
  if (select.groupBy->expressions.empty() && purpose == QueryPurpose::Persistent) {
    throw StatementError("GROUP BY requires at least one expression.", select.groupBy->span);
  }
  checkItemNames(select, from);
  GroupedBinder grouped(context, from, scoring, window.has_value());
  for (const parser::ExpressionPtr& expression : select.groupBy->expressions) {
    grouped.addGroup(*expression);
  }
  const parser::Select expanded = withoutStars(select, from);
  refuseUngrouped(expanded, grouped);
  std::vector<BoundItem> items = bindItems(expanded, from, grouped.binder());
  nameItems(items, from.scope);
  checkTimestamp(context.timestamp, items);
  grouped.beginHaving();
  const ExpressionPtr having = bindHaving(select, grouped);
  if (grouped.calls().empty()) {
    throw StatementError(kNoAggregate, select.groupBy->span);
  }
  if (from.root->isTable) {
    refuseStreamOnly(grouped.calls(), select.groupBy->span);
  }
  refuseStates(grouped.calls(), from, select.groupBy->span);
  const bool persistent = purpose == QueryPurpose::Persistent;
  const Projection projection =
      arrange(items,
              persistent ? rankGroups(items, grouped, context.sink, select)
                         : std::vector<std::optional<size_t>>(items.size()),
              select.span, persistent);

  PlanNodePtr node = addArguments(buildInput(from.root, where, scoring), grouped);
  if (!isGroupedByKey(grouped.groups(), from)) {
    if (plan.keyFormat->name() == "NONE") {
      plan.keyFormat = operators::findFormat("KAFKA");
    }
    RepartitionPlan repartition;
    for (size_t i = 0; i < grouped.groups().size(); ++i) {
      repartition.keyPositions.push_back(i);
    }
    repartition.keyColumns = groupColumnsOf(grouped);
    // Where rows meet needs no outside format: several columns fit JSON keys always.
    repartition.keyFormat = operators::findFormat("JSON");
    repartition.keyOptions.isKey = true;
    repartition.operation = "Aggregate-GroupBy-repartition";
    repartition.partitionsOf = from.sources[0]->topic;
    node = std::make_shared<const PlanNode>(
        PlanNode{std::move(repartition), {node}, node->types, node->isTable});
  }
  PlanNode aggregate{
      AggregatePlan{groupColumnsOf(grouped), grouped.calls(), window}, {node}, {}, true};
  for (const ExpressionPtr& group : grouped.groups()) {
    aggregate.types.push_back(group->type());
  }
  aggregate.types.insert(aggregate.types.end(), window ? 2 : 0, operators::SqlType::bigint());
  for (const operators::AggregateCall& call : grouped.calls()) {
    aggregate.types.push_back(call.function->resultType());
  }
  node = addFilter(std::make_shared<const PlanNode>(std::move(aggregate)), having);
  plan.isTable = true;
  plan.schema = operators::Schema(projection.columns);
  const std::vector<ExpressionPtr> hidden =
      hiddenColumns(grouped, purpose == QueryPurpose::Transient, window.has_value());
  if (window) {
    plan.window = window->key;
  }
  plan.numHiddenKeys = purpose == QueryPurpose::Transient ? hidden.size() : 0;
  plan.root = addProjection(node, projection, hidden);
}

}  // namespace auspex::queries
