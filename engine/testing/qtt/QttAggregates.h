// SPDX-License-Identifier: Apache-2.0
// The aggregates that only ksqlDB's own tests define.
#pragma once

#include "operators/functions/FunctionRegistry.h"

namespace auspex::engine {

void addQttAggregates(operators::FunctionRegistry& registry);

}  // namespace auspex::engine
