// SPDX-License-Identifier: Apache-2.0
// What a WITH clause says of windowed keys.
#pragma once

#include <optional>

#include "operators/data/KeyWindow.h"
#include "parser/ast/Span.h"
#include "queries/Properties.h"

namespace auspex::queries {

/// Reads WINDOW_TYPE and WINDOW_SIZE; nothing when the keys have no windows. `span` is the place of
/// errors that have no property of their own. Throws StatementError.
std::optional<operators::KeyWindow> keyWindowOf(const Properties& properties,
                                                const parser::Span& span);

}  // namespace auspex::queries
