// SPDX-License-Identifier: Apache-2.0
// The choice among the overloads of a function for given arguments.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/expressions/BoundExpression.h"
#include "operators/functions/Signature.h"

namespace auspex::operators {

/// The overload that fits best, and what each argument has to become.
struct OverloadMatch {
  size_t index = 0;
  std::vector<std::optional<SqlType>> parameterTypes;  ///< nullopt: the argument as it is
  std::optional<SqlType> resultType;  ///< nullopt: DECIMAL or the like, by the overload's rule
};

/// What needs no cast wins over what does; then fixed parameters over repeated ones, more over
/// fewer, concrete over generic ones; among equals without a cast the first. nullopt: none fits.
/// Throws TypeError when several fit by a cast and none of them fits better: ambiguous parameters.
/// name: of the function, for that message.
std::optional<OverloadMatch> resolveOverload(std::string_view name,
                                             std::span<const Signature* const> signatures,
                                             std::span<const ExpressionPtr> arguments);

/// The arguments as the chosen overload takes them.
std::vector<ExpressionPtr> coerceArguments(const OverloadMatch& match,
                                           std::vector<ExpressionPtr> arguments);

/// "Function 'f' does not accept parameters (INTEGER, STRING)." with the alternatives.
std::string mismatchText(std::string_view name, std::span<const Signature* const> signatures,
                         std::span<const ExpressionPtr> arguments);

/// Binds the generics of `pattern` so that it takes `type`; false when it cannot.
bool bindGenerics(const TypePattern& pattern, const SqlType& type, GenericTypes& generics);

}  // namespace auspex::operators
