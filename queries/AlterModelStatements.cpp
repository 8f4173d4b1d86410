// SPDX-License-Identifier: Apache-2.0
// ALTER MODEL: versions, aliases, splits and shadows. Running queries hear of them by the registry
// and change over between two commits.
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "operators/data/Ascii.h"
#include "parser/ast/Printer.h"
#include "queries/RemoteOptions.h"
#include "queries/StatementRun.h"

namespace auspex::queries {
namespace {

constexpr std::string_view kVersionProperties[] = {
    "URI", "FORMAT", "MISSING", "BEST_ITERATION", "ITERATIONS", "REGISTRY"};

uint32_t versionNumber(int64_t number, const parser::Span& place) {
  if (number < 1 || number > std::numeric_limits<int32_t>::max()) {
    throw StatementError(fmt::format("{} is no version: they count from 1.", number), place);
  }
  return static_cast<uint32_t>(number);
}

std::string aliasName(const parser::Identifier& alias) {
  return operators::asciiLower(alias.name);
}

/// A share in percent as hundredths of one.
uint32_t bucketsOf(double percent, const parser::Span& place) {
  const double buckets = percent * 100;
  if (!(percent >= 0 && percent <= 100) || std::abs(buckets - std::round(buckets)) > 1e-6) {
    throw StatementError(
        fmt::format("{} is no share: it must be from 0 to 100 percent, with two digits behind the "
                    "point at most.",
                    percent),
        place);
  }
  return static_cast<uint32_t>(std::lround(buckets));
}

bool splitsBy(const operators::Topology& topology, const std::string& model,
              const std::string& key) {
  for (const operators::SubTopology& part : topology.parts) {
    for (const operators::ModelUse& use : part.models) {
      if (use.reference == model && use.splitKey != key) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

StatementResult StatementRun::handle(const parser::AlterModel& alter) {
  requireModel(alter.name);
  return std::visit([&](const auto& action) { return alterModel(alter.name, action); },
                    alter.action);
}

operators::VersionTarget StatementRun::targetOf(const parser::ModelTarget& target) const {
  if (target.version) {
    return {versionNumber(*target.version, target.span), ""};
  }
  return {std::nullopt, aliasName(target.alias)};
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::AddModelVersion& add) {
  if (requireModel(name).remote) {
    return addRemoteVersion(name, add);
  }
  const Properties properties(add.properties, kVersionProperties);
  if (!properties.text("URI")) {
    throw StatementError("A version needs WITH (URI='path').", name.span);
  }
  ModelDefinition definition = requireModel(name);
  operators::LoadOptions options = bindLoadOptions(definition, properties);
  if (add.version) {
    options.version = versionNumber(*add.version, span());
  }
  const std::optional<uint32_t> given = add.version ? std::optional(options.version) : std::nullopt;
  const auto version = addVersion(definition, properties, options, given, false);
  return {fmt::format("Added version {0} to model {1}: {2}, {3} trees. ALTER MODEL {1} SET ALIAS "
                      "default = {0} makes it serve.",
                      version->info().version, name.name, version->info().format,
                      version->info().numTrees),
          {},
          {}};
}

StatementResult StatementRun::addRemoteVersion(const parser::Identifier& name,
                                               const parser::AddModelVersion& add) {
  ModelDefinition definition = requireModel(name);
  const bool isThroughTopics = operators::isThroughTopics(definition.remote->protocol);
  const Properties properties(
      add.properties, isThroughTopics ? topicVersionProperties() : remoteVersionProperties());
  const uint32_t number =
      add.version ? versionNumber(*add.version, span()) : nextVersion(definition.name);
  const operators::RemoteModelOptions options =
      isThroughTopics ? readTopicOptions(properties, *definition.remote, span())
                      : readRemoteOptions(properties, *definition.remote, span());
  return addRemoteVersion(definition, options, properties, number, false);
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::DropModelVersion& drop) {
  const uint32_t number = versionNumber(drop.version, span());
  requireUnused(catalog().scorersOf([&](const operators::ModelReference& used) {
    return used.name == name.name && used.version == number;
  }),
                fmt::format("Version {} of model {}", number, name.name), span());
  changeModels([&](operators::ModelRegistry& models) { models.dropVersion(name.name, number); });
  auto definition = std::make_shared<ModelDefinition>(requireModel(name));
  definition->versions.erase(number);
  catalog().models[name.name] = definition;
  return {fmt::format("Dropped version {} of model {}.", number, name.name), {}, {}};
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::SetModelAlias& set) {
  if (replayed_ != nullptr && replayed_->details.contains("followed")) {
    return follow(name, versionNumber(*set.target.version, set.target.span));
  }
  const std::string alias = aliasName(set.alias);
  const operators::VersionTarget target = targetOf(set.target);
  uint32_t version = 0;
  changeModels([&](operators::ModelRegistry& models) {
    version = models.snapshot()->find(name.name)->second->resolve(target);
    models.setAlias(name.name, alias, version);
  });
  return {
      fmt::format("Alias {} of model {} is version {} now.", alias, name.name, version), {}, {}};
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::DropModelAlias& drop) {
  const std::string alias = aliasName(drop.alias);
  requireUnused(catalog().scorersOf([&](const operators::ModelReference& used) {
    return used.name == name.name && used.alias == alias && !used.version;
  }),
                fmt::format("Alias {} of model {}", alias, name.name), drop.alias.span);
  changeModels([&](operators::ModelRegistry& models) { models.dropAlias(name.name, alias); });
  return {fmt::format("Dropped alias {} of model {}.", alias, name.name), {}, {}};
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::RollbackModel&) {
  operators::ModelRegistry trial;
  trial.copyFrom(*executor_.models_);
  const uint32_t now = trial.find(name.name)->info().version;
  if (replayed_ != nullptr && replayed_->details.contains("version") &&
      replayed_->details.at("version") == std::to_string(now)) {
    return {};  // logged twice, since the first answer of the log was lost
  }
  const uint32_t version = trial.rollBack(name.name);
  log("", {{"version", std::to_string(version)}});
  executor_.models_->rollBack(name.name);
  return {
      fmt::format("Alias default of model {} is version {} again.", name.name, version), {}, {}};
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::SplitModel& split) {
  operators::ModelSplit next;
  uint32_t numBuckets = 0;
  std::set<std::string> seen;
  for (const parser::SplitShare& share : split.shares) {
    next.shares.push_back({targetOf(share.target), bucketsOf(share.percent, share.target.span)});
    numBuckets += next.shares.back().numBuckets;
    if (!seen.insert(next.shares.back().target.toString()).second) {
      throw StatementError(fmt::format("{} has two shares.", next.shares.back().target.toString()),
                           share.target.span);
    }
  }
  if (next.shares.size() < 2 || numBuckets != operators::kNumBuckets) {
    throw StatementError(fmt::format("A split needs at least two shares that make 100 percent; "
                                     "these are {} and make {}.",
                                     next.shares.size(), numBuckets / 100.0),
                         split.shares[0].target.span);
  }
  next.key = parser::print(*split.key);
  next.salt = split.salt.value_or("");
  const auto former = catalog().models[name.name];
  auto definition = std::make_shared<ModelDefinition>(*former);
  definition->splitKey = split.key;
  catalog().models[name.name] = definition;
  try {
    const auto topologies = planForSplit(name.name, next.key);
    // A query that is to split must know the key before it hears of it.
    operators::ModelRegistry trial;
    trial.copyFrom(*executor_.models_);
    trial.setSplit(name.name, next);
    log();
    startAgain(topologies);
    executor_.models_->setSplit(name.name, next);
  } catch (const std::exception&) {
    catalog().models[name.name] = former;
    throw;
  }
  return {fmt::format("Model {} is split by {}.", name.name, next.key), {}, {}};
}

StatementRun::Topologies StatementRun::planForSplit(const std::string& model,
                                                    const std::string& key) {
  Topologies topologies;
  for (const auto& [id, query] : catalog().queries) {
    if (splitsBy(*query->topology, model, key)) {
      continue;
    }
    try {
      auto next = std::make_shared<const operators::Topology>(planAgain(*query));
      // What lies in a repartition topic cannot be planned anew.
      if (next->parts.size() > 1 || !goesOnFrom(*query->topology, *next)) {
        throw StatementError("its state, or its repartitioned rows, do not have it", span());
      }
      topologies[id] = std::move(next);
    } catch (const StatementError& error) {
      throw StatementError(
          fmt::format("Query {} cannot be split by {}: {}. Create it anew after the split.", id,
                      key, error.what()),
          span());
    }
  }
  return topologies;
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::DropModelSplit&) {
  // Running queries keep the key: what they scored by the split may be repeated.
  changeModels([&](operators::ModelRegistry& models) { models.setSplit(name.name, std::nullopt); });
  auto definition = std::make_shared<ModelDefinition>(requireModel(name));
  definition->splitKey = nullptr;
  catalog().models[name.name] = definition;
  return {fmt::format("Model {} is not split any more.", name.name), {}, {}};
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::ShadowModel& shadow) {
  const double sample = shadow.sample.value_or(1);
  if (!(sample > 0 && sample <= 1)) {
    throw StatementError(fmt::format("SAMPLE {} is no share of the rows: it must be above 0, and 1 "
                                     "at most.",
                                     sample),
                         shadow.target.span);
  }
  const auto buckets = static_cast<uint32_t>(std::lround(sample * operators::kNumBuckets));
  const operators::ModelShadow next{targetOf(shadow.target), std::max(buckets, 1U)};
  operators::ModelRegistry trial;
  trial.copyFrom(*executor_.models_);
  trial.setShadow(name.name, next);
  for (const std::string& id : catalog().scorersOf(
           [&](const operators::ModelReference& used) { return used.toString() == name.name; })) {
    ensureTopicOfShadows(id);
  }
  changeModels([&](operators::ModelRegistry& models) { models.setShadow(name.name, next); });
  return {fmt::format("{} of model {} is scored in the shadow.", next.target.toString(), name.name),
          {},
          {}};
}

StatementResult StatementRun::alterModel(const parser::Identifier& name,
                                         const parser::DropModelShadow&) {
  changeModels(
      [&](operators::ModelRegistry& models) { models.setShadow(name.name, std::nullopt); });
  return {fmt::format("Model {} has no shadow any more.", name.name), {}, {}};
}

void StatementRun::ensureTopicOfShadows(const std::string& queryId) {
  TopicAdmin& topics = executor_.ports_.topics;
  if (!topics.numPartitions(shadowTopicOf(queryId))) {
    topics.create({shadowTopicOf(queryId), 1, -1, {{"retention.ms", "-1"}}});
  }
}

void StatementRun::ensureShadowTopic(const operators::Topology& topology) {
  for (const operators::SubTopology& part : topology.parts) {
    for (const operators::ModelUse& use : part.models) {
      if (use.serve()->route.shadow) {
        ensureTopicOfShadows(topology.queryId);
      }
    }
  }
}

std::string shadowTopicOf(const std::string& queryId) {
  return queryId + "-shadows";
}

}  // namespace auspex::queries
