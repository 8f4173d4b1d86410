// SPDX-License-Identifier: Apache-2.0
// How often this program has allocated: it replaces operator new.
#pragma once

#include <cstdint>

namespace auspex::operators {

/// Calls of operator new of any form so far, by all threads.
uint64_t numAllocations();

}  // namespace auspex::operators
