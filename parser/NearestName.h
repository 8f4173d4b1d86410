// SPDX-License-Identifier: Apache-2.0
// Finds the name that a misspelt one was meant to be, for messages.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace auspex::parser {

/// Returns the candidate with the smallest edit distance to `name` (a swap of neighbours counts as
/// one edit, case is ignored), or nothing when none is near: at most one edit for names of two
/// to four characters, two for up to eight, three beyond. The first wins among equals.
std::optional<std::string> nearestName(std::string_view name,
                                       std::span<const std::string> candidates);

}  // namespace auspex::parser
