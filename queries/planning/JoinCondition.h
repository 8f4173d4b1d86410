// SPDX-License-Identifier: Apache-2.0
// ON: the equality by which rows are brought together, and what else has to hold.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "parser/ast/Select.h"
#include "queries/planning/Plan.h"
#include "queries/planning/QueryPlanner.h"
#include "queries/planning/Scope.h"

namespace auspex::queries {

/// `a = b`, each side of which reads one of the two sources only.
struct JoinEquality {
  const parser::Expression* whole = nullptr;
  /// What reads the sources before the join, and what reads the joined one.
  std::array<const parser::Expression*, 2> sides = {};
  std::array<std::string, 2> texts;  ///< of the sides, for messages
  bool isSwapped = false;            ///< it is written with the joined source first

  std::string toString() const;
};

struct JoinCondition {
  JoinEquality key;
  std::vector<JoinEquality> equalities;           ///< further ones
  std::vector<const parser::Expression*> others;  ///< any other conditions
};

/// Splits the condition of a join with `right` at its ANDs. The key is the equality with the right
/// one's only key column, or else the first one. `both` has the columns of all sources, from
/// firstRight on those of `right`. The result points into `join`. Throws StatementError when no
/// part is an equality of both sides.
JoinCondition splitCondition(const parser::Join& join, const DataSource& right, const Scope& both,
                             size_t firstRight, const PlanningContext& context);

}  // namespace auspex::queries
