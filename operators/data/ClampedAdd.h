// SPDX-License-Identifier: Apache-2.0
// Sums of times, which records and statements may put anywhere.
#pragma once

#include <cstdint>

namespace auspex::operators {

/// The sum, or the nearest number where it does not fit.
inline int64_t addClamped(int64_t left, int64_t right) {
  int64_t sum = 0;
  const bool overflows = __builtin_add_overflow(left, right, &sum);
  return !overflows ? sum : right < 0 ? INT64_MIN : INT64_MAX;
}

}  // namespace auspex::operators
