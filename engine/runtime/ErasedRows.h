// SPDX-License-Identifier: Apache-2.0
// How long changelogs remember what was erased.
#pragma once

#include <chrono>

namespace auspex::engine {

/// Compaction takes the records of erased rows from a changelog after this time
/// (delete.retention.ms). Who comes back later with an older state would not hear of them.
inline constexpr std::chrono::hours kErasedRowsKept{7 * 24};

}  // namespace auspex::engine
