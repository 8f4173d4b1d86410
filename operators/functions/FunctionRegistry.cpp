// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/FunctionRegistry.h"

#include <fmt/format.h>

#include "operators/data/Ascii.h"
#include "operators/expressions/ExpressionFactory.h"
#include "operators/expressions/TypeRules.h"
#include "operators/functions/OverloadResolution.h"

namespace auspex::operators {

namespace {

template <typename Overloads>
std::vector<const Signature*> signaturesOf(const Overloads& overloads) {
  std::vector<const Signature*> signatures;
  for (const auto& overload : overloads) {
    signatures.push_back(&overload.signature);
  }
  return signatures;
}

[[noreturn]] void throwUnknown(std::string_view name) {
  throw TypeError(fmt::format("Can't find any functions with the name '{}'", name));
}

template <typename Function>
OverloadMatch resolve(const Function& function, std::span<const ExpressionPtr> arguments) {
  const std::vector<const Signature*> signatures = signaturesOf(function.overloads);
  std::optional<OverloadMatch> match = resolveOverload(function.name, signatures, arguments);
  if (!match) {
    throw TypeError(mismatchText(function.name, signatures, arguments));
  }
  return *std::move(match);
}

/// Aggregates keep decimals as machine numbers, of 38 digits at most.
ExpressionPtr asPlainDecimal(std::string_view name, const ExpressionPtr& argument) {
  const SqlType& type = argument->type();
  if (!type.is(TypeKind::BigDecimal)) {
    return argument;
  }
  if (type.precision() > kMaxPlainDecimalPrecision) {
    throw TypeError(fmt::format("{} takes decimals of at most {} digits, not {}. CAST {} to fewer.",
                                name, kMaxPlainDecimalPrecision, type.toString(),
                                argument->toString()));
  }
  return implicitCast(argument, SqlType::decimal(type.precision(), type.scale()));
}

std::vector<SqlType> typesOf(std::span<const ExpressionPtr> expressions) {
  std::vector<SqlType> types;
  for (const ExpressionPtr& expression : expressions) {
    types.push_back(expression->type());
  }
  return types;
}

}  // namespace

void FunctionRegistry::addName(const std::string& name, Entry entry) {
  const bool added = byName_.emplace(asciiUpper(name), entry).second;
  AUSPEX_ASSERT(added);
}

void FunctionRegistry::add(ScalarFunction function) {
  AUSPEX_ASSERT(!function.overloads.empty());
  addName(function.name, {FunctionClass::Scalar, scalars_.size()});
  scalars_.push_back(std::move(function));
}

void FunctionRegistry::add(AggregateDefinition definition) {
  AUSPEX_ASSERT(!definition.overloads.empty());
  addName(definition.name, {FunctionClass::Aggregate, aggregates_.size()});
  aggregates_.push_back(std::move(definition));
}

void FunctionRegistry::add(TableFunction function) {
  AUSPEX_ASSERT(!function.overloads.empty());
  addName(function.name, {FunctionClass::Table, tables_.size()});
  tables_.push_back(std::move(function));
}

const FunctionRegistry::Entry* FunctionRegistry::find(std::string_view name) const {
  const auto entry = byName_.find(asciiUpper(name));
  return entry == byName_.end() ? nullptr : &entry->second;
}

std::optional<FunctionClass> FunctionRegistry::classOf(std::string_view name) const {
  const Entry* const entry = find(name);
  return entry == nullptr ? std::nullopt : std::optional<FunctionClass>(entry->functionClass);
}

const ScalarFunction* FunctionRegistry::findScalar(std::string_view name) const {
  const Entry* const entry = find(name);
  return entry != nullptr && entry->functionClass == FunctionClass::Scalar ? &scalars_[entry->index]
                                                                           : nullptr;
}

const AggregateDefinition* FunctionRegistry::findAggregate(std::string_view name) const {
  const Entry* const entry = find(name);
  return entry != nullptr && entry->functionClass == FunctionClass::Aggregate
             ? &aggregates_[entry->index]
             : nullptr;
}

const TableFunction* FunctionRegistry::findTable(std::string_view name) const {
  const Entry* const entry = find(name);
  return entry != nullptr && entry->functionClass == FunctionClass::Table ? &tables_[entry->index]
                                                                          : nullptr;
}

std::vector<std::string> FunctionRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : byName_) {
    names.push_back(name);
  }
  return names;
}

BoundAggregate FunctionRegistry::bindAggregate(std::string_view name,
                                               std::vector<ExpressionPtr> arguments) const {
  const AggregateDefinition* const definition = findAggregate(name);
  if (definition == nullptr) {
    throwUnknown(name);
  }
  const OverloadMatch match = resolve(*definition, arguments);
  const AggregateOverload& overload = definition->overloads[match.index];
  arguments = coerceArguments(match, std::move(arguments));
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (overload.signature.parameterAt(i, arguments.size()).kind == TypePattern::Kind::AnyDecimal) {
      arguments[i] = asPlainDecimal(name, arguments[i]);
    }
  }
  const std::vector<SqlType> types = typesOf(arguments);
  const size_t numColumns = overload.numColumns(arguments.size());
  AUSPEX_ASSERT(numColumns <= arguments.size());
  std::vector<Value> literals(arguments.size());
  for (size_t i = numColumns; i < arguments.size(); ++i) {
    const std::optional<Value> value = constantValue(*arguments[i]);
    if (!value || value->isNull()) {
      throw TypeError(
          fmt::format("Parameter {} passed to function {} must be a literal constant, but was "
                      "expression: '{}'",
                      i + 1, asciiUpper(name), arguments[i]->toString()));
    }
    literals[i] = *value;
  }
  BoundAggregate bound;
  bound.name = asciiUpper(name);
  bound.function = overload.maker(types, literals);
  arguments.resize(numColumns);
  bound.arguments = std::move(arguments);
  return bound;
}

BoundTableFunction FunctionRegistry::bindTable(std::string_view name,
                                               std::vector<ExpressionPtr> arguments) const {
  const TableFunction* const function = findTable(name);
  if (function == nullptr) {
    throwUnknown(name);
  }
  const OverloadMatch match = resolve(*function, arguments);
  arguments = coerceArguments(match, std::move(arguments));
  const ResultTypeRule rule = function->overloads[match.index].resultTypeRule;
  if (rule == nullptr && !match.resultType) {
    throw TypeError(fmt::format("Function '{}' needs an argument with a type", function->name));
  }
  SqlType type = rule != nullptr ? rule(typesOf(arguments)) : *match.resultType;
  return {function, match.index, std::move(type), std::move(arguments)};
}

ExpressionPtr call(std::string_view name, std::vector<ExpressionPtr> arguments,
                   const FunctionRegistry& registry) {
  const ScalarFunction* const function = registry.findScalar(name);
  if (function == nullptr) {
    throwUnknown(name);
  }
  const OverloadMatch match = resolve(*function, arguments);
  arguments = coerceArguments(match, std::move(arguments));
  const ResultTypeRule rule = function->overloads[match.index].resultTypeRule;
  AUSPEX_ASSERT(rule != nullptr || match.resultType.has_value());
  SqlType type = rule != nullptr ? rule(typesOf(arguments)) : *match.resultType;
  return fold(
      makeExpression(std::move(type), CallNode{function, match.index, std::move(arguments)}));
}

ExpressionPtr concat(ExpressionPtr left, ExpressionPtr right, const FunctionRegistry& registry) {
  return call("CONCAT", {std::move(left), std::move(right)}, registry);
}

std::vector<SqlType> lambdaParameterTypes(std::string_view name,
                                          std::span<const ExpressionPtr> argumentsBefore,
                                          size_t numParameters, const FunctionRegistry& registry) {
  const ScalarFunction* const function = registry.findScalar(name);
  if (function == nullptr) {
    throwUnknown(name);
  }
  const size_t position = argumentsBefore.size();
  for (const ScalarOverload& overload : function->overloads) {
    const Signature& signature = overload.signature;
    if (position >= signature.parameters.size() ||
        signature.parameters[position].kind != TypePattern::Kind::Lambda ||
        signature.parameters[position].nested.size() != numParameters + 1) {
      continue;
    }
    GenericTypes generics;
    bool fits = true;
    for (size_t i = 0; i < position && fits; ++i) {
      const bool isLambda = argumentsBefore[i]->as<LambdaNode>() != nullptr;
      fits = isLambda ? signature.parameters[i].kind == TypePattern::Kind::Lambda
                      : bindGenerics(signature.parameters[i], argumentsBefore[i]->type(), generics);
    }
    std::vector<SqlType> types;
    for (size_t i = 0; i < numParameters && fits; ++i) {
      const std::optional<SqlType> type =
          substitute(signature.parameters[position].nested[i], generics);
      fits = type.has_value();
      types.push_back(type.value_or(SqlType()));
    }
    if (fits) {
      return types;
    }
  }
  throw TypeError(mismatchText(function->name, signaturesOf(function->overloads), argumentsBefore));
}

}  // namespace auspex::operators
