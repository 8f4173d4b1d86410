// SPDX-License-Identifier: Apache-2.0
// Runs one expression of a test case in every way it can be run, which all have to agree.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/expressions/ExpressionFactory.h"

namespace auspex::operators {

using Builder = std::function<ExpressionPtr(std::vector<ExpressionPtr>)>;

/// Builds an expression of the literals (see LiteralReader.h) and returns its value as text.
///
/// Run as constants, and with columns in place of the literals over a batch of several rows with
/// NULLs between, under several selections. Ends in `!` when the row fails (it is NULL then), is
/// `TypeError: ...` when the operands do not fit, and `DIFFERS: ...` when the ways disagree.
std::string runCase(std::string_view literals, const Builder& build);

/// The type of the expression, or `TypeError: ...`.
std::string typeOfCase(std::string_view literals, const Builder& build);

/// A column of the values of literals, all coerced to the type of the first that is not NULL.
ColumnPtr columnOf(std::string_view literals);

/// Values of a column as text: `1, null, 3`.
std::string textOfColumn(const Column& column);

}  // namespace auspex::operators
