// SPDX-License-Identifier: Apache-2.0
// The WINDOW clause of a query.
#pragma once

#include <optional>

#include "operators/WindowAggregateOperator.h"
#include "parser/ast/Select.h"
#include "queries/planning/SourcePlanner.h"

namespace auspex::queries {

/// The window of the clause, in milliseconds. Throws StatementError: not of a stream, or sizes that
/// cannot be.
std::optional<operators::AggregateWindow> windowOf(const parser::Select& select,
                                                   const PlannedSources& from);

}  // namespace auspex::queries
