// SPDX-License-Identifier: Apache-2.0
// `auspex model inspect`: what a model file holds.
#pragma once

#include <string>

#include "engine/ExitCode.h"

namespace auspex::engine {

ExitCode inspectModel(const std::string& path);

}  // namespace auspex::engine
