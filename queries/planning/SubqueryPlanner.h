// SPDX-License-Identifier: Apache-2.0
// Queries in parentheses in FROM, and UNION ALL of them.
#pragma once

#include "queries/planning/SourcePlanner.h"

namespace auspex::queries {

/// Plans the queries of a source (asserted: it has some) as if CREATE STREAM or TABLE ... AS SELECT
/// had made it: with the key of the query, but without pseudo columns. Throws StatementError.
/// Source: docs/statements.md, "Queries in FROM".
FromItem planSubquery(const parser::SourceReference& reference, const PlanningContext& context);

}  // namespace auspex::queries
