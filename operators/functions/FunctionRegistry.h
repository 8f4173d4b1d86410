// SPDX-License-Identifier: Apache-2.0
// All functions by name, and the choice of the overload that fits some arguments.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/expressions/BoundExpression.h"
#include "operators/functions/AggregateFunction.h"
#include "operators/functions/ScalarFunction.h"
#include "operators/functions/TableFunction.h"

namespace auspex::operators {

enum class FunctionClass : uint8_t { Scalar, Aggregate, Table };

/// An aggregate with its column arguments, coerced; literal arguments have gone into the function.
struct BoundAggregate {
  std::string name;
  AggregateFunctionPtr function;
  std::vector<ExpressionPtr> arguments;
};

/// A table function with its arguments, coerced. The function lives in the registry.
struct BoundTableFunction {
  const TableFunction* function = nullptr;
  size_t overloadIndex = 0;
  SqlType resultType;
  std::vector<ExpressionPtr> arguments;
};

/// Functions by case-insensitive name. Filled once at start, then only read (any thread); must
/// outlive the expressions that call its functions.
class FunctionRegistry {
 public:
  FunctionRegistry() = default;
  FunctionRegistry(FunctionRegistry&&) = default;
  FunctionRegistry& operator=(FunctionRegistry&&) = default;
  FunctionRegistry(const FunctionRegistry&) = delete;
  FunctionRegistry& operator=(const FunctionRegistry&) = delete;

  // A name may be added once (asserted).
  void add(ScalarFunction function);
  void add(AggregateDefinition definition);
  void add(TableFunction function);

  /// What kind of function the name stands for; nullopt when there is none.
  std::optional<FunctionClass> classOf(std::string_view name) const;
  const ScalarFunction* findScalar(std::string_view name) const;
  const AggregateDefinition* findAggregate(std::string_view name) const;
  const TableFunction* findTable(std::string_view name) const;
  /// Upper-cased names, sorted.
  std::vector<std::string> names() const;

  /// Binds an aggregate; COUNT(*) and COUNT() have no arguments. Throws TypeError with ksqlDB's
  /// texts (see ExpressionFactory's call()).
  BoundAggregate bindAggregate(std::string_view name, std::vector<ExpressionPtr> arguments) const;
  BoundTableFunction bindTable(std::string_view name, std::vector<ExpressionPtr> arguments) const;

 private:
  struct Entry {
    FunctionClass functionClass = FunctionClass::Scalar;
    size_t index = 0;
  };
  const Entry* find(std::string_view name) const;
  void addName(const std::string& name, Entry entry);

  std::deque<ScalarFunction> scalars_;
  std::deque<AggregateDefinition> aggregates_;
  std::deque<TableFunction> tables_;
  std::map<std::string, Entry, std::less<>> byName_;  // upper-cased
};

/// A registry of every built-in function.
FunctionRegistry makeBuiltinFunctions();

/// docs/functions.md: every function of the registry with signatures, help and example.
std::string describeFunctions(const FunctionRegistry& registry);

/// What DESCRIBE FUNCTION answers about one function; nullopt when there is none.
std::optional<std::string> describeFunction(const FunctionRegistry& registry,
                                            std::string_view name);

}  // namespace auspex::operators
