// SPDX-License-Identifier: Apache-2.0
// What a condition says of keys and windows, so that only those rows are read for it.
#pragma once

#include <optional>
#include <vector>

#include "operators/StateTable.h"
#include "operators/expressions/BoundExpression.h"

namespace auspex::queries {

/// The columns of a condition that state is found by.
struct LookupColumns {
  struct Key {
    std::optional<size_t> position;  ///< in the condition's rows; absent: it cannot name this one
    operators::SqlType type;
  };
  std::vector<Key> keys;  ///< in the order of the bytes of the state's keys
  std::optional<size_t> windowStart;
  std::optional<size_t> windowEnd;
};

/// The rows that the condition can hold for, as far as keys and windows tell; never fewer. null:
/// all of them.
operators::StateRange rangeOf(const operators::ExpressionPtr& condition,
                              const LookupColumns& columns);

}  // namespace auspex::queries
