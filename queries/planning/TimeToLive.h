// SPDX-License-Identifier: Apache-2.0
// TTL: rows leave a table when they are not updated for some time.
#pragma once

#include <cstdint>

#include "queries/Properties.h"
#include "queries/planning/Plan.h"

namespace auspex::queries {

/// Reads TTL, in milliseconds; 0 when rows stay. `span` is the place of the statement. Throws
/// StatementError: of streams and windowed tables too.
int64_t timeToLiveOf(const Properties& properties, bool isTable, bool isWindowed,
                     const parser::Span& span);

/// Has the rows of the table that the plan gives expire: groups of a stream with their state, other
/// rows by what is kept of the result. Nothing happens when `ttl` is 0.
void addTimeToLive(int64_t ttl, QueryPlan& plan);

}  // namespace auspex::queries
