// SPDX-License-Identifier: Apache-2.0
// Spans of time as statements write them.
#pragma once

#include <cstdint>

#include <string_view>

#include "parser/ast/Expression.h"

namespace auspex::queries {

/// `10 SECONDS` in milliseconds. Throws StatementError for months and years, whose length is not
/// fixed, and for what is too long.
int64_t millisOf(const parser::Interval& interval);

/// The same of a text such as the property WINDOW_SIZE has: `10 SECONDS`. `span` is its place.
int64_t parseMillis(std::string_view text, const parser::Span& span);

}  // namespace auspex::queries
