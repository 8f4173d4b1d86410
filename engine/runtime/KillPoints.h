// SPDX-License-Identifier: Apache-2.0
// Named points at which a test can end the process as kill -9 does: before and after each step of a
// commit. In normal use they cost one load.
#pragma once

#include <string_view>
#include <vector>

namespace auspex::engine {

/// Passes the point `name`. The environment variable AUSPEX_KILL_POINT=name:n makes the n-th
/// passing of that name raise SIGKILL; AUSPEX_KILL_POINT_TRACE=1 prints each name once.
void passKillPoint(std::string_view name);

/// All names, in the order of a commit.
std::vector<std::string_view> killPointNames();

}  // namespace auspex::engine
