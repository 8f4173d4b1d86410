// SPDX-License-Identifier: Apache-2.0
// GROUP BY: grouping expressions, aggregates, HAVING and the select list over them.
#pragma once

#include <functional>

#include "queries/planning/Projection.h"

namespace auspex::queries {

/// Puts WHERE and the scoring steps, which binding the grouped part may still add to, onto the
/// rows.
using InputBuilder =
    std::function<PlanNodePtr(PlanNodePtr, const operators::ExpressionPtr&, const PredictBinder&)>;

/// Fills `plan` for a SELECT with GROUP BY. Throws StatementError.
/// Source: dialect, operator semantics (GROUP BY, aggregate), error texts.
void planGrouped(const parser::Select& select, QueryPurpose purpose, const PlanningContext& context,
                 const PlannedSources& from, const operators::ExpressionPtr& where,
                 PredictBinder& scoring, const InputBuilder& buildInput, QueryPlan& plan);

}  // namespace auspex::queries
