// SPDX-License-Identifier: Apache-2.0
// FROM and its joins: which rows there are, and by which names their columns are known.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "parser/ast/Select.h"
#include "queries/planning/Plan.h"
#include "queries/planning/QueryPlanner.h"
#include "queries/planning/Scope.h"

namespace auspex::queries {

/// Where rows lie: what a further join must know to bring equal keys together.
struct Keying {
  /// The columns that equal the key in every row, by position; several ones are one key only
  /// before the first join.
  std::vector<size_t> columns;
  const operators::Format* format = nullptr;
  operators::FormatOptions options;
  std::string partitionsOf;  ///< a topic with as many partitions
};

/// One source of FROM: a stream or table, or queries in parentheses as if they had made one.
struct FromItem {
  std::shared_ptr<const DataSource> source;
  PlanNodePtr rows;                                     ///< of queries; null for a stream or table
  std::vector<std::shared_ptr<const DataSource>> read;  ///< by queries; else the source itself
};

struct PlannedSources {
  PlanNodePtr root;
  Scope scope;
  std::vector<std::shared_ptr<const DataSource>> sources;  ///< of FROM
  std::vector<std::shared_ptr<const DataSource>> read;     ///< of the catalog, by all of them
  bool isJoin = false;
  bool isShown = false;  ///< for a query that shows rows: pseudo columns keep their names
  /// The last join is by a foreign key: its result has the left table's key.
  bool isForeignKeyJoin = false;
  /// The columns whose values are the key of the rows, by position; for a join, unless by a foreign
  /// key, all columns of equal value that may stand for its key, the preferred first.
  std::vector<size_t> keyPositions;
  /// Of a join: the column that has the key's value in every row, also where the one that is
  /// selected for it is NULL.
  size_t joinKey = 0;
  /// One of several equal columns stands for the key.
  bool hasJoinKey() const { return isJoin && !isForeignKeyJoin; }
  Keying keying;
  /// How the keys are windowed, and the columns of the window's start and end, by position.
  std::optional<operators::KeyWindow> window;
  std::array<size_t, 2> bounds = {};
};

/// The columns of the bounds of a windowed source whose columns begin at `first`.
std::array<size_t, 2> boundsOf(const DataSource& source, size_t first);

/// What windowed sources cannot: their rows by other keys.
inline constexpr const char* kMovedWindows =
    "Implicit repartitioning of windowed sources is not supported. See "
    "https://github.com/confluentinc/ksql/issues/4385.";

/// Adds the columns of one source at positions from `first` on; returns the step that gives them.
PlanNodePtr addSource(const parser::SourceReference& reference, const FromItem& item, size_t first,
                      Scope& scope);

/// Throws StatementError: unknown sources, joins that are not possible.
PlannedSources planSources(const parser::From& from, const PlanningContext& context);

/// A filter step, or the input itself without a condition.
PlanNodePtr addFilter(PlanNodePtr input, operators::ExpressionPtr condition);

}  // namespace auspex::queries
