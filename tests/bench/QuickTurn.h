// SPDX-License-Identifier: Apache-2.0
// The tests see that each benchmark starts and prints its ratios; they ask for the shortest turn.
#pragma once

#include <cstdlib>
#include <string_view>

namespace auspex::bench {

/// AUSPEX_BENCH_QUICK=1 is set: figures do not matter, time does.
inline bool isQuick() {
  const char* const given = std::getenv("AUSPEX_BENCH_QUICK");
  return given != nullptr && std::string_view(given) == "1";
}

/// What a benchmark does in full, or in the shortest turn.
template <typename T>
T fullOrQuick(T full, T quick) {
  return isQuick() ? quick : full;
}

}  // namespace auspex::bench
