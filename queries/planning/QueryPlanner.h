// SPDX-License-Identifier: Apache-2.0
// A SELECT as written to what it means: sources, joins, filters, scoring, grouping, projection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "operators/functions/FunctionRegistry.h"
#include "operators/models/ModelRegistry.h"
#include "parser/ast/Select.h"
#include "queries/catalog/Catalog.h"
#include "queries/planning/Plan.h"

namespace auspex::queries {

/// The column that a sink's TIMESTAMP names.
struct TimestampName {
  std::string column;
  parser::Span span;
};

/// What planning reads; all of it is a snapshot or immutable.
struct PlanningContext {
  const Catalog& catalog;
  const operators::FunctionRegistry& functions;
  std::shared_ptr<const operators::ModelRegistry> models;
  std::string sink = {};  ///< what a persistent query is to build, for messages
  /// Number of partitions of a topic, where it is known.
  std::function<std::optional<int32_t>(const std::string& topic)> numPartitions = {};
  std::optional<TimestampName> timestamp = {};  ///< must be in the projection of that query
};

enum class QueryPurpose : uint8_t {
  Persistent,  ///< writes a sink: the key must be in the projection
  Transient    ///< shows rows: every column is plain
};

/// Plans a SELECT. Throws StatementError with the place of what is wrong, before anything runs.
/// Source: dialect, query clauses; schemas, keys, names; joins.
QueryPlan planQuery(const parser::Select& select, QueryPurpose purpose,
                    const PlanningContext& context);

}  // namespace auspex::queries
