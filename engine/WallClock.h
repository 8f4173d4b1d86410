// SPDX-License-Identifier: Apache-2.0
// The time of day as records carry it.
#pragma once

#include <chrono>
#include <cstdint>

namespace auspex::engine {

/// Milliseconds since the epoch. Read once per batch on the paths of records.
inline int64_t wallClock() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace auspex::engine
