// SPDX-License-Identifier: Apache-2.0
// Constructors of ARRAY, MAP and STRUCT values, subscripts and dereferences over columns.
#pragma once

#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// ARRAY of `type`: element i of each row comes from elements[i].
ColumnPtr computeArray(const SqlType& type, std::span<const Operand> elements, size_t numRows);

/// MAP of `type` from pairs in order; a later value of an equal key replaces the earlier one. NULL
/// is a key as others are.
ColumnPtr computeMap(const SqlType& type, std::span<const Operand> keys,
                     std::span<const Operand> values, Selection rows, size_t numRows);

ColumnPtr computeStruct(const SqlType& type, std::span<const Operand> fields, size_t numRows);

/// ARRAY base: 1-based INTEGER index, negative from the end; MAP base: a key of its type. What is
/// not there is NULL, silently.
ColumnPtr computeSubscript(const Operand& base, const Operand& index, Selection rows,
                           size_t numRows);

ColumnPtr computeDereference(const Operand& base, size_t fieldIndex, size_t numRows);

/// For each row, the row of parts[choice[row]] of the same number; kNoChoice gives NULL. All parts
/// are of `type`.
inline constexpr uint16_t kNoChoice = UINT16_MAX;
ColumnPtr choose(const SqlType& type, std::span<const Operand> parts,
                 std::span<const uint16_t> choice, size_t numRows);

/// Rows of `column`, picked; kNoRow gives NULL.
inline constexpr uint32_t kNoRow = UINT32_MAX;
ColumnPtr gatherOrNull(const ColumnPtr& column, std::span<const uint32_t> rows);

}  // namespace auspex::operators
