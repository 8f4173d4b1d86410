// SPDX-License-Identifier: Apache-2.0
// Counts calls of operator new in this test executable.
#pragma once

#include <cstddef>

namespace auspex::operators {

size_t numAllocations();

}  // namespace auspex::operators
