// SPDX-License-Identifier: Apache-2.0
// Functions that only the query-validation cases know: ksqlDB's own test code defines them, and
// some cases call them. Production's registry never holds them.
#pragma once

#include "operators/functions/FunctionRegistry.h"

namespace auspex::engine {

/// Adds them and begins their counts anew. Source: dialect, test-only functions.
void addQttFunctions(operators::FunctionRegistry& registry);

}  // namespace auspex::engine
