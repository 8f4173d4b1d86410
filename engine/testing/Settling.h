// SPDX-License-Identifier: Apache-2.0
// When a run of a test has come to rest.
#pragma once

namespace auspex::engine {

/// Rounds without work after which everything has been read, computed and committed: a commit makes
/// records visible to the next task, whose work then shows in the next round.
inline constexpr int kQuietRounds = 3;
/// A run of any size that is still at work after so many rounds would go on for ever.
inline constexpr int kMaxRounds = 20'000'000;
/// Commits come when there is nothing left to do, not by the clock: the same run every time.
inline constexpr const char* kCommitIntervalMs = "3600000";

}  // namespace auspex::engine
