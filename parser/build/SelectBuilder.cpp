// SPDX-License-Identifier: Apache-2.0
#include "parser/build/SelectBuilder.h"

#include <utility>

#include "parser/build/ClauseBuilder.h"
#include "parser/build/ExpressionBuilder.h"

namespace auspex::parser {
namespace {

std::optional<Identifier> aliasOf(const NodeReader& parent) {
  const auto alias = parent.find(NodeKind::Alias);
  return alias ? std::optional<Identifier>(nameOf(*alias)) : std::nullopt;
}

SelectItem buildItem(const NodeReader& node) {
  const Span span = node.span();
  if (const auto all = node.find(NodeKind::AllColumns)) {
    AllColumns columns;
    if (all->has(NodeKind::Name)) {
      columns.source = nameOf(*all);
    }
    return {std::move(columns), span};
  }
  if (node.has(NodeKind::StructAll)) {
    return {StructAll{expressionOf(node)}, span};
  }
  return {SingleColumn{expressionOf(node), aliasOf(node)}, span};
}

std::vector<std::shared_ptr<const Select>> queriesOf(const NodeReader& parent) {
  std::vector<std::shared_ptr<const Select>> queries;
  for (const NodeReader& query : parent.children(NodeKind::Select)) {
    queries.push_back(std::make_shared<const Select>(buildSelect(query)));
  }
  return queries;
}

SourceReference buildSource(const NodeReader& node) {
  if (std::vector<std::shared_ptr<const Select>> queries = queriesOf(node); !queries.empty()) {
    return {{"", false, node.span()}, aliasOf(node), node.span(), std::move(queries)};
  }
  return {nameOf(node), aliasOf(node), node.span()};
}

std::optional<Interval> intervalOf(const NodeReader& parent, NodeKind clause) {
  const auto node = parent.find(clause);
  return node ? std::optional<Interval>(buildInterval(node->get(NodeKind::Interval)))
              : std::nullopt;
}

Within buildWithin(const NodeReader& node) {
  const auto intervals = node.children(NodeKind::Interval);
  return {buildInterval(intervals.front()), buildInterval(intervals.back()),
          intervalOf(node, NodeKind::Grace), node.span()};
}

Join buildJoin(const NodeReader& node) {
  Join join;
  join.span = node.span();
  if (node.has(NodeKind::LeftJoin)) {
    join.kind = JoinKind::Left;
  } else if (node.has(NodeKind::RightJoin)) {
    join.kind = JoinKind::Right;
  } else if (node.has(NodeKind::FullJoin)) {
    join.kind = JoinKind::Full;
  }
  join.source = buildSource(node.get(NodeKind::Source));
  join.asOfRowtime = node.has(NodeKind::AsOf);
  // The alias may also stand behind AS OF ROWTIME.
  if (auto alias = aliasOf(node)) {
    join.source.alias = std::move(alias);
  }
  if (const auto within = node.find(NodeKind::Within)) {
    join.within = buildWithin(*within);
  }
  join.condition = expressionOf(node);
  return join;
}

From buildFrom(const NodeReader& node) {
  From from{buildSource(node.get(NodeKind::Source)), {}, node.span()};
  for (const NodeReader& join : node.children(NodeKind::Join)) {
    from.joins.push_back(buildJoin(join));
  }
  return from;
}

WindowExpression buildWindow(const NodeReader& node) {
  WindowExpression window;
  window.span = node.span();
  if (node.has(NodeKind::Name)) {
    window.name = nameOf(node);
  }
  const NodeReader kind = node.children().back();
  const auto intervals = kind.children(NodeKind::Interval);
  window.size = buildInterval(intervals.front());
  window.kind = WindowKind::Session;
  if (kind.kind() == NodeKind::Tumbling) {
    window.kind = WindowKind::Tumbling;
  } else if (kind.kind() == NodeKind::Hopping) {
    window.kind = WindowKind::Hopping;
    window.advance = buildInterval(intervals[1]);
  }
  window.retention = intervalOf(kind, NodeKind::Retention);
  window.grace = intervalOf(kind, NodeKind::Grace);
  return window;
}

std::optional<Grouping> groupingOf(const NodeReader& parent, NodeKind kind) {
  const auto node = parent.find(kind);
  return node ? std::optional<Grouping>(Grouping{expressionsOf(*node), node->span()})
              : std::nullopt;
}

ExpressionPtr conditionOf(const NodeReader& parent, NodeKind kind) {
  const auto node = parent.find(kind);
  return node ? expressionOf(*node) : nullptr;
}

}  // namespace

Select buildSelect(const NodeReader& node) {
  Select select;
  select.span = node.span();
  select.distinct = node.has(NodeKind::Distinct);
  for (const NodeReader& item : node.children(NodeKind::SelectItem)) {
    select.items.push_back(buildItem(item));
  }
  if (const auto from = node.find(NodeKind::From)) {
    select.from = buildFrom(*from);
  }
  if (const auto window = node.find(NodeKind::Window)) {
    select.window = buildWindow(*window);
  }
  select.where = conditionOf(node, NodeKind::Where);
  select.groupBy = groupingOf(node, NodeKind::GroupBy);
  select.partitionBy = groupingOf(node, NodeKind::PartitionBy);
  select.having = conditionOf(node, NodeKind::Having);
  if (node.has(NodeKind::EmitChanges)) {
    select.emit = EmitKind::Changes;
  } else if (node.has(NodeKind::EmitFinal)) {
    select.emit = EmitKind::Final;
  }
  if (const auto limit = node.find(NodeKind::Limit)) {
    const Token& number = limit->get(NodeKind::Number).firstToken();
    if (number.kind != TokenKind::IntegerNumber) {
      throw SyntaxError::wrongLimit(number.span);
    }
    const std::int64_t rows = buildWholeNumber(number);
    select.limit = limit->hasToken(TokenKind::MinusSign) ? -rows : rows;
    select.limitSpan = limit->span();
  }
  return select;
}

Select selectOf(const NodeReader& parent) {
  const std::vector<NodeReader> queries = parent.children(NodeKind::Select);
  if (queries.size() == 1) {
    return buildSelect(queries[0]);
  }
  // SELECT * FROM (... UNION ALL ...): what ends the last query is for all of them.
  Select last = buildSelect(queries.back());
  Select all;
  all.isUnion = true;
  all.span = parent.spanOf(queries[0].begin(), queries.back().end());
  all.items.push_back({AllColumns{}, all.span});
  all.emit = std::exchange(last.emit, EmitKind::None);
  all.limit = std::exchange(last.limit, std::nullopt);
  all.limitSpan = last.limitSpan;
  SourceReference source{{"", false, all.span}, std::nullopt, all.span};
  for (size_t i = 0; i + 1 < queries.size(); ++i) {
    source.queries.push_back(std::make_shared<const Select>(buildSelect(queries[i])));
  }
  source.queries.push_back(std::make_shared<const Select>(std::move(last)));
  all.from = From{std::move(source), {}, all.span};
  return all;
}

}  // namespace auspex::parser
