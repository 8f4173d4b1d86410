// SPDX-License-Identifier: Apache-2.0
// The post-conditions of query-validation cases: what sources and topics must be there afterwards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/testing/JsonDifference.h"
#include "operators/Topology.h"
#include "queries/catalog/Catalog.h"

namespace auspex::engine {

/// What was there when a case had run.
struct QttWorld {
  const queries::Catalog& catalog;
  Broker& broker;
  const std::vector<std::shared_ptr<const operators::Topology>>& topologies;
  std::string serviceId;
};

/// The first condition that does not hold, expected and found, or nothing.
/// Source: dialect, QTT: post.
std::optional<std::string> failedPostCondition(const JsonTree& post, const QttWorld& world);

}  // namespace auspex::engine
