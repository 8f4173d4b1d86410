// SPDX-License-Identifier: Apache-2.0
// SERVE MODEL to a topology: requests of a topic, the same scoring step as that of PREDICT,
// replies.
#pragma once

#include "operators/Topology.h"
#include "parser/ast/Span.h"
#include "queries/planning/QueryPlanner.h"
#include "queries/planning/TopologyBuilder.h"

namespace auspex::queries {

/// A split by a key is one by features. Rows that a model's server refuses have no score, whatever
/// the model's policy says otherwise, so that their requests are answered. Throws StatementError:
/// unknown version or alias, features or outputs that cannot be served.
operators::Topology planServing(const ServingDefinition& serving, const parser::Span& place,
                                const PlanningContext& context, const TopologyOptions& options);

}  // namespace auspex::queries
