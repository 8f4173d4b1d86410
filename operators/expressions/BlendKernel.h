// SPDX-License-Identifier: Apache-2.0
// CASE whose parts were all computed for all rows: one value of several is kept, without branches.
#pragma once

#include <span>

#include "operators/expressions/PhysicalTypes.h"

namespace auspex::operators {

/// For each row the result of the first condition that is true, else that of `otherwise`; NULL
/// where that is a null pointer. Conditions are BOOLEAN, a NULL one is not taken; results are of
/// `type`, which is not nested (asserted).
ColumnPtr blend(const SqlType& type, std::span<const Operand> conditions,
                std::span<const Operand> results, const Operand* otherwise, size_t numRows);

}  // namespace auspex::operators
