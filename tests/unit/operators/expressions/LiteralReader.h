// SPDX-License-Identifier: Apache-2.0
// Arguments of test cases as text: `1, 2L, 1.50, 1e0, 'x', TRUE, NULL, ARRAY[1, NULL], DATE
// '2020-01-01'`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/expressions/ExpressionFactory.h"

namespace auspex::operators {

/// Reads a list of literals, as bound expressions.
///
/// literal := NULL | TRUE | FALSE | number (1 INT, 1L BIGINT, 1.0 DECIMAL, 1e0 DOUBLE) | 'text'
///          | (DATE | TIME | TIMESTAMP | BYTES) 'text' | (NULL | NAN | INF) : type-less forms of
///          DOUBLE | ARRAY[literal, ...] | MAP(literal := literal, ...) | STRUCT(NAME := literal,
///          ...) | EMPTY_INTS (an ARRAY<INTEGER> without elements) | a unit of time (DAYS)
/// Throws std::runtime_error on anything else.
std::vector<ExpressionPtr> readLiterals(std::string_view text);

/// The single literal of the text.
ExpressionPtr readLiteral(std::string_view text);

}  // namespace auspex::operators
