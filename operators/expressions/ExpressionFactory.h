// SPDX-License-Identifier: Apache-2.0
// The type rules of the dialect as functions: each takes bound operands, inserts the coercions that
// ksqlDB makes, folds constants, and answers a wrong use with ksqlDB's text.
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operators/expressions/BoundExpression.h"
#include "operators/expressions/TypeError.h"

namespace auspex::operators {

class FunctionRegistry;

// All functions throw TypeError when the operands do not fit. Any thread.
// Source: dialect, expressions and coercion.

ExpressionPtr column(size_t index, SqlType type, std::string name);

/// A constant; `value` must have the physical form of `type` (asserted) or be null.
ExpressionPtr literal(Value value, SqlType type);
ExpressionPtr literal(std::string text);
/// Only for a bool itself: a `const char*` would be taken for one.
template <std::same_as<bool> Bool>
ExpressionPtr literal(Bool value) {
  return literal(Value{value}, SqlType::boolean());
}
/// INTEGER when it fits 32 bits, else BIGINT.
ExpressionPtr integerLiteral(int64_t value);
/// `1.50` is a DECIMAL(3, 2): precision and scale as written.
ExpressionPtr decimalLiteral(std::string_view text);
ExpressionPtr doubleLiteral(double value);
/// A bare NULL. It takes the type of what stands beside it; a select item that is one is an error
/// of the binder ("Can't infer a type of null...", see isUntypedNull).
ExpressionPtr nullLiteral();
/// A bare unit of time as an argument of a function, in any spelling: DAY, DAYS.
ExpressionPtr timeUnit(std::string_view unit);

ExpressionPtr arithmetic(ArithmeticOperator operation, ExpressionPtr left, ExpressionPtr right);
ExpressionPtr negate(ExpressionPtr operand);
/// `a || b`: the function CONCAT, which skips NULLs.
ExpressionPtr concat(ExpressionPtr left, ExpressionPtr right, const FunctionRegistry& registry);

ExpressionPtr comparison(ComparisonOperator operation, ExpressionPtr left, ExpressionPtr right);
ExpressionPtr logicalAnd(ExpressionPtr left, ExpressionPtr right);
ExpressionPtr logicalOr(ExpressionPtr left, ExpressionPtr right);
ExpressionPtr logicalNot(ExpressionPtr operand);
ExpressionPtr between(ExpressionPtr value, ExpressionPtr low, ExpressionPtr high,
                      bool negated = false);
ExpressionPtr in(ExpressionPtr value, std::vector<ExpressionPtr> candidates, bool negated = false);
ExpressionPtr like(ExpressionPtr value, ExpressionPtr pattern,
                   std::optional<std::string> escape = std::nullopt, bool negated = false);
ExpressionPtr isNull(ExpressionPtr operand, bool negated = false);

/// CAST(operand AS type), as a person wrote it.
ExpressionPtr cast(ExpressionPtr operand, const SqlType& type);
/// Makes `operand` one of type `type` where that is implicit: the same type, a wider number, a
/// literal that can be read as one, a bare NULL. Throws TypeError otherwise. For INSERT VALUES and
/// sinks.
ExpressionPtr coerce(ExpressionPtr operand, const SqlType& type);

/// `CASE WHEN conditions[i] THEN results[i] ... ELSE otherwise END`; otherwise may be a null
/// pointer. `CASE v WHEN x` is written with comparison(Equal, v, x) as condition.
ExpressionPtr caseWhen(std::vector<ExpressionPtr> conditions, std::vector<ExpressionPtr> results,
                       ExpressionPtr otherwise);

ExpressionPtr arrayOf(std::vector<ExpressionPtr> elements);
ExpressionPtr mapOf(std::vector<ExpressionPtr> keys, std::vector<ExpressionPtr> values);
ExpressionPtr structOf(std::vector<std::pair<std::string, ExpressionPtr>> fields);
/// `base[index]`: arrays by position, maps by key.
ExpressionPtr subscript(ExpressionPtr base, ExpressionPtr index);
/// `base->field`, by exact name.
ExpressionPtr dereference(ExpressionPtr base, std::string_view field);

/// A call of a scalar function; the name is case-insensitive and printed as written.
/// Throws TypeError "Can't find any functions with the name 'f'" or "Function 'f' does not accept
/// parameters (T1, T2)." with the alternatives.
ExpressionPtr call(std::string_view name, std::vector<ExpressionPtr> arguments,
                   const FunctionRegistry& registry);

// Calls with lambdas: beginLambdaCall tells the binder what the parameters of each lambda are, the
// binder binds the bodies with these as names, and call() takes lambda(...) as arguments.

/// A fresh lambda parameter of the type; `id` unique within the statement.
ExpressionPtr lambdaParameter(uint32_t id, SqlType type, std::string name);
ExpressionPtr lambda(std::vector<ExpressionPtr> parameters, ExpressionPtr body);
/// The parameter types of lambda number `position` among the arguments of function `name`, given
/// the arguments bound so far (those before it).
std::vector<SqlType> lambdaParameterTypes(std::string_view name,
                                          std::span<const ExpressionPtr> argumentsBefore,
                                          size_t numParameters, const FunctionRegistry& registry);

/// The value of an expression without columns, or nullopt when it has some or cannot be computed.
/// For literal arguments of functions, LIMIT-like places and INSERT VALUES.
std::optional<Value> constantValue(const BoundExpression& expression);

}  // namespace auspex::operators
