// SPDX-License-Identifier: Apache-2.0
// Expressions as written: a variant of plain structs. Trees are immutable and shared, so copying
// one is cheap. Nothing here is resolved: a column is a name, a type is a name, a function is a
// name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parser/ast/Identifier.h"
#include "parser/ast/Span.h"
#include "parser/ast/TypeName.h"

namespace auspex::parser {

struct Expression;

/// Never null where a member is described as an expression, unless its comment says otherwise.
using ExpressionPtr = std::shared_ptr<const Expression>;

struct NullLiteral {};

struct BooleanLiteral {
  bool value = false;
};

/// An INTEGER when the value fits 32 bits, else a BIGINT. A minus sign before it is a Unary.
struct IntegerLiteral {
  std::int64_t value = 0;
  bool fits32 = true;
};

/// A DECIMAL of the precision and scale written: digits with a point and no exponent.
struct DecimalLiteral {
  /// As written (`1.50`, `.5`, `1.`); a minus sign only from DECIMAL '-1.5'.
  std::string text;
};

/// Written with an exponent.
struct DoubleLiteral {
  double value = 0;
  std::string text;
};

struct StringLiteral {
  /// Without the quotes, doubled quotes made single.
  std::string value;
};

/// `c` or `source.c`; also the parameter of a lambda.
struct ColumnReference {
  std::optional<Identifier> source;
  Identifier name;
};

enum class UnaryOperator { Plus, Minus };

struct Unary {
  UnaryOperator operation = UnaryOperator::Minus;
  ExpressionPtr operand;
};

enum class ArithmeticOperator { Add, Subtract, Multiply, Divide, Modulo, Concat };

struct Arithmetic {
  ArithmeticOperator operation = ArithmeticOperator::Add;
  ExpressionPtr left;
  ExpressionPtr right;
};

enum class ComparisonOperator {
  Equal,
  NotEqual,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual,
  IsDistinctFrom,
  IsNotDistinctFrom
};

struct Comparison {
  ComparisonOperator operation = ComparisonOperator::Equal;
  ExpressionPtr left;
  ExpressionPtr right;
};

enum class LogicalOperator { And, Or };

struct Logical {
  LogicalOperator operation = LogicalOperator::And;
  ExpressionPtr left;
  ExpressionPtr right;
};

struct Not {
  ExpressionPtr operand;
};

struct Between {
  ExpressionPtr value;
  ExpressionPtr low;
  ExpressionPtr high;
  bool negated = false;
};

struct InList {
  ExpressionPtr value;
  /// At least one.
  std::vector<ExpressionPtr> candidates;
  bool negated = false;
};

struct Like {
  ExpressionPtr value;
  ExpressionPtr pattern;
  /// The text behind ESCAPE; the binder checks that it is one character.
  std::optional<std::string> escape;
  bool negated = false;
};

/// `x IS NULL`, or `x IS NOT NULL` when negated.
struct IsNull {
  ExpressionPtr value;
  bool negated = false;
};

enum class TimeUnit { Years, Months, Days, Hours, Minutes, Seconds, Milliseconds };

/// `10 SECONDS`: in windows, joins, OVER frames and TIMEOUT.
struct Interval {
  std::int64_t count = 0;
  TimeUnit unit = TimeUnit::Seconds;
  Span span;
};

/// A bare time unit as the argument of a function: DATEADD(DAYS, 2, d). Units in the singular that
/// are not reserved (DAY, HOUR, MINUTE, SECOND, MONTH, YEAR) come as a ColumnReference instead.
struct TimeUnitArgument {
  TimeUnit unit = TimeUnit::Days;
};

/// One argument of a call: `expr`, `expr AS name` or `*`.
struct Argument {
  /// Null exactly when `star` is set.
  ExpressionPtr value;
  /// Binds the argument to a feature by name: PREDICT('m', x AS amount).
  std::optional<Identifier> name;
  bool star = false;
  Span span;
};

/// The rows before the current one, itself included, that an OVER aggregate sees.
struct Frame {
  enum class Kind { Rows, Range };
  Kind kind = Kind::Rows;
  /// UNBOUNDED PRECEDING: `rows` and `range` mean nothing.
  bool unbounded = false;
  /// Rows: how many before the current one.
  std::int64_t rows = 0;
  /// Range: how far back in event time.
  Interval range;
};

/// `OVER ([PARTITION BY expr, ...] [ORDER BY ROWTIME] [ROWS n PRECEDING | RANGE n unit
/// PRECEDING])`. The order is always that of event time.
struct Over {
  std::vector<ExpressionPtr> partitionBy;
  std::optional<Frame> frame;
  Span span;
};

struct FunctionCall {
  /// `name.name` is upper-cased unless quoted.
  Identifier name;
  /// The name as the user wrote it, for messages.
  std::string writtenName;
  std::vector<Argument> arguments;
  std::optional<Over> over;
};

/// `x => body` or `(x, y) => body`; only as an argument of a call.
struct Lambda {
  std::vector<Identifier> parameters;
  ExpressionPtr body;
};

struct Cast {
  ExpressionPtr value;
  TypeName type;
};

struct WhenClause {
  ExpressionPtr condition;
  ExpressionPtr result;
};

/// `CASE WHEN b THEN r ... END`, or `CASE v WHEN x THEN r ... END` with an operand.
struct Case {
  /// Null for the form without operand.
  ExpressionPtr operand;
  std::vector<WhenClause> clauses;
  /// Null without ELSE.
  ExpressionPtr otherwise;
};

/// `ARRAY[a, b]`.
struct ArrayConstructor {
  std::vector<ExpressionPtr> elements;
};

struct MapEntry {
  ExpressionPtr key;
  ExpressionPtr value;
};

/// `MAP(k := v, ...)`.
struct MapConstructor {
  std::vector<MapEntry> entries;
};

struct StructEntry {
  Identifier name;
  ExpressionPtr value;
};

/// `STRUCT(name := v, ...)`.
struct StructConstructor {
  std::vector<StructEntry> entries;
};

/// `base[index]`, for arrays and maps.
struct Subscript {
  ExpressionPtr base;
  ExpressionPtr index;
};

/// `base->field`.
struct Dereference {
  ExpressionPtr base;
  Identifier field;
};

/// A node of an expression and where it was written.
struct Expression {
  using Node = std::variant<NullLiteral, BooleanLiteral, IntegerLiteral, DecimalLiteral,
                            DoubleLiteral, StringLiteral, ColumnReference, Unary, Arithmetic,
                            Comparison, Logical, Not, Between, InList, Like, IsNull,
                            TimeUnitArgument, FunctionCall, Lambda, Cast, Case, ArrayConstructor,
                            MapConstructor, StructConstructor, Subscript, Dereference>;

  Node node;
  Span span;
  /// Height of the tree below and with this node; bounded by the parser, so recursion is safe.
  std::uint32_t depth = 1;
};

}  // namespace auspex::parser
