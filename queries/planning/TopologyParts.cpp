// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/TopologyParts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "operators/TableOperators.h"
#include "operators/data/RowCodec.h"

namespace auspex::queries {
namespace {

/// Part of the fingerprint of every store: how keys are written, which the types do not say.
constexpr uint64_t kKeyLayout = 2;

}  // namespace

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

std::shared_ptr<operators::SourceDescription> describeSource(const DataSource& source,
                                                             const Required& required,
                                                             size_t index) {
  auto description = std::make_shared<operators::SourceDescription>();
  description->source = static_cast<uint32_t>(index);
  description->name = source.name;
  description->isTable = source.isTable();
  description->schema = source.schema;
  description->keyFormat = source.keyFormat;
  description->valueFormat = source.valueFormat;
  description->keyOptions = source.keyOptions;
  description->valueOptions = source.valueOptions;
  description->used = required;
  description->timestamp = source.timestamp;
  description->window = source.window;
  if (source.timestamp) {
    description->used[source.timestamp->index] = true;
  }
  return description;
}

std::shared_ptr<operators::PredictDescription> describePredict(const PredictPlan& step,
                                                               bool isTable) {
  auto description = std::make_shared<operators::PredictDescription>();
  description->model = step.model.reference;
  description->deployment = step.deployment;
  description->version = step.version;
  description->arguments = step.arguments;
  description->splitKey = step.splitKey;
  description->topFeatures = step.topFeatures.value_or(0);
  description->isTable = isTable;
  description->policies = step.policies;
  return description;
}

bool actsOnDraws(const operators::SubTopology& part) {
  // Other sinks end their part. A shadow that is asked for later is written when the draw is done.
  const auto writesShadows = [](const operators::TopologyNode& node) {
    const auto* const predict =
        dynamic_cast<const operators::PredictDescription*>(node.description.get());
    return predict != nullptr && !predict->answersLater() && !predict->shadowTopic.empty();
  };
  return !part.stores.empty() || std::any_of(part.nodes.begin(), part.nodes.end(), writesShadows);
}

bool addModel(const operators::ModelUse& model, operators::SubTopology& part) {
  const bool isKnown = std::any_of(part.models.begin(), part.models.end(), [&](const auto& use) {
    return use.reference == model.reference;
  });
  if (!isKnown) {
    part.models.push_back(model);
  }
  return !isKnown;
}

bool isBareName(const std::string& reference) {
  return reference == operators::parseModelReference(reference).name;
}

std::string addStore(operators::SubTopology& part, const std::string& operation,
                     const std::vector<operators::SqlType>& types) {
  const auto same = std::count_if(part.stores.begin(), part.stores.end(), [&](const auto& store) {
    return store.name.starts_with(operation);
  });
  std::string name = same == 0 ? operation : fmt::format("{}-{}", operation, same);
  part.stores.push_back({name, operators::RowCodec(types).fingerprint() ^ kKeyLayout});
  return name;
}

std::string addStore(operators::SubTopology& part, const std::string& operation,
                     const std::vector<size_t>& keys, const std::vector<size_t>& kept,
                     const std::vector<operators::SqlType>& types) {
  std::vector<operators::SqlType> all = operators::keptTypes(keys, types);
  const std::vector<operators::SqlType> values = operators::keptTypes(kept, types);
  all.insert(all.end(), values.begin(), values.end());
  return addStore(part, operation, all);
}

std::string addStore(operators::SubTopology& part, const std::string& operation,
                     const operators::JoinSide& side) {
  std::vector<size_t> keys = {side.key};
  keys.insert(keys.end(), side.equal.begin(), side.equal.end());
  return addStore(part, operation, keys, side.keptColumns, side.types);
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
