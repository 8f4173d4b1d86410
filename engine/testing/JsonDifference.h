// SPDX-License-Identifier: Apache-2.0
// Compares what a test expects with what it found, as JSON.
#pragma once

#include <optional>
#include <string>

#include "operators/formats/json/JsonTree.h"

namespace auspex::engine {

using operators::JsonTree;

/// Says where two values differ first and how, or nothing when they are equal: members in any
/// order, numbers by value within `tolerance` of the larger one (integers exactly).
std::optional<std::string> differenceOf(const JsonTree& expected, const JsonTree& actual,
                                        double tolerance);

}  // namespace auspex::engine
