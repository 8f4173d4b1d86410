// SPDX-License-Identifier: Apache-2.0
// A typed expression: columns by position, functions resolved, coercions made explicit. What the
// binder builds (through ExpressionFactory.h), EXPLAIN prints and the Evaluator runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "operators/data/SqlType.h"
#include "operators/data/Value.h"

namespace auspex::operators {

class BoundExpression;
struct ScalarFunction;

/// Immutable and shared: copying a tree is copying a pointer. Never null unless a comment says so.
using ExpressionPtr = std::shared_ptr<const BoundExpression>;

enum class ArithmeticOperator : uint8_t { Add, Subtract, Multiply, Divide, Modulo };

enum class ComparisonOperator : uint8_t {
  Equal,
  NotEqual,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual,
  IsDistinctFrom,
  IsNotDistinctFrom
};

enum class LogicalOperator : uint8_t { And, Or };

/// A column of the input, by position.
struct ColumnNode {
  size_t index = 0;
  std::string name;  ///< for people
};

/// A constant. `untypedNull` marks a bare NULL, whose type (STRING) means nothing yet.
struct LiteralNode {
  Value value;
  bool untypedNull = false;
};

/// A bare unit of time as an argument: DATEADD(DAYS, 2, d). Type STRING, the value its name.
struct TimeUnitNode {
  std::string unit;  ///< plural, upper-cased: DAYS
};

/// Numeric operands have the type of the result, except that decimals keep scales of their own.
/// STRING operands: Add only.
struct ArithmeticNode {
  ArithmeticOperator operation = ArithmeticOperator::Add;
  ExpressionPtr left;
  ExpressionPtr right;
};

struct NegateNode {
  ExpressionPtr operand;
};

/// Operands have one type, except that decimals keep scales of their own.
struct ComparisonNode {
  ComparisonOperator operation = ComparisonOperator::Equal;
  ExpressionPtr left;
  ExpressionPtr right;
};

struct LogicalNode {
  LogicalOperator operation = LogicalOperator::And;
  ExpressionPtr left;
  ExpressionPtr right;
};

struct NotNode {
  ExpressionPtr operand;
};

/// `value` and `candidates` have one type.
struct InNode {
  ExpressionPtr value;
  std::vector<ExpressionPtr> candidates;
};

struct LikeNode {
  ExpressionPtr value;
  ExpressionPtr pattern;
  std::optional<std::string> escape;  ///< one character
};

struct IsNullNode {
  ExpressionPtr operand;
  bool negated = false;
};

/// Converts to the type of the node. Implicit ones are coercions of the type rules: not printed.
struct CastNode {
  ExpressionPtr operand;
  bool implicit = false;
};

/// The first result whose condition is true. All results have the type of the node.
struct CaseNode {
  std::vector<ExpressionPtr> conditions;
  std::vector<ExpressionPtr> results;
  ExpressionPtr otherwise;  ///< null pointer: NULL
};

struct ArrayNode {
  std::vector<ExpressionPtr> elements;
};

struct MapNode {
  std::vector<ExpressionPtr> keys;
  std::vector<ExpressionPtr> values;
};

/// Field names stand in the type.
struct StructNode {
  std::vector<ExpressionPtr> fields;
};

struct SubscriptNode {
  ExpressionPtr base;
  ExpressionPtr index;
};

struct DereferenceNode {
  ExpressionPtr base;
  size_t fieldIndex = 0;
};

/// A call of a scalar function with arguments of its parameter types. `function` lives in the
/// registry, which outlives every expression.
struct CallNode {
  const ScalarFunction* function = nullptr;
  size_t signatureIndex = 0;
  std::vector<ExpressionPtr> arguments;
};

/// A parameter of an enclosing lambda; `id` is unique within the statement.
struct LambdaParameterNode {
  uint32_t id = 0;
  std::string name;
};

/// An argument of FILTER, TRANSFORM or REDUCE; the node's type is that of the body.
struct LambdaNode {
  std::vector<ExpressionPtr> parameters;  ///< LambdaParameterNode each
  ExpressionPtr body;
};

/// One node of a typed expression tree. Immutable; any thread.
class BoundExpression {
 public:
  using Node = std::variant<ColumnNode, LiteralNode, TimeUnitNode, ArithmeticNode, NegateNode,
                            ComparisonNode, LogicalNode, NotNode, InNode, LikeNode, IsNullNode,
                            CastNode, CaseNode, ArrayNode, MapNode, StructNode, SubscriptNode,
                            DereferenceNode, CallNode, LambdaParameterNode, LambdaNode>;

  /// For the factory functions, which keep what the nodes promise. It and the destructor stand in
  /// BoundExpression.cpp: a variant of so many kinds takes long to compile wherever it is moved.
  BoundExpression(SqlType type, Node&& node);
  ~BoundExpression();
  BoundExpression(const BoundExpression&) = delete;
  BoundExpression& operator=(const BoundExpression&) = delete;

  const SqlType& type() const { return type_; }
  const Node& node() const { return node_; }
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&node_);
  }

  /// As ksqlDB prints expressions: `(A + 1)`, `'x'`, `UCASE(NAME)`. EXPLAIN and error texts use it.
  std::string toString() const;

  /// A constant of the statement, typed or not.
  bool isLiteral() const { return as<LiteralNode>() != nullptr; }
  /// A literal that is NULL, whatever its type.
  bool isNullLiteral() const;
  /// A bare NULL that no type rule has given a type.
  bool isUntypedNull() const;

 private:
  SqlType type_;
  Node node_;
};

ExpressionPtr makeExpression(SqlType type, BoundExpression::Node&& node);

/// The direct operands of a node, in the order in which they were written.
std::vector<ExpressionPtr> childrenOf(const BoundExpression& expression);

/// Adds the positions of all columns that `expression` reads to `columns`: sorted, each once.
void collectColumns(const BoundExpression& expression, std::vector<size_t>& columns);

/// A copy of the tree in which column i reads newIndex[i] (asserted to exist for every read one).
ExpressionPtr remapColumns(const ExpressionPtr& expression, const std::vector<size_t>& newIndex);

/// True when both trees compute the same: same nodes, same columns, same constants.
bool isSame(const BoundExpression& left, const BoundExpression& right);

/// The symbol (`+`) and, for comparisons, also the name in messages (`GREATER_THAN`).
const char* symbolOf(ArithmeticOperator operation);
const char* symbolOf(ComparisonOperator operation);
const char* nameOf(ComparisonOperator operation);

}  // namespace auspex::operators
