// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/ExpressionFactory.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "operators/data/Ascii.h"
#include "operators/expressions/BigDecimal.h"
#include "operators/expressions/CastKernels.h"
#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/Evaluator.h"
#include "operators/expressions/TypeRules.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

namespace {

bool isTemporal(const SqlType& type) {
  return type.is(TypeKind::Date) || type.is(TypeKind::Time) || type.is(TypeKind::Timestamp);
}

bool isOrdering(ComparisonOperator operation) {
  return operation == ComparisonOperator::Less || operation == ComparisonOperator::LessOrEqual ||
         operation == ComparisonOperator::Greater ||
         operation == ComparisonOperator::GreaterOrEqual;
}

/// The type in which two operands are compared; nullopt when they cannot be.
std::optional<SqlType> comparedType(ComparisonOperator operation, const SqlType& left,
                                    const SqlType& right) {
  const bool unordered = left.is(TypeKind::Boolean) || left.is(TypeKind::Array) ||
                         left.is(TypeKind::Map) || left.is(TypeKind::Struct);
  if (unordered && isOrdering(operation)) {
    return std::nullopt;
  }
  if (left.is(TypeKind::String) && isTemporal(right)) {
    return right;
  }
  if (right.is(TypeKind::String) && isTemporal(left)) {
    return left;
  }
  if ((left.is(TypeKind::Date) && right.is(TypeKind::Timestamp)) ||
      (left.is(TypeKind::Timestamp) && right.is(TypeKind::Date))) {
    return SqlType::timestamp();
  }
  return commonType(left, right);
}

void requireBoolean(const BoundExpression& operand, const char* operation) {
  if (!operand.type().is(TypeKind::Boolean)) {
    throw TypeError(fmt::format("Operand of {} should evaluate to boolean but is {} ({}) instead.",
                                operation, operand.toString(), operand.type().toString()));
  }
}

ExpressionPtr logical(LogicalOperator operation, ExpressionPtr left, ExpressionPtr right) {
  const char* const name = operation == LogicalOperator::And ? "AND" : "OR";
  for (ExpressionPtr* operand : {&left, &right}) {
    if ((*operand)->isUntypedNull()) {
      *operand = literal(Value{}, SqlType::boolean());
    }
    requireBoolean(**operand, name);
  }
  return fold(makeExpression(SqlType::boolean(),
                             LogicalNode{operation, std::move(left), std::move(right)}));
}

}  // namespace

ExpressionPtr column(size_t index, SqlType type, std::string name) {
  return makeExpression(std::move(type), ColumnNode{index, std::move(name)});
}

ExpressionPtr literal(Value value, SqlType type) {
  return makeExpression(std::move(type), LiteralNode{std::move(value), false});
}

ExpressionPtr literal(std::string text) {
  return literal(Value{std::move(text)}, SqlType::string());
}

ExpressionPtr literal(bool value) {
  return literal(Value{value}, SqlType::boolean());
}

ExpressionPtr integerLiteral(int64_t value) {
  if (value >= std::numeric_limits<int32_t>::min() &&
      value <= std::numeric_limits<int32_t>::max()) {
    return literal(Value{static_cast<int32_t>(value)}, SqlType::integer());
  }
  return literal(Value{value}, SqlType::bigint());
}

ExpressionPtr decimalLiteral(std::string_view text) {
  const std::optional<DecimalNumber> number = parseDecimal(text);
  if (number) {
    return literal(Value{number->unscaled}, SqlType::decimal(number->precision, number->scale));
  }
  const std::optional<BigDecimal> large = BigDecimal::parse(text);
  if (!large) {
    throw TypeError(fmt::format("Invalid numeric literal: {}", text));
  }
  const SqlType type =
      SqlType::decimal(std::max(large->precision(), large->scale()), large->scale());
  return literal(
      type.is(TypeKind::BigDecimal) ? Value{large->toString()} : Value{large->unscaled().value()},
      type);
}

ExpressionPtr doubleLiteral(double value) {
  return literal(Value{value}, SqlType::doubleType());
}

ExpressionPtr nullLiteral() {
  return makeExpression(SqlType::string(), LiteralNode{Value{}, true});
}

ExpressionPtr timeUnit(std::string_view unit) {
  static constexpr std::string_view kUnits[] = {"YEARS",   "MONTHS",  "DAYS",        "HOURS",
                                                "MINUTES", "SECONDS", "MILLISECONDS"};
  const std::string upper = asciiUpper(unit);
  for (const std::string_view known : kUnits) {
    if (upper == known || upper + "S" == known) {
      return makeExpression(SqlType::string(), TimeUnitNode{std::string(known)});
    }
  }
  throw TypeError(fmt::format("Unknown unit of time: '{}'", unit));
}

ExpressionPtr arithmetic(ArithmeticOperator operation, ExpressionPtr left, ExpressionPtr right) {
  if (left->isUntypedNull() && !right->isUntypedNull()) {
    left = literal(Value{}, right->type());
  } else if (right->isUntypedNull() && !left->isUntypedNull()) {
    right = literal(Value{}, left->type());
  }
  const bool bothText = left->type().is(TypeKind::String) && right->type().is(TypeKind::String);
  if (bothText && operation == ArithmeticOperator::Add) {
    return fold(makeExpression(SqlType::string(),
                               ArithmeticNode{operation, std::move(left), std::move(right)}));
  }
  if (!left->type().isNumeric() || !right->type().isNumeric()) {
    const auto baseName = [](const SqlType& type) {
      const std::string text = type.toString();
      return text.substr(0, text.find_first_of("(<"));
    };
    throw TypeError(
        fmt::format("Error processing expression: ({} {} {}). Unsupported arithmetic types. {} {}",
                    left->toString(), symbolOf(operation), right->toString(),
                    baseName(left->type()), baseName(right->type())));
  }
  const SqlType type = arithmeticType(operation, left->type(), right->type());
  for (ExpressionPtr* operand : {&left, &right}) {
    *operand = implicitCast(*operand, type.isDecimal() ? asDecimal((*operand)->type()) : type);
  }
  return fold(makeExpression(type, ArithmeticNode{operation, std::move(left), std::move(right)}));
}

ExpressionPtr negate(ExpressionPtr operand) {
  if (operand->isUntypedNull()) {
    operand = literal(Value{}, SqlType::integer());
  }
  if (!operand->type().isNumeric()) {
    throw TypeError(fmt::format("Negation on unsupported type: {} ({})", operand->toString(),
                                operand->type().toString()));
  }
  // -2147483648 is read as minus 2147483648, which is a BIGINT: its negation is an INTEGER again.
  if (const auto* const node = operand->as<LiteralNode>();
      node != nullptr && node->value == Value{int64_t{1} << 31}) {
    return integerLiteral(std::numeric_limits<int32_t>::min());
  }
  SqlType type = operand->type();
  return fold(makeExpression(std::move(type), NegateNode{std::move(operand)}));
}

ExpressionPtr comparison(ComparisonOperator operation, ExpressionPtr left, ExpressionPtr right) {
  if (left->isUntypedNull() || right->isUntypedNull()) {
    const auto typeText = [](const BoundExpression& operand) {
      return operand.isUntypedNull() ? std::string("NULL") : operand.type().toString();
    };
    throw TypeError(fmt::format("Comparison with NULL not supported: {} {} {}", typeText(*left),
                                symbolOf(operation), typeText(*right)));
  }
  const std::optional<SqlType> type = comparedType(operation, left->type(), right->type());
  if (!type) {
    throw TypeError(fmt::format("Cannot compare {} ({}) to {} ({}) with {}.", left->toString(),
                                left->type().toString(), right->toString(),
                                right->type().toString(), nameOf(operation)));
  }
  for (ExpressionPtr* operand : {&left, &right}) {
    const bool keepsScale = type->isDecimal() && !(*operand)->isNullLiteral();
    *operand = implicitCast(*operand, keepsScale ? asDecimal((*operand)->type()) : *type);
  }
  return fold(makeExpression(SqlType::boolean(),
                             ComparisonNode{operation, std::move(left), std::move(right)}));
}

ExpressionPtr logicalAnd(ExpressionPtr left, ExpressionPtr right) {
  return logical(LogicalOperator::And, std::move(left), std::move(right));
}

ExpressionPtr logicalOr(ExpressionPtr left, ExpressionPtr right) {
  return logical(LogicalOperator::Or, std::move(left), std::move(right));
}

ExpressionPtr logicalNot(ExpressionPtr operand) {
  if (operand->isUntypedNull()) {
    operand = literal(Value{}, SqlType::boolean());
  }
  requireBoolean(*operand, "NOT");
  return fold(makeExpression(SqlType::boolean(), NotNode{std::move(operand)}));
}

ExpressionPtr between(ExpressionPtr value, ExpressionPtr low, ExpressionPtr high, bool negated) {
  ExpressionPtr inside =
      logicalAnd(comparison(ComparisonOperator::GreaterOrEqual, value, std::move(low)),
                 comparison(ComparisonOperator::LessOrEqual, value, std::move(high)));
  return negated ? logicalNot(std::move(inside)) : inside;
}

ExpressionPtr in(ExpressionPtr value, std::vector<ExpressionPtr> candidates, bool negated) {
  std::vector<ExpressionPtr> items{value};
  items.insert(items.end(), candidates.begin(), candidates.end());
  try {
    const std::optional<SqlType> type = commonTypeOfList(items);
    for (ExpressionPtr& item : items) {
      item = coerceTo(item, type.value_or(SqlType::string()));
    }
  } catch (const TypeError& error) {
    throw TypeError(fmt::format("Invalid Predicate: {}", error.what()));
  }
  InNode node{items[0], {items.begin() + 1, items.end()}};
  ExpressionPtr result = fold(makeExpression(SqlType::boolean(), std::move(node)));
  return negated ? logicalNot(std::move(result)) : result;
}

ExpressionPtr like(ExpressionPtr value, ExpressionPtr pattern, std::optional<std::string> escape,
                   bool negated) {
  for (const ExpressionPtr& operand : {value, pattern}) {
    if (!operand->type().is(TypeKind::String)) {
      throw TypeError(fmt::format("Like condition must be between strings: {} ({})",
                                  operand->toString(), operand->type().toString()));
    }
  }
  if (escape) {
    const auto numCharacters =
        std::count_if(escape->begin(), escape->end(), [](char c) { return (c & 0xC0) != 0x80; });
    if (numCharacters != 1) {
      throw TypeError(
          fmt::format("Expected exactly one character in ESCAPE expression, got: {}", *escape));
    }
  }
  ExpressionPtr result = fold(
      makeExpression(SqlType::boolean(), LikeNode{std::move(value), std::move(pattern), escape}));
  return negated ? logicalNot(std::move(result)) : result;
}

ExpressionPtr isNull(ExpressionPtr operand, bool negated) {
  return fold(makeExpression(SqlType::boolean(), IsNullNode{std::move(operand), negated}));
}

ExpressionPtr cast(ExpressionPtr operand, const SqlType& type) {
  if (operand->isNullLiteral()) {
    return literal(Value{}, type);
  }
  if (!isCastSupported(operand->type(), type)) {
    throw TypeError(fmt::format("Cast of {} to {} is not supported", operand->type().toString(),
                                type.toString()));
  }
  return fold(makeExpression(type, CastNode{std::move(operand), false}));
}

ExpressionPtr coerce(ExpressionPtr operand, const SqlType& type) {
  const bool isConstructor = operand->as<ArrayNode>() != nullptr ||
                             operand->as<MapNode>() != nullptr ||
                             operand->as<StructNode>() != nullptr;
  const bool isNumberLiteral =
      operand->isLiteral() && !operand->isNullLiteral() && operand->type().isNumeric();
  if (isNumberLiteral && type.isDecimal()) {
    // By its value: 10 fits DECIMAL(6, 4) although INTEGER does not.
    const ExpressionPtr result = implicitCast(operand, type);
    const ExpressionPtr isExact = comparison(ComparisonOperator::Equal, result, operand);
    if (result->isLiteral() && constantValue(*isExact) == Value{true}) {
      return result;
    }
  } else if (isConstructor || widensTo(operand->type(), type) ||
             (operand->isLiteral() && !(isNumberLiteral && type.isNumeric()))) {
    return coerceTo(operand, type);
  }
  throw TypeError(fmt::format("Expected type {}, got {} ({})", type.toString(), operand->toString(),
                              operand->type().toString()));
}

ExpressionPtr lambdaParameter(uint32_t id, SqlType type, std::string name) {
  return makeExpression(std::move(type), LambdaParameterNode{id, std::move(name)});
}

ExpressionPtr lambda(std::vector<ExpressionPtr> parameters, ExpressionPtr body) {
  SqlType type = body->type();
  return makeExpression(std::move(type), LambdaNode{std::move(parameters), std::move(body)});
}

ExpressionPtr fold(ExpressionPtr expression) {
  if (const auto* const node = expression->as<CallNode>();
      node != nullptr && !node->function->deterministic) {
    return expression;
  }
  for (const ExpressionPtr& child : childrenOf(*expression)) {
    if (!child->isLiteral() && child->as<TimeUnitNode>() == nullptr) {
      return expression;
    }
  }
  std::optional<Value> value = constantValue(*expression);
  return value ? literal(std::move(*value), expression->type()) : expression;
}

std::optional<Value> constantValue(const BoundExpression& expression) {
  std::vector<size_t> columns;
  collectColumns(expression, columns);
  if (!columns.empty()) {
    return std::nullopt;
  }
  // The tree is borrowed for the call only: no owner is needed.
  Evaluator evaluator({ExpressionPtr(ExpressionPtr(), &expression)});
  RowErrors errors;
  const std::vector<ColumnPtr> results = evaluator.evaluate({1, {}, {}}, errors);
  return errors.empty() ? std::optional<Value>(valueAt(*results[0], 0)) : std::nullopt;
}

}  // namespace auspex::operators
