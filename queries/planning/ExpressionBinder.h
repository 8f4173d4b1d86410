// SPDX-License-Identifier: Apache-2.0
// Written expressions to bound ones: names to positions, calls to functions, scoring calls and
// aggregates to columns that their operators will supply.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "operators/expressions/ExpressionFactory.h"
#include "operators/functions/FunctionRegistry.h"
#include "parser/ast/Expression.h"
#include "queries/StatementError.h"
#include "queries/catalog/Catalog.h"
#include "queries/planning/Scope.h"

namespace auspex::queries {

/// An aggregate stands where there are no groups.
class MisplacedAggregate final : public StatementError {
 public:
  using StatementError::StatementError;
};

/// Binds expressions of one clause. Type errors come as StatementError with the place.
class ExpressionBinder {
 public:
  /// Replaces a whole sub-expression before it is bound (grouping expressions, aggregates,
  /// PREDICT), or returns a null pointer to let it be bound as usual.
  using Interceptor = std::function<operators::ExpressionPtr(const parser::Expression&)>;

  ExpressionBinder(const Scope& scope, const Catalog& catalog,
                   const operators::FunctionRegistry& functions, std::string clause)
      : scope_(scope), catalog_(catalog), functions_(functions), clause_(std::move(clause)) {}

  void intercept(Interceptor interceptor) { interceptor_ = std::move(interceptor); }
  operators::ExpressionPtr bind(const parser::Expression& expression) const;
  const Scope& scope() const { return scope_; }

 private:
  operators::ExpressionPtr bindNode(const parser::Expression& expression) const;
  operators::ExpressionPtr bindCall(const parser::FunctionCall& call,
                                    const parser::Expression& expression) const;
  /// Binds an operand of a comparison: a text beside ROWTIME or the bounds of a window is a time.
  operators::ExpressionPtr bindBeside(const parser::Expression& expression,
                                      const parser::Expression& other) const;
  operators::ExpressionPtr lambdaParameterNamed(const parser::ColumnReference& reference) const;
  /// Binds a lambda among the arguments of a call, given those before it.
  operators::ExpressionPtr bindLambda(const parser::Lambda& lambda,
                                      const parser::FunctionCall& call,
                                      const std::vector<operators::ExpressionPtr>& before) const;
  operators::ExpressionPtr bindCase(const parser::Case& node) const;
  operators::ExpressionPtr bindArithmetic(const parser::Arithmetic& node) const;
  operators::ExpressionPtr bindConstructor(const parser::Expression& expression) const;
  std::vector<operators::ExpressionPtr> bindAll(
      const std::vector<parser::ExpressionPtr>& expressions) const;

  const Scope& scope_;
  const Catalog& catalog_;
  const operators::FunctionRegistry& functions_;
  std::string clause_;
  Interceptor interceptor_;
  // Names of the lambdas around the expression that is being bound, the innermost last.
  mutable std::vector<std::pair<std::string, operators::ExpressionPtr>> lambdaParameters_;
  mutable uint32_t nextLambdaParameter_ = 0;
};

}  // namespace auspex::queries
