// SPDX-License-Identifier: Apache-2.0
// Conversions between types, and every type as text.
#pragma once

#include <string>

#include "operators/data/Value.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// Whether CAST exists between two types. Equal types always cast.
bool isCastSupported(const SqlType& from, const SqlType& to);

/// The operand as `to`, for the selected rows. What does not convert is NULL and a failure.
/// isCastSupported must hold (asserted).
ColumnPtr computeCast(const Operand& operand, const SqlType& to, Selection rows, size_t numRows,
                      RowFailures& failures);

/// Without what Java's trim takes away: blanks and control characters at both ends.
std::string_view trimmedText(std::string_view text);

/// Appends the value of a row as CAST(... AS STRING) gives it: `1.0E10`, `[1, null]`, `{k=v}`,
/// `Struct{A=1}`. NULL is `null`; BYTES are Base64.
void appendText(std::string& out, const Column& column, size_t row);

/// The same for a single value.
std::string textOf(const SqlType& type, const Value& value);

}  // namespace auspex::operators
