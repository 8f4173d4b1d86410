// SPDX-License-Identifier: Apache-2.0
// The select list: which columns come out, under which names, and which of them are the key.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "operators/data/Schema.h"
#include "queries/planning/ExpressionBinder.h"
#include "queries/planning/Plan.h"
#include "queries/planning/PredictBinder.h"
#include "queries/planning/QueryPlanner.h"
#include "queries/planning/SourcePlanner.h"
#include "queries/planning/TableFunctionBinder.h"

namespace auspex::queries {

/// Columns with their expressions, in the order of the schema: keys first.
struct Projection {
  std::vector<operators::SchemaColumn> columns;
  std::vector<operators::ExpressionPtr> expressions;
  bool removesKey = false;  ///< PARTITION BY NULL, or DISTINCT of a stream without its key
  bool losesKey = false;    ///< DISTINCT: the key is not among the columns
  /// Per column: NULL in rows without a value, since only there its expression reads from it.
  /// Empty: none is.
  std::vector<bool> nullWithoutValue;
};

/// One select item after `*` is expanded.
struct BoundItem {
  operators::ExpressionPtr expression;
  std::string name;  ///< empty: to be generated
  parser::Span span;
  bool isField = false;  ///< named after a field of a STRUCT: gets a number when the name is taken
};

/// Refuses the names of pseudo columns as names of the columns of a query that is kept.
void checkItemNames(const parser::Select& select, const PlannedSources& from);

/// Expands and binds the select list with `binder`. Throws StatementError.
/// partitionKeys: expressions of PARTITION BY, which `*` puts first.
std::vector<BoundItem> bindItems(const parser::Select& select, const PlannedSources& from,
                                 const ExpressionBinder& binder,
                                 std::span<const BoundItem> partitionKeys = {});

/// Gives unnamed items their KSQL_COL_n, and refuses reserved and repeated names.
void nameItems(std::vector<BoundItem>& items, const Scope& scope);

/// Refuses a TIMESTAMP that no item is named after.
void checkTimestamp(const std::optional<TimestampName>& timestamp,
                    const std::vector<BoundItem>& items);

/// Orders items keys first. keyOf tells the rank of a key item, or nothing for values.
/// Throws StatementError when no value column remains.
Projection arrange(const std::vector<BoundItem>& items,
                   const std::vector<std::optional<size_t>>& keyRanks, const parser::Span& span,
                   bool needsValue);

/// The select list of a query without GROUP BY. Source: dialect, schemas, keys, names.
Projection bindProjection(const parser::Select& select, QueryPurpose purpose,
                          const PlanningContext& context, const PlannedSources& from,
                          TableFunctionBinder& tables, PredictBinder& scoring);

/// hidden: further columns behind those of the projection.
PlanNodePtr addProjection(PlanNodePtr input, const Projection& projection,
                          const std::vector<operators::ExpressionPtr>& hidden = {});

/// Which kind of thing a query must select because it is the key.
enum class KeyKind : uint8_t { Column, JoinExpression, GroupingExpression, PartitioningExpression };

/// "Key missing from projection (ie, SELECT). ..." in ksqlDB's words; of the names of a join any
/// one will do, else all are needed.
std::string keyMissingMessage(const std::string& sink, KeyKind kind,
                              const std::vector<std::string>& names);

/// `A, B and C`, with another word for the last comma.
std::string listOf(const std::vector<std::string>& names, const char* lastWord);

}  // namespace auspex::queries
