// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/OverloadResolution.h"

#include <fmt/format.h>

#include <tuple>

#include "operators/data/Assert.h"
#include "operators/expressions/TypeError.h"
#include "operators/expressions/TypeRules.h"

namespace auspex::operators {

namespace {

using PatternKind = TypePattern::Kind;

bool isReadFromText(const SqlType& type) {
  return type.is(TypeKind::Date) || type.is(TypeKind::Time) || type.is(TypeKind::Timestamp) ||
         type.is(TypeKind::Bytes);
}

bool bindGeneric(char letter, const SqlType& type, GenericTypes& generics) {
  std::optional<SqlType>& bound = generics[static_cast<size_t>(letter - 'A')];
  const std::optional<SqlType> common = bound ? commonType(*bound, type) : type;
  if (common) {
    bound = common;
  }
  return common.has_value();
}

bool matchLambda(const TypePattern& pattern, const LambdaNode& lambda, GenericTypes& generics) {
  if (lambda.parameters.size() + 1 != pattern.nested.size()) {
    return false;
  }
  for (size_t i = 0; i < lambda.parameters.size(); ++i) {
    if (!bindGenerics(pattern.nested[i], lambda.parameters[i]->type(), generics)) {
      return false;
    }
  }
  return bindGenerics(pattern.nested.back(), lambda.body->type(), generics);
}

/// Whether `argument` goes to a parameter, as it is or by an implicit cast.
bool matchArgument(const TypePattern& pattern, const BoundExpression& argument,
                   GenericTypes& generics) {
  const auto* const lambda = argument.as<LambdaNode>();
  const bool isUnit = argument.as<TimeUnitNode>() != nullptr;
  if (lambda != nullptr || pattern.kind == PatternKind::Lambda) {
    return lambda != nullptr && pattern.kind == PatternKind::Lambda &&
           matchLambda(pattern, *lambda, generics);
  }
  if (isUnit || pattern.kind == PatternKind::Unit) {
    return isUnit && pattern.kind == PatternKind::Unit;
  }
  if (argument.isUntypedNull()) {
    return true;
  }
  const SqlType& type = argument.type();
  if (pattern.kind == PatternKind::AnyDecimal) {
    return type.isDecimal() || type.is(TypeKind::Integer) || type.is(TypeKind::Bigint);
  }
  return bindGenerics(pattern, type, generics) ||
         (pattern.kind == PatternKind::Concrete && argument.isLiteral() &&
          type.is(TypeKind::String) && isReadFromText(pattern.type));
}

std::optional<SqlType> parameterType(const TypePattern& pattern, const BoundExpression& argument,
                                     const GenericTypes& generics) {
  if (pattern.kind == PatternKind::AnyDecimal) {
    return argument.isUntypedNull() ? SqlType::decimal(1, 0) : asDecimal(argument.type());
  }
  return substitute(pattern, generics);
}

std::optional<OverloadMatch> matchSignature(const Signature& signature,
                                            std::span<const ExpressionPtr> arguments) {
  GenericTypes generics;
  if (!signature.acceptsCount(arguments.size())) {
    return std::nullopt;
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!matchArgument(signature.parameterAt(i, arguments.size()), *arguments[i], generics)) {
      return std::nullopt;
    }
  }
  // A generic that only NULLs stand for takes the type of a bare NULL.
  for (size_t i = 0; i < arguments.size(); ++i) {
    const TypePattern& pattern = signature.parameterAt(i, arguments.size());
    if (pattern.kind == PatternKind::Generic &&
        !generics[static_cast<size_t>(pattern.generic - 'A')]) {
      generics[static_cast<size_t>(pattern.generic - 'A')] = arguments[i]->type();
    }
  }
  OverloadMatch match;
  for (size_t i = 0; i < arguments.size(); ++i) {
    match.parameterTypes.push_back(
        parameterType(signature.parameterAt(i, arguments.size()), *arguments[i], generics));
  }
  match.resultType = substitute(signature.result, generics);
  return match;
}

bool needsCast(const OverloadMatch& match, std::span<const ExpressionPtr> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::optional<SqlType>& type = match.parameterTypes[i];
    if (type && !arguments[i]->isUntypedNull() && !(*type == arguments[i]->type())) {
      return true;
    }
  }
  return false;
}

size_t countGenerics(const TypePattern& pattern) {
  size_t count = pattern.kind == PatternKind::Generic || pattern.kind == PatternKind::Any ? 1 : 0;
  for (const TypePattern& nested : pattern.nested) {
    count += countGenerics(nested);
  }
  return count;
}

/// What makes one of several matching signatures the better one: no casts, then no repeated
/// parameter, more parameters, fewer generic ones. Greater is better.
using Fitness = std::tuple<bool, bool, size_t, int>;

Fitness fitnessOf(const Signature& signature, bool casts) {
  int numGenerics = 0;
  for (const TypePattern& parameter : signature.parameters) {
    numGenerics += static_cast<int>(countGenerics(parameter));
  }
  return {!casts, !signature.variadic, signature.parameters.size(), -numGenerics};
}

std::string typesText(std::span<const ExpressionPtr> arguments) {
  std::string types;
  for (const ExpressionPtr& argument : arguments) {
    types += types.empty() ? "" : ", ";
    if (argument->isUntypedNull()) {
      types += "null";
    } else if (argument->as<LambdaNode>() != nullptr) {
      types += "LAMBDA";
    } else if (const auto* const unit = argument->as<TimeUnitNode>()) {
      types += unit->unit;
    } else {
      types += argument->type().toString();
    }
  }
  return types;
}

}  // namespace

bool bindGenerics(const TypePattern& pattern, const SqlType& type, GenericTypes& generics) {
  switch (pattern.kind) {
    case PatternKind::Concrete:
      return widensTo(type, pattern.type);
    case PatternKind::AnyDecimal:
      return type.isDecimal();
    case PatternKind::Generic:
      return bindGeneric(pattern.generic, type, generics);
    case PatternKind::Any:
      return true;
    case PatternKind::Array:
      return type.is(TypeKind::Array) && bindGenerics(pattern.nested[0], type.element(), generics);
    case PatternKind::Map:
      return type.is(TypeKind::Map) && bindGenerics(pattern.nested[0], type.mapKey(), generics) &&
             bindGenerics(pattern.nested[1], type.mapValue(), generics);
    case PatternKind::Unit:
    case PatternKind::Lambda:
      break;
  }
  return false;
}

std::optional<OverloadMatch> resolveOverload(std::string_view name,
                                             std::span<const Signature* const> signatures,
                                             std::span<const ExpressionPtr> arguments) {
  std::optional<OverloadMatch> best;
  Fitness bestFitness;
  bool isAmbiguous = false;
  for (size_t index = 0; index < signatures.size(); ++index) {
    std::optional<OverloadMatch> match = matchSignature(*signatures[index], arguments);
    if (!match) {
      continue;
    }
    const bool casts = needsCast(*match, arguments);
    const Fitness fitness = fitnessOf(*signatures[index], casts);
    if (best && fitness <= bestFitness) {
      isAmbiguous = isAmbiguous || (casts && fitness == bestFitness);
      continue;
    }
    match->index = index;
    best = std::move(match);
    bestFitness = fitness;
    isAmbiguous = false;
  }
  if (isAmbiguous) {
    throw TypeError(
        fmt::format("Function '{}' cannot be resolved due to ambiguous method parameters ({}).",
                    name, typesText(arguments)));
  }
  return best;
}

std::vector<ExpressionPtr> coerceArguments(const OverloadMatch& match,
                                           std::vector<ExpressionPtr> arguments) {
  AUSPEX_ASSERT(match.parameterTypes.size() == arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (match.parameterTypes[i]) {
      arguments[i] = coerceTo(arguments[i], *match.parameterTypes[i]);
    }
  }
  return arguments;
}

std::string mismatchText(std::string_view name, std::span<const Signature* const> signatures,
                         std::span<const ExpressionPtr> arguments) {
  std::string text =
      fmt::format("Function '{}' does not accept parameters ({}).\nValid alternatives are:", name,
                  typesText(arguments));
  for (const Signature* const signature : signatures) {
    text += "\n" + signature->toString(name);
  }
  return text + "\nFor detailed information on a function run: DESCRIBE FUNCTION <Function-Name>;";
}

}  // namespace auspex::operators
