// SPDX-License-Identifier: Apache-2.0
// What a query means: bound, typed and printable. Columns are positions, so a step that adds
// columns puts them behind the others and nothing is renumbered.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "operators/AggregateOperator.h"
#include "operators/DistinctOperator.h"
#include "operators/FlatMapOperator.h"
#include "operators/PredictOperator.h"
#include "operators/ServingOperators.h"
#include "operators/StreamJoinOperator.h"
#include "operators/TableJoinOperator.h"
#include "operators/TableOperators.h"
#include "operators/WindowAggregateOperator.h"
#include "operators/expressions/BoundExpression.h"
#include "queries/catalog/Catalog.h"

namespace auspex::queries {

/// Reads a stream or table: schema columns, then the pseudo columns.
struct SourcePlan {
  std::shared_ptr<const DataSource> source;
};

/// Reads the requests of a served model: a column per feature, then the request columns.
struct RequestsPlan {
  std::string topic;
  operators::ServingSpec serving;
  std::vector<operators::ServedFeature> features;
};

/// The rows of its inputs, which have the same columns: those of the schema, and behind them the
/// bounds of windowed keys. Several inputs are UNION ALL of streams.
struct SubqueryPlan {
  operators::Schema schema;
  bool isWindowed = false;
};

struct FilterPlan {
  operators::ExpressionPtr condition;
};

/// Adds kNumPredictSlots columns.
struct PredictPlan {
  operators::ModelUse model;
  std::string deployment;
  std::shared_ptr<const operators::ModelVersion> version;  ///< that the arguments are bound to
  std::vector<operators::ExpressionPtr> arguments;
  operators::ExpressionPtr splitKey;  ///< as PredictDescription's
  operators::FailurePolicies policies;
  operators::ModelUse fallback;  ///< what the policies fall back on, if they do
  /// Unset until a call asks for contributions; then as PredictDescription's.
  std::optional<size_t> topFeatures;
};

/// Adds a column per function; a row becomes as many as the longest of them gives.
struct FlatMapPlan {
  std::vector<operators::BoundTableFunction> functions;
};

struct ProjectPlan {
  std::vector<operators::ExpressionPtr> expressions;
  std::vector<std::string> names;
  std::vector<bool> nullWithoutValue;  ///< as ProjectDescription's
};

/// Brings rows of one key together, when they are not. `operation` is what the topic's name ends
/// in.
struct RepartitionPlan {
  std::vector<size_t> keyPositions;
  std::vector<operators::SchemaColumn> keyColumns;
  const operators::Format* keyFormat = nullptr;
  operators::FormatOptions keyOptions;
  std::string operation;
  std::string partitionsOf;  ///< the topic whose number of partitions to take
  /// As RepartitionSinkDescription's.
  std::vector<size_t> spreadNullsBy = {};
};

/// Rows in: the grouping columns first. With a window its bounds stand behind the grouping columns
/// of the rows out.
struct AggregatePlan {
  std::vector<operators::SchemaColumn> groupColumns;
  std::vector<operators::AggregateCall> calls;
  std::optional<operators::AggregateWindow> window = {};
  int64_t ttl = 0;  ///< as AggregateDescription's
};

/// SELECT DISTINCT: all columns of the rows are compared.
struct DistinctPlan {
  operators::DistinctKind kind = operators::DistinctKind::Rows;
  std::optional<operators::DistinctWindow> window = {};
};

/// Rows of a table leave it when they are not updated for so many milliseconds.
struct ExpirePlan {
  std::vector<size_t> keyPositions;
  int64_t ttl = 0;
};

/// Adds a column per expression.
struct ExtendPlan {
  std::vector<operators::ExpressionPtr> expressions;
};

/// Inputs: table, table; keys are positions in each.
struct TableJoinPlan {
  operators::JoinKind kind = operators::JoinKind::Inner;
  std::array<size_t, 2> keys;
};

/// Inputs: table, table. Rows go to the right table by their foreign key, and what they find there
/// comes back by the left table's own key.
struct ForeignKeyJoinPlan {
  operators::JoinKind kind = operators::JoinKind::Inner;  ///< or Left
  std::array<size_t, 2> keys;                             ///< foreign key, the right table's key
  std::vector<size_t> leftKeys;                           ///< the left table's own
  RepartitionPlan there;
  RepartitionPlan back;
};

/// Inputs: stream, stream; keys are positions in each, and so are further columns that
/// have to be equal: of further equalities, and the bounds of windowed keys.
struct StreamJoinPlan {
  operators::JoinKind kind = operators::JoinKind::Inner;
  operators::JoinWindow window;
  std::array<size_t, 2> keys;
  std::array<std::vector<size_t>, 2> equal = {};
};

/// Inputs: stream, table.
struct StreamTableJoinPlan {
  operators::JoinKind kind = operators::JoinKind::Inner;  ///< or Left
  size_t streamKey = 0;
  size_t tableKey = 0;
};

struct PlanNode;
using PlanNodePtr = std::shared_ptr<const PlanNode>;

struct PlanNode {
  std::variant<SourcePlan, RequestsPlan, SubqueryPlan, FilterPlan, FlatMapPlan, PredictPlan,
               ProjectPlan, RepartitionPlan, AggregatePlan, DistinctPlan, ExpirePlan, ExtendPlan,
               TableJoinPlan, ForeignKeyJoinPlan, StreamJoinPlan, StreamTableJoinPlan>
      step;
  std::vector<PlanNodePtr> inputs;
  std::vector<operators::SqlType> types;  ///< of the columns out, by position
  bool isTable = false;
};

/// A whole SELECT: the columns out of `root` are those of `schema`, keys first.
struct QueryPlan {
  PlanNodePtr root;
  operators::Schema schema;
  bool isTable = false;
  std::vector<std::shared_ptr<const DataSource>> sources;  ///< left-most first
  /// What a sink's key is written with unless the statement says otherwise.
  const operators::Format* keyFormat = nullptr;
  operators::FormatOptions keyOptions;
  /// Of the keys out: the bounds then stand right behind the schema's columns.
  std::optional<operators::KeyWindow> window;
  std::optional<int64_t> limit;
  bool emitChanges = false;
  bool isGrouped = false;  ///< the rows are groups, perhaps a single one
  bool isPull = false;     ///< a pull query: the rows are those of the table, each once
  /// Transient queries over tables: how many columns behind the schema's identify the row.
  size_t numHiddenKeys = 0;
};

}  // namespace auspex::queries
