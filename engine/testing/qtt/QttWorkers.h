// SPDX-License-Identifier: Apache-2.0
// Runs cases in several processes, so that a case that ends its process, or never ends, fails by
// itself and the others go on.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "engine/testing/qtt/QttRun.h"

namespace auspex::engine {

/// Runs `run(0 .. numCases - 1)` in child processes and returns the outcomes in order. A case whose
/// process dies, or that is still at work after a minute, has failed. Must be called while the
/// process has one thread.
std::vector<QttOutcome> runInWorkers(size_t numCases, size_t numWorkers,
                                     const std::function<QttOutcome(size_t)>& run);

}  // namespace auspex::engine
