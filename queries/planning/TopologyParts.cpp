// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/TopologyParts.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "operators/SourceOperator.h"

namespace auspex::queries {

std::optional<size_t> findStream(const DataSource& source, const Required& required,
                                 operators::SubTopology& part) {
  if (source.isTable()) {
    return std::nullopt;
  }
  for (size_t i = 0; i < part.nodes.size(); ++i) {
    const auto* const known =
        dynamic_cast<const operators::SourceDescription*>(part.nodes[i].description.get());
    if (known == nullptr || known->name != source.name) {
      continue;
    }
    auto widened = std::make_shared<operators::SourceDescription>(*known);
    for (size_t column = 0; column < required.size(); ++column) {
      widened->used[column] = widened->used[column] || required[column];
    }
    part.nodes[i].description = std::move(widened);
    return i;
  }
  return std::nullopt;
}

std::string uniqueTopic(const operators::Topology& topology, const std::string& name) {
  const auto isTaken = [&](const std::string& topic) {
    return std::any_of(topology.parts.begin(), topology.parts.end(), [&](const auto& part) {
      return std::any_of(part.sinks.begin(), part.sinks.end(),
                         [&](const operators::SinkTopic& sink) { return sink.topic == topic; });
    });
  };
  std::string unique = name;
  for (int number = 1; isTaken(unique); ++number) {
    unique = fmt::format("{}-{}", name, number);
  }
  return unique;
}

}  // namespace auspex::queries
