// SPDX-License-Identifier: Apache-2.0
// Which types go together: widening, common types of lists, implicit coercion of expressions.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "operators/expressions/BoundExpression.h"

namespace auspex::operators {

/// The DECIMAL that holds every value of an exact number type: INTEGER is DECIMAL(10, 0), BIGINT
/// DECIMAL(19, 0). Asserts that `type` is INTEGER, BIGINT or DECIMAL.
SqlType asDecimal(const SqlType& type);

/// The wider of two number types (INT < BIGINT < DECIMAL < DOUBLE); nullopt if one is none.
/// Two decimals give the one that holds both; throws TypeError if that exceeds what any type has.
std::optional<SqlType> widerNumber(const SqlType& left, const SqlType& right);

/// The type that both convert to without loss: equal ones, numbers, and nested ones by their parts
/// (structs: the union of the fields); nullopt when there is none.
std::optional<SqlType> commonType(const SqlType& left, const SqlType& right);

/// The type of the result of an arithmetic operator on two numbers (decimals grow).
SqlType arithmeticType(ArithmeticOperator operation, const SqlType& left, const SqlType& right);

/// Whether `from` becomes `to` by itself: equal, or a number no wider than `to`.
bool widensTo(const SqlType& from, const SqlType& to);

/// DECIMAL(precision, scale), or TypeError when that is more than kMaxDecimalTypePrecision digits.
SqlType checkedDecimal(int precision, int scale);

/// The common type of a list as ksqlDB finds it: the first item that is not NULL fixes the family,
/// literals join it where they can be read as one. nullopt when all items are NULL. Throws
/// TypeError that names the item which does not fit.
std::optional<SqlType> commonTypeOfList(std::span<const ExpressionPtr> items);

/// `operand` as `type`, by a literal of that type or an implicit cast. Literals are lax, literals
/// inside constructors too; other operands must have a cast to `type` (asserted). Throws TypeError
/// when a literal cannot be read.
ExpressionPtr coerceTo(const ExpressionPtr& operand, const SqlType& type);

/// An implicit cast, folded if constant; `operand` itself if it has the type.
ExpressionPtr implicitCast(const ExpressionPtr& operand, const SqlType& type);

/// Computes an expression of literals now. Returns it unchanged when it has others, is not
/// deterministic or fails.
ExpressionPtr fold(ExpressionPtr expression);

}  // namespace auspex::operators
