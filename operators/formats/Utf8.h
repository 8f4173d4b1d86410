// SPDX-License-Identifier: Apache-2.0
// UTF-8 at the edge: STRING columns hold valid UTF-8 only, whatever bytes arrive.
#pragma once

#include <string_view>

#include "operators/data/Arena.h"

namespace auspex::operators {

bool isUtf8(std::string_view bytes);

/// A copy in the arena with U+FFFD for what is malformed, as Java decodes bytes.
std::string_view replaceMalformedUtf8(std::string_view bytes, Arena& arena);

}  // namespace auspex::operators
