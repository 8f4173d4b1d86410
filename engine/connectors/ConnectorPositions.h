// SPDX-License-Identifier: Apache-2.0
// How far connectors have come, committed with their records: a compacted topic of the service.
#pragma once

#include <map>
#include <string>

#include "engine/brokers/Broker.h"
#include "engine/runtime/Job.h"

namespace auspex::engine {

/// Named numbers and texts that describe a position.
using ConnectorPosition = std::map<std::string, std::string>;

/// Topic `_auspex-<service>-connectors`: key = connector, value = `name=value` lines.
class ConnectorPositions {
 public:
  ConnectorPositions(Broker& broker, const std::string& serviceId);

  /// The committed position of a connector; empty when there is none.
  ConnectorPosition read(const std::string& connector) const;
  /// Adds the position to the running transaction.
  void write(TransactionWriter& writer, const std::string& connector,
             const ConnectorPosition& position) const;

 private:
  Broker& broker_;
  std::string topic_;
};

}  // namespace auspex::engine
