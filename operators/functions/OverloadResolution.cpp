// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/OverloadResolution.h"

#include <fmt/format.h>

#include "operators/data/Assert.h"
#include "operators/expressions/TypeRules.h"

namespace auspex::operators {

namespace {

using Kind = TypePattern::Kind;

// Costs of a match, lower is better. A repeated parameter costs more than any generic one, and a
// literal read as another type more than any widening.
constexpr int kGenericCost = 1;
constexpr int kNullCost = 1;
constexpr int kWideningCost = 10;
constexpr int kVariadicCost = 100;
constexpr int kLiteralCost = 1000;

int rankOf(const SqlType& type) {
  return type.is(TypeKind::Integer) ? 0
                                    : (type.is(TypeKind::Bigint)    ? 1
                                       : type.is(TypeKind::Decimal) ? 2
                                                                    : 3);
}

bool isReadFromText(const SqlType& type) {
  return type.is(TypeKind::Date) || type.is(TypeKind::Time) || type.is(TypeKind::Timestamp) ||
         type.is(TypeKind::Bytes);
}

std::optional<int> bindGeneric(char letter, const SqlType& type, GenericTypes& generics) {
  std::optional<SqlType>& bound = generics[static_cast<size_t>(letter - 'A')];
  if (!bound || *bound == type) {
    bound = type;
    return kGenericCost;
  }
  const std::optional<SqlType> common = commonType(*bound, type);
  if (!common) {
    return std::nullopt;
  }
  bound = common;
  return kGenericCost + kWideningCost;
}

std::optional<int> matchLambda(const TypePattern& pattern, const LambdaNode& lambda,
                               GenericTypes& generics) {
  if (lambda.parameters.size() + 1 != pattern.nested.size()) {
    return std::nullopt;
  }
  for (size_t i = 0; i < lambda.parameters.size(); ++i) {
    if (!bindGenerics(pattern.nested[i], lambda.parameters[i]->type(), generics)) {
      return std::nullopt;
    }
  }
  return bindGenerics(pattern.nested.back(), lambda.body->type(), generics) ? std::optional<int>(0)
                                                                            : std::nullopt;
}

/// Cost of giving `argument` to a parameter; nullopt when it does not go.
std::optional<int> matchArgument(const TypePattern& pattern, const BoundExpression& argument,
                                 GenericTypes& generics) {
  const auto* const lambda = argument.as<LambdaNode>();
  const bool isUnit = argument.as<TimeUnitNode>() != nullptr;
  if (lambda != nullptr || pattern.kind == Kind::Lambda) {
    return lambda != nullptr && pattern.kind == Kind::Lambda
               ? matchLambda(pattern, *lambda, generics)
               : std::nullopt;
  }
  if (isUnit || pattern.kind == Kind::Unit) {
    return isUnit && pattern.kind == Kind::Unit ? std::optional<int>(0) : std::nullopt;
  }
  if (argument.isUntypedNull()) {
    return kNullCost;
  }
  const SqlType& type = argument.type();
  switch (pattern.kind) {
    case Kind::Concrete:
      if (pattern.type == type) {
        return 0;
      }
      if (widensTo(type, pattern.type)) {
        return kWideningCost * (rankOf(pattern.type) - rankOf(type));
      }
      return argument.isLiteral() && type.is(TypeKind::String) && isReadFromText(pattern.type)
                 ? std::optional<int>(kLiteralCost)
                 : std::nullopt;
    case Kind::AnyDecimal:
      if (type.is(TypeKind::Decimal)) {
        return 0;
      }
      return type.is(TypeKind::Integer) || type.is(TypeKind::Bigint)
                 ? std::optional<int>(kWideningCost * (2 - rankOf(type)))
                 : std::nullopt;
    case Kind::Generic:
      return bindGeneric(pattern.generic, type, generics);
    case Kind::Any:
      return kGenericCost;
    default:
      break;
  }
  return bindGenerics(pattern, type, generics) ? std::optional<int>(0) : std::nullopt;
}

std::optional<int> matchSignature(const Signature& signature,
                                  std::span<const ExpressionPtr> arguments,
                                  GenericTypes& generics) {
  if (!signature.acceptsCount(arguments.size())) {
    return std::nullopt;
  }
  int total = signature.variadic ? kVariadicCost : 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::optional<int> cost =
        matchArgument(signature.parameterAt(i), *arguments[i], generics);
    if (!cost) {
      return std::nullopt;
    }
    total += *cost;
  }
  // A generic that only NULLs stand for takes the type of a bare NULL.
  for (size_t i = 0; i < arguments.size(); ++i) {
    const TypePattern& pattern = signature.parameterAt(i);
    if (pattern.kind == Kind::Generic && !generics[static_cast<size_t>(pattern.generic - 'A')]) {
      generics[static_cast<size_t>(pattern.generic - 'A')] = arguments[i]->type();
    }
  }
  return total;
}

std::optional<SqlType> parameterType(const TypePattern& pattern, const BoundExpression& argument,
                                     const GenericTypes& generics) {
  if (pattern.kind == Kind::AnyDecimal) {
    return argument.isUntypedNull() ? SqlType::decimal(1, 0) : asDecimal(argument.type());
  }
  return substitute(pattern, generics);
}

}  // namespace

bool bindGenerics(const TypePattern& pattern, const SqlType& type, GenericTypes& generics) {
  switch (pattern.kind) {
    case Kind::Concrete:
      return widensTo(type, pattern.type);
    case Kind::AnyDecimal:
      return type.is(TypeKind::Decimal);
    case Kind::Generic:
      return bindGeneric(pattern.generic, type, generics).has_value();
    case Kind::Any:
      return true;
    case Kind::Array:
      return type.is(TypeKind::Array) && bindGenerics(pattern.nested[0], type.element(), generics);
    case Kind::Map:
      return type.is(TypeKind::Map) && bindGenerics(pattern.nested[0], type.mapKey(), generics) &&
             bindGenerics(pattern.nested[1], type.mapValue(), generics);
    case Kind::Unit:
    case Kind::Lambda:
      break;
  }
  return false;
}

std::optional<OverloadMatch> resolveOverload(std::span<const Signature* const> signatures,
                                             std::span<const ExpressionPtr> arguments) {
  std::optional<OverloadMatch> best;
  int bestCost = 0;
  for (size_t index = 0; index < signatures.size(); ++index) {
    const Signature& signature = *signatures[index];
    GenericTypes generics;
    const std::optional<int> cost = matchSignature(signature, arguments, generics);
    if (!cost || (best && *cost >= bestCost)) {
      continue;
    }
    bestCost = *cost;
    best.emplace();
    best->index = index;
    for (size_t i = 0; i < arguments.size(); ++i) {
      best->parameterTypes.push_back(
          parameterType(signature.parameterAt(i), *arguments[i], generics));
    }
    best->resultType = substitute(signature.result, generics);
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
  std::string text = fmt::format(
      "Function '{}' does not accept parameters ({}).\nValid alternatives are:", name, types);
  for (const Signature* const signature : signatures) {
    text += "\n" + signature->toString(name);
  }
  return text + "\nFor detailed information on a function run: DESCRIBE FUNCTION <Function-Name>;";
}

}  // namespace auspex::operators
