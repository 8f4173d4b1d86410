// SPDX-License-Identifier: Apache-2.0
// The built-in connector classes by name, and what a connector's properties mean.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/EndTracker.h"
#include "engine/runtime/Job.h"
#include "engine/runtime/QueryCounters.h"
#include "queries/catalog/Catalog.h"

namespace auspex::engine {

/// What connectors need to run.
struct ConnectorContext {
  Broker& broker;
  EndTracker& ends;
  std::string serviceId;
  std::shared_ptr<Wakeup> wakeup;
  /// The stream or table over a topic; null when there is none.
  std::function<std::shared_ptr<const queries::DataSource>(const std::string&)> sourceOfTopic;
};

/// A connector ready to run.
struct ConnectorJob {
  std::unique_ptr<Job> job;
  std::vector<std::string> writes;                ///< topics it writes
  bool finite = true;                             ///< it comes to an end by itself
  std::string path;                               ///< the file, resolved
  std::shared_ptr<const QueryCounters> counters;  ///< of a source: what it has committed
};

/// Checks names and values of all properties, and that a source's file is there. Throws
/// std::runtime_error with the nearest name.
void checkConnector(const queries::ConnectorDefinition& connector);

/// Throws as checkConnector; for a sink also when no stream or table has its topic.
ConnectorJob makeConnector(const queries::ConnectorDefinition& connector,
                           const ConnectorContext& context);

}  // namespace auspex::engine
