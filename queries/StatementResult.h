// SPDX-License-Identifier: Apache-2.0
// What a statement answers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queries/planning/Plan.h"
#include "queries/planning/PullPlanner.h"

namespace auspex::queries {

/// Rows of text, for listings.
struct TextTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

/// A SELECT that is to be run and shown.
struct TransientQuery {
  QueryPlan plan;
  std::string text;
  /// Set for a pull query: its rows are read from state. Else the topics are read.
  std::shared_ptr<const PullPlan> pull = {};
};

struct StatementResult {
  std::string message;  ///< one line or a text; may be empty
  std::optional<TextTable> table;
  std::optional<TransientQuery> query;
};

}  // namespace auspex::queries
