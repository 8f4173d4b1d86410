// SPDX-License-Identifier: Apache-2.0
// JOIN: which rows meet, where, and by what their result is keyed.
#pragma once

#include <memory>
#include <vector>

#include "queries/planning/SourcePlanner.h"

namespace auspex::queries {

/// Joins `planned`, the first source of FROM, with the others in the order they are written in;
/// `joined` has a source for each of from.joins. Brings rows of equal keys together where they do
/// not lie together already. Throws StatementError for joins that are not possible.
/// Source: dialect, joins; schemas, keys, names.
void addJoins(const parser::From& from, const std::vector<FromItem>& joined,
              const PlanningContext& context, PlannedSources& planned);

}  // namespace auspex::queries
