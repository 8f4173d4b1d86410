// SPDX-License-Identifier: Apache-2.0
// A plan to how it runs: operators in sub-topologies that meet at repartition topics, with just the
// columns that are used.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "operators/Topology.h"
#include "queries/planning/Plan.h"

namespace auspex::queries {

struct TopologyOptions {
  std::string queryId;
  std::string serviceId;
  std::string deadLetterTopic;
  std::string shadowTopic;  ///< where scores in the shadow go; empty: none are computed
  /// One task sees all partitions (transient queries): nothing needs to be repartitioned.
  bool singleTask = false;
  /// Number of partitions of an existing topic.
  std::function<int32_t(const std::string& topic)> numPartitions;
};

/// Where the rows go: a topic with formats, or (topic empty) a result channel of that name.
struct SinkTarget {
  std::string topic;
  operators::Schema schema;
  const operators::Format* keyFormat = nullptr;
  const operators::Format* valueFormat = nullptr;
  operators::FormatOptions keyOptions;
  operators::FormatOptions valueOptions;
  std::optional<operators::TimestampColumn> timestamp;
  std::optional<operators::KeyWindow> window;
  /// Ends the topology instead of a topic sink, when set: rows of a transient query, or what writes
  /// the topic (if one is given) in its own way.
  std::shared_ptr<const operators::OperatorDescription> result;
};

/// Names of stores and internal topics come from the query id and the operator's place only. A
/// table that is written to a topic is also kept in state, for pull queries.
operators::Topology buildTopology(const QueryPlan& plan, const SinkTarget& sink,
                                  const TopologyOptions& options);

/// Keeps a table without windows in state, and writes nothing: for pull queries on it.
operators::Topology buildSourceTable(const std::shared_ptr<const DataSource>& table,
                                     const TopologyOptions& options);

}  // namespace auspex::queries
