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

/// Exact matches win over widened ones, these over literals read as another type, fixed parameters
/// over repeated ones, concrete over generic ones; among equals the first. nullopt: none fits.
std::optional<OverloadMatch> resolveOverload(std::span<const Signature* const> signatures,
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
