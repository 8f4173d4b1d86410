// SPDX-License-Identifier: Apache-2.0
// ALTER MODEL ... SET (...): how a model's servers are asked and what becomes of rows without a
// score, or where its registry is. Running queries are planned anew and go on where they were.
#include <fmt/format.h>

#include <algorithm>

#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"
#include "operators/models/registry/RegistryUri.h"
#include "operators/models/rpc/RemoteModel.h"
#include "queries/RemoteOptions.h"
#include "queries/StatementRun.h"

namespace auspex::queries {
namespace {

constexpr std::string_view kChangeableOfRegistry[] = {"REGISTRY", "FOLLOW"};

/// Refuses the first property that may not be changed, with those that may.
void requireChangeable(const std::string& model, const parser::SetModelOptions& set,
                       std::span<const std::string_view> changeable) {
  for (const parser::Property& property : set.properties) {
    const std::string name = operators::asciiUpper(property.name.name);
    if (std::find(changeable.begin(), changeable.end(), name) == changeable.end()) {
      throw StatementError(
          fmt::format("{} of model {} cannot be changed. SET changes {}; for all else add a "
                      "version, or CREATE OR REPLACE MODEL.",
                      name, model, fmt::join(changeable, ", ")),
          property.span);
    }
  }
}

}  // namespace

bool goesOnFrom(const operators::Topology& former, const operators::Topology& next) {
  const auto isSamePart = [](const auto& left, const auto& right) {
    return std::equal(left.sources.begin(), left.sources.end(), right.sources.begin(),
                      right.sources.end(),
                      [](const auto& a, const auto& b) { return a.topic == b.topic; }) &&
           std::equal(left.stores.begin(), left.stores.end(), right.stores.begin(),
                      right.stores.end(),
                      [](const auto& a, const auto& b) {
                        return a.name == b.name && a.fingerprint == b.fingerprint;
                      }) &&
           std::equal(left.sinks.begin(), left.sinks.end(), right.sinks.begin(), right.sinks.end(),
                      [](const auto& a, const auto& b) { return a.topic == b.topic; });
  };
  return std::equal(former.parts.begin(), former.parts.end(), next.parts.begin(), next.parts.end(),
                    isSamePart);
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::SetModelOptions& set) {
  const std::shared_ptr<const ModelDefinition> former = catalog().models.at(name.name);
  if (!former->remote) {
    return setRegistryOptions(name, set);
  }
  requireChangeable(name.name, set, changeableProperties());
  const Properties properties(set.properties, changeableProperties());
  auto definition = std::make_shared<ModelDefinition>(*former);
  definition->policies = readFailurePolicies(properties, former->policies, span());
  checkFallback(*definition, properties);
  readChangedOptions(properties, *definition->remote);
  definition->remote->waitsWhenUnavailable =
      definition->policies.onUnavailable == operators::FailurePolicy::Wait;
  const auto versions = retunedVersions(*definition, properties);
  catalog().models[name.name] = definition;
  try {
    const Topologies topologies = planForOptions(name.name);
    log();
    executor_.models_->replace(name.name, versions);
    startAgain(topologies);
    return {fmt::format("Changed model {}; {} quer{} on with it.", name.name, topologies.size(),
                        topologies.size() == 1 ? "y goes" : "ies go"),
            {},
            {}};
  } catch (const std::exception&) {
    catalog().models[name.name] = former;
    throw;
  }
}

std::vector<std::shared_ptr<const operators::ModelVersion>> StatementRun::retunedVersions(
    const ModelDefinition& definition, const Properties& properties) const {
  const auto models = executor_.models_->snapshot();
  std::vector<std::shared_ptr<const operators::ModelVersion>> versions;
  for (const auto& [number, version] : models->find(definition.name)->second->versions) {
    const auto* const remote = dynamic_cast<const operators::RemoteModel*>(version.get());
    AUSPEX_ASSERT(remote != nullptr);
    operators::RemoteModelOptions options = remote->options();
    readChangedOptions(properties, options);
    options.waitsWhenUnavailable = definition.remote->waitsWhenUnavailable;
    versions.push_back(std::make_shared<const operators::RemoteModel>(
        remote->info(), options, transportFor(options), remote->signature()));
    if (!definition.policies.fallback.empty()) {
      requireFallback(*versions.back(), *executor_.models_->find(definition.policies.fallback));
    }
  }
  return versions;
}

StatementRun::Topologies StatementRun::planForOptions(const std::string& model) {
  Topologies topologies;
  for (const std::string& id : catalog().scorersOf(
           [&](const operators::ModelReference& used) { return used.name == model; })) {
    const QueryDefinition& query = *catalog().queries.at(id);
    std::string reason;
    try {
      auto next = std::make_shared<const operators::Topology>(planAgain(query));
      if (goesOnFrom(*query.topology, *next)) {
        topologies[id] = std::move(next);
        continue;
      }
      reason = "it would need other state or topics";
    } catch (const StatementError& error) {
      reason = error.what();
    }
    throw StatementError(
        fmt::format("Query {} cannot go on with this: {}. Terminate it first.", id, reason),
        span());
  }
  return topologies;
}

void StatementRun::startAgain(const Topologies& topologies) {
  for (const auto& [id, topology] : topologies) {
    auto query = std::make_shared<QueryDefinition>(*catalog().queries[id]);
    query->topology = topology;
    if (!query->paused) {
      executor_.ports_.runner.startQuery(topology);
    }
    catalog().queries[id] = query;
  }
}

StatementResult StatementRun::setRegistryOptions(const parser::Identifier& name,
                                                 const parser::SetModelOptions& set) {
  auto definition = std::make_shared<ModelDefinition>(requireModel(name));
  if (!definition->registry) {
    throw StatementError(
        fmt::format("Model {} is of a file: SET changes models of servers, and of registries. ADD "
                    "VERSION, or CREATE OR REPLACE MODEL, gives it another file.",
                    name.name),
        name.span);
  }
  requireChangeable(name.name, set, kChangeableOfRegistry);
  const Properties properties(set.properties, kChangeableOfRegistry);
  RegistryLink& link = *definition->registry;
  if (const parser::Property* const url = properties.find("REGISTRY")) {
    try {
      link.url = operators::checkRegistryUrl(url->text);
    } catch (const operators::ModelError& error) {
      throw StatementError(fmt::format("{}.", error.what()), url->span);
    }
  }
  link.follows = properties.boolean("FOLLOW").value_or(link.follows);
  if (link.follows && link.alias.empty()) {
    throw StatementError(
        fmt::format("Model {} was made of one version, not of an alias that could be followed.",
                    name.name),
        properties.spanOf("FOLLOW", span()));
  }
  log();
  catalog().models[name.name] = definition;
  return {fmt::format("Changed model {}.", name.name), {}, {}};
}

}  // namespace auspex::queries
