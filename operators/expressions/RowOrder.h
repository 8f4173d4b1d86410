// SPDX-License-Identifier: Apache-2.0
// Order and equality of single values of any type: for nested values, IN, array functions, MIN,
// MAX.
#pragma once

#include <string_view>

#include "operators/data/Column.h"

namespace auspex::operators {

/// Java's order of strings (by UTF-16 units) on UTF-8 text: negative, 0 or positive.
int compareText(std::string_view left, std::string_view right);

/// Order of two present values of one type that is not nested; decimals may differ in scale.
/// DOUBLE as Java's Double.compare: NaN is the largest and equals itself.
int compareRows(const Column& left, size_t leftRow, const Column& right, size_t rightRow);

/// Equality of two values of one type, nested ones by their parts; NULL equals NULL.
bool equalRows(const Column& left, size_t leftRow, const Column& right, size_t rightRow);

/// A hash that is equal for equal values.
size_t hashRow(const Column& column, size_t row);

}  // namespace auspex::operators
