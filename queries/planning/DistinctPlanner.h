// SPDX-License-Identifier: Apache-2.0
// SELECT DISTINCT, around all the rest of a query.
#pragma once

#include "queries/planning/QueryPlanner.h"
#include "queries/planning/SourcePlanner.h"

namespace auspex::queries {

/// Puts DISTINCT around the rows of `plan`, whose root is their projection. losesKey: the key of
/// what FROM gives is not among the columns. Throws StatementError.
///
/// Rows of a stream meet where their key brings them, else by all their columns. Of a table with
/// its key DISTINCT takes away changes that alter nothing; without it all columns are the key.
void addDistinct(const parser::Select& select, QueryPurpose purpose, const PlannedSources& from,
                 bool losesKey, QueryPlan& plan);

}  // namespace auspex::queries
