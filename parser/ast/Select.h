// SPDX-License-Identifier: Apache-2.0
// A query as written: SELECT with all of its clauses.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parser/ast/Expression.h"
#include "parser/ast/Identifier.h"
#include "parser/ast/Span.h"

namespace auspex::parser {

/// `expr [[AS] alias]`.
struct SingleColumn {
  ExpressionPtr expression;
  std::optional<Identifier> alias;
};

/// `*` or `source.*`.
struct AllColumns {
  std::optional<Identifier> source;
};

/// `expr->*`: every field of a struct.
struct StructAll {
  ExpressionPtr base;
};

struct SelectItem {
  std::variant<SingleColumn, AllColumns, StructAll> item;
  Span span;
};

struct Select;

/// A stream or table in FROM or JOIN, or in parentheses the rows of queries.
struct SourceReference {
  Identifier name;  ///< empty for queries
  std::optional<Identifier> alias;
  Span span;
  /// More than one: UNION ALL of them.
  std::vector<std::shared_ptr<const Select>> queries = {};
};

/// `WITHIN n unit`, `WITHIN (n unit, n unit)`, each with an optional grace period.
struct Within {
  /// How far the right row may lie before the left one, and behind it; equal in the short form.
  Interval before;
  Interval after;
  std::optional<Interval> grace;
  Span span;
};

enum class JoinKind { Inner, Left, Right, Full };

struct Join {
  JoinKind kind = JoinKind::Inner;
  SourceReference source;
  /// `AS OF ROWTIME`: the table as it was at the row's time.
  bool asOfRowtime = false;
  std::optional<Within> within;
  ExpressionPtr condition;
  Span span;
};

struct From {
  SourceReference source;
  /// In order, each joining what stands before it.
  std::vector<Join> joins;
  Span span;
};

enum class WindowKind { Tumbling, Hopping, Session };

struct WindowExpression {
  WindowKind kind = WindowKind::Tumbling;
  /// The optional bare name before the kind.
  std::optional<Identifier> name;
  /// Session: the gap.
  Interval size;
  /// Hopping only.
  std::optional<Interval> advance;
  std::optional<Interval> retention;
  std::optional<Interval> grace;
  Span span;
};

/// GROUP BY or PARTITION BY.
struct Grouping {
  std::vector<ExpressionPtr> expressions;
  Span span;
};

enum class EmitKind { None, Changes, Final };

struct Select {
  /// Written as queries with UNION ALL between them: stands for SELECT * FROM (...).
  bool isUnion = false;
  /// SELECT DISTINCT; parsed so that the binder can refuse it with a reason.
  bool distinct = false;
  std::vector<SelectItem> items;
  /// Absent: SELECT of constants.
  std::optional<From> from;
  std::optional<WindowExpression> window;
  /// Null without WHERE.
  ExpressionPtr where;
  std::optional<Grouping> groupBy;
  std::optional<Grouping> partitionBy;
  /// Null without HAVING.
  ExpressionPtr having;
  EmitKind emit = EmitKind::None;
  std::optional<std::int64_t> limit;
  Span span;
  /// Where LIMIT stands, for messages.
  Span limitSpan;
};

}  // namespace auspex::parser
