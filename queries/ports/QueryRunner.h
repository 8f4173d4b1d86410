// SPDX-License-Identifier: Apache-2.0
// Starts and stops what statements define. Implemented by the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "operators/Topology.h"
#include "queries/catalog/Catalog.h"

namespace auspex::queries {

/// How far a query is.
struct QueryProgress {
  // Since this process started it, by this process:
  uint64_t recordsIn = 0;
  uint64_t errors = 0;  ///< of single rows, that did not keep them from going on
  uint64_t deadLetters = 0;
  /// Records of its first topic that no process has done and committed.
  int64_t lag = 0;
};

class QueryRunner {
 public:
  virtual ~QueryRunner() = default;
  /// Starts a query from where it was committed; it takes the place of one of the same id.
  virtual void startQuery(std::shared_ptr<const operators::Topology> topology) = 0;
  /// Commits and stops the query, and keeps its state open for pull queries; also when it has not
  /// been started.
  virtual void parkQuery(std::shared_ptr<const operators::Topology> topology) = 0;
  /// Commits and ends the query; its topics stay.
  virtual void stopQuery(const std::string& queryId) = 0;
  /// RUNNING, FINISHED, ERROR.
  virtual std::string status(const std::string& queryId) = 0;
  virtual QueryProgress progress(const operators::Topology& topology) = 0;
  /// Checks the connector's properties and files without starting it; throws std::runtime_error.
  virtual void checkConnector(const ConnectorDefinition& connector) = 0;
  virtual void startConnector(const ConnectorDefinition& connector) = 0;
  virtual void stopConnector(const std::string& name) = 0;
};

}  // namespace auspex::queries
