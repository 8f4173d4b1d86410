// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/PullRules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "operators/FilterOperator.h"
#include "operators/PredictOperator.h"
#include "operators/ProjectOperator.h"
#include "operators/SourceOperator.h"
#include "operators/expressions/ExpressionFactory.h"
#include "queries/StatementError.h"

namespace auspex::queries {
namespace {

using operators::ComparisonOperator;
using operators::ExpressionPtr;

constexpr const char* kMoreInfo = "See https://cnfl.io/queries for more info.";
constexpr const char* kPushHint = "Add EMIT CHANGES if you intended to issue a push query.";
/// Alternatives of a condition beyond which it counts as one that names no keys.
constexpr size_t kMaxDisjuncts = 10'000;

/// `what` without its full stop.
[[noreturn]] void refuse(const std::string& what, const parser::Span& span) {
  throw StatementError(fmt::format("{}. {}\n{}", what, kMoreInfo, kPushHint), span);
}

ExpressionPtr conditionOf(const operators::Topology& topology) {
  for (const operators::TopologyNode& node : topology.parts[0].nodes) {
    const auto* const filter =
        dynamic_cast<const operators::FilterDescription*>(node.description.get());
    if (filter != nullptr) {
      return filter->condition;
    }
  }
  return nullptr;
}

/// The forbidden columns that the expressions read.
std::vector<std::string> forbiddenColumns(const std::vector<ExpressionPtr>& expressions,
                                          const DataSource& source) {
  std::set<size_t> read;
  for (const ExpressionPtr& expression : expressions) {
    std::vector<size_t> columns;
    operators::collectColumns(*expression, columns);
    read.insert(columns.begin(), columns.end());
  }
  std::vector<std::string> names;
  for (size_t i = 1; i < operators::kNumPseudoColumns; ++i) {  // ROWTIME is there
    if (read.contains(source.schema.size() + i)) {
      names.push_back(fmt::format("`{}`", operators::kPseudoColumnNames[i]));
    }
  }
  return names;
}

/// What is read by WHERE, and by the select list.
struct SelectExpressions {
  std::vector<ExpressionPtr> filtered;
  std::vector<ExpressionPtr> selected;
};

SelectExpressions expressionsOf(const operators::Topology& topology) {
  SelectExpressions read;
  std::vector<ExpressionPtr>& selected = read.selected;
  for (const operators::TopologyNode& node : topology.parts[0].nodes) {
    const operators::OperatorDescription* const step = node.description.get();
    if (const auto* const filter = dynamic_cast<const operators::FilterDescription*>(step)) {
      read.filtered.push_back(filter->condition);
    } else if (const auto* const project =
                   dynamic_cast<const operators::ProjectDescription*>(step)) {
      selected.insert(selected.end(), project->expressions.begin(), project->expressions.end());
    } else if (const auto* const predict =
                   dynamic_cast<const operators::PredictDescription*>(step)) {
      selected.insert(selected.end(), predict->arguments.begin(), predict->arguments.end());
    }
  }
  return read;
}

void refuseColumns(const std::vector<ExpressionPtr>& expressions, const DataSource& source,
                   const char* clause, const parser::Span& span) {
  const std::vector<std::string> names = forbiddenColumns(expressions, source);
  if (!names.empty()) {
    throw StatementError(
        fmt::format("Pull queries don't support the following columns in {} clauses: {}\n{}",
                    clause, fmt::join(names, ", "), kPushHint),
        span);
  }
}

using Disjuncts = std::vector<std::vector<ExpressionPtr>>;

/// OR of ANDs; empty when there are too many.
Disjuncts disjunctsOf(const ExpressionPtr& condition) {
  if (const auto* const logical = condition->as<operators::LogicalNode>()) {
    Disjuncts left = disjunctsOf(logical->left);
    const Disjuncts right = disjunctsOf(logical->right);
    if (logical->operation == operators::LogicalOperator::Or) {
      left.insert(left.end(), right.begin(), right.end());
      return left.size() > kMaxDisjuncts ? Disjuncts{} : left;
    }
    Disjuncts both;
    for (size_t i = 0; i < left.size() && left.size() * right.size() <= kMaxDisjuncts; ++i) {
      for (const auto& second : right) {
        both.push_back(left[i]);
        both.back().insert(both.back().end(), second.begin(), second.end());
      }
    }
    return both;
  }
  if (const auto* const in = condition->as<operators::InNode>()) {
    Disjuncts equalities;
    for (const ExpressionPtr& candidate : in->candidates) {
      equalities.push_back(
          {operators::comparison(ComparisonOperator::Equal, in->value, candidate)});
    }
    return equalities;
  }
  return {{condition}};
}

bool hasColumns(const ExpressionPtr& expression) {
  std::vector<size_t> columns;
  operators::collectColumns(*expression, columns);
  return !columns.empty();
}

/// As it was written: without the casts that its type rules have put around it.
ExpressionPtr written(ExpressionPtr expression) {
  const auto* cast = expression->as<operators::CastNode>();
  while (cast != nullptr && cast->implicit) {
    expression = cast->operand;
    cast = expression->as<operators::CastNode>();
  }
  return expression;
}

bool isRange(ComparisonOperator operation) {
  return operation == ComparisonOperator::Less || operation == ComparisonOperator::LessOrEqual ||
         operation == ComparisonOperator::Greater ||
         operation == ComparisonOperator::GreaterOrEqual;
}

/// One alternative of a condition, judged as ksqlDB does.
class DisjunctRules {
 public:
  DisjunctRules(const DataSource& table, const PullLimits& limits, const parser::Span& span)
      : table_(table), limits_(limits), span_(span) {}

  void check(const std::vector<ExpressionPtr>& conjuncts) {
    ExpressionPtr whole;
    for (const ExpressionPtr& conjunct : conjuncts) {
      whole = whole ? operators::logicalAnd(whole, conjunct) : conjunct;
      checkConjunct(conjunct);
    }
    if (seen_.empty()) {
      refuse(fmt::format("WHERE clause missing key column for disjunct: {}", whole->toString()),
             span_);
    }
    if (seen_.size() != table_.schema.numKeys()) {
      refuse(fmt::format("Multi-column sources must specify every key in the WHERE clause. "
                         "Specified: {} Expected: {}",
                         namesOfSeen(), keyText()),
             span_);
    }
    if (needsScan_) {
      refuse("Query requires table scan to be enabled", span_);
    }
  }

 private:
  void checkConjunct(const ExpressionPtr& conjunct) {
    if (conjunct->as<operators::LikeNode>() != nullptr) {
      return;
    }
    const auto* const comparison = conjunct->as<operators::ComparisonNode>();
    if (comparison == nullptr) {
      refuse(fmt::format("Unsupported expression in WHERE clause: {}", conjunct->toString()),
             span_);
    }
    const ExpressionPtr left = written(comparison->left);
    const bool isLeft = left->as<operators::ColumnNode>() != nullptr;
    const ExpressionPtr side = isLeft ? left : written(comparison->right);
    const ExpressionPtr& other = isLeft ? comparison->right : comparison->left;
    const auto* const column = side->as<operators::ColumnNode>();
    if (column == nullptr) {
      refuse("A comparison must directly reference a key column", span_);
    }
    if (hasColumns(other)) {
      refuse("A comparison must be between a key column and a resolvable expression", span_);
    }
    if (column->index < table_.schema.numKeys()) {
      checkKey(column->index, comparison->operation);
    }
  }

  void checkKey(size_t key, ComparisonOperator operation) {
    const bool isEqual = operation == ComparisonOperator::Equal;
    if (!isEqual && !(isRange(operation) && limits_.rangeScans)) {
      refuse(fmt::format("Bound on key columns '{}' must currently be '='", keyText()), span_);
    }
    if (!seen_.insert(key).second) {
      refuse(
          "A comparison condition on the key column cannot be combined with other comparisons such "
          "as an IN predicate",
          span_);
    }
    const bool isSingleText =
        table_.schema.numKeys() == 1 && table_.schema[0].type.is(operators::TypeKind::String);
    needsScan_ = needsScan_ || (!isEqual && !isSingleText);
  }

  std::string keyText() const {
    std::vector<std::string> columns;
    for (size_t i = 0; i < table_.schema.numKeys(); ++i) {
      columns.push_back(
          fmt::format("`{}` {} KEY", table_.schema[i].name, table_.schema[i].type.toString()));
    }
    return fmt::format("[{}]", fmt::join(columns, ", "));
  }

  std::string namesOfSeen() const {
    std::vector<std::string> names;
    for (const size_t key : seen_) {
      names.push_back(fmt::format("`{}`", table_.schema[key].name));
    }
    return fmt::format("[{}]", fmt::join(names, ", "));
  }

  const DataSource& table_;
  const PullLimits& limits_;
  const parser::Span& span_;
  std::set<size_t> seen_;
  bool needsScan_ = false;
};

void checkListedKey(const parser::InList& list, const operators::SchemaColumn& key) {
  for (const parser::ExpressionPtr& candidate : list.candidates) {
    if (std::holds_alternative<parser::NullLiteral>(candidate->node)) {
      throw StatementError(
          fmt::format("Primary key columns can not be NULL: ({} = null)", key.name),
          candidate->span);
    }
    const bool isNumber =
        key.type.is(operators::TypeKind::Integer) || key.type.is(operators::TypeKind::Bigint) ||
        key.type.is(operators::TypeKind::Double) || key.type.is(operators::TypeKind::Decimal);
    const auto* const text = std::get_if<parser::StringLiteral>(&candidate->node);
    if (text != nullptr && isNumber) {
      throw StatementError(
          fmt::format("'{}' can not be converted to the type of the key column: {} {} KEY",
                      text->value, key.name, key.type.toString()),
          candidate->span);
    }
  }
}

void checkListedKeysIn(const parser::ExpressionPtr& condition, const DataSource& table) {
  if (const auto* const logical = std::get_if<parser::Logical>(&condition->node)) {
    checkListedKeysIn(logical->left, table);
    checkListedKeysIn(logical->right, table);
  } else if (const auto* const list = std::get_if<parser::InList>(&condition->node)) {
    const auto* const column = std::get_if<parser::ColumnReference>(&list->value->node);
    const auto position = column == nullptr ? std::nullopt : table.schema.find(column->name.name);
    if (position && *position < table.schema.numKeys()) {
      checkListedKey(*list, table.schema[*position]);
    }
  }
}

}  // namespace

void refusePullClauses(const parser::Select& select) {
  const auto refuseClause = [&](const char* name, const parser::Span& span) {
    refuse(fmt::format("Pull queries don't support {} clauses", name), span);
  };
  if (!select.from->source.queries.empty()) {
    refuse("Pull queries don't support queries in FROM", select.from->source.span);
  }
  if (!select.from->joins.empty()) {
    refuseClause("JOIN", select.from->joins[0].span);
  }
  if (select.distinct) {
    refuseClause("DISTINCT", select.span);
  }
  if (select.window) {
    refuseClause("WINDOW", select.window->span);
  }
  if (select.groupBy) {
    refuseClause("GROUP BY", select.groupBy->span);
  }
  if (select.partitionBy) {
    refuseClause("PARTITION BY", select.partitionBy->span);
  }
  if (select.having) {
    refuseClause("HAVING", select.having->span);
  }
}

bool readsPlaces(const DataSource& source, const operators::Topology& topology) {
  const SelectExpressions read = expressionsOf(topology);
  return !forbiddenColumns(read.filtered, source).empty() ||
         !forbiddenColumns(read.selected, source).empty();
}

void refusePullColumns(const parser::Select& select, const DataSource& source,
                       const operators::Topology& topology) {
  const SelectExpressions read = expressionsOf(topology);
  refuseColumns(read.filtered, source, "WHERE", select.where ? select.where->span : select.span);
  refuseColumns(read.selected, source, "SELECT", select.span);
}

void checkListedKeys(const parser::Select& select, const DataSource& table) {
  if (select.where) {
    checkListedKeysIn(select.where, table);
  }
}

void refuseTableScan(const parser::Select& select, const DataSource& table,
                     const operators::Topology& topology, const PullLimits& limits) {
  if (limits.tableScans) {
    return;
  }
  const ExpressionPtr condition = conditionOf(topology);
  if (!condition) {
    refuse("Missing WHERE clause. Query requires table scan to be enabled", select.span);
  }
  const Disjuncts disjuncts = disjunctsOf(condition);
  if (disjuncts.empty()) {
    refuse("Query requires table scan to be enabled", select.where->span);
  }
  for (const std::vector<ExpressionPtr>& conjuncts : disjuncts) {
    DisjunctRules(table, limits, select.where->span).check(conjuncts);
  }
}

void failNotQueryable(const parser::Select& select, const DataSource& table) {
  throw StatementError(
      fmt::format(
          "The `{0}` table isn't queryable. To derive a queryable table, you can do 'CREATE "
          "TABLE QUERYABLE_{0} AS SELECT * FROM {0}'. {1}\n{2}",
          table.name, kMoreInfo, kPushHint),
      select.from->source.name.span);
}

}  // namespace auspex::queries
