// SPDX-License-Identifier: Apache-2.0
// SHOW and DESCRIBE of models and their versions.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "operators/models/rpc/RemoteHealth.h"
#include "queries/RemoteOptions.h"
#include "queries/StatementRun.h"

namespace auspex::queries {
namespace {

const char* kindOf(const operators::FeatureInfo& feature) {
  if (feature.kind == operators::FeatureKind::Categorical) {
    return "categorical";
  }
  return feature.declaredAsString.value_or(false) ? "text" : "numeric";
}

const char* textOf(operators::OutputKind kind) {
  switch (kind) {
    case operators::OutputKind::Probability:
      return "a probability";
    case operators::OutputKind::ClassLabel:
      return "a class";
    case operators::OutputKind::Value:
      break;
  }
  return "a value";
}

std::string timeText(int64_t milliseconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(milliseconds / 1000)));
}

/// "90%": hundredths of a percent.
std::string percentText(uint32_t buckets) {
  return fmt::format("{:g}%", buckets / 100.0);
}

/// What a version is to the model: its aliases, its shares of the split, the shadow.
std::string rolesOf(const operators::Model& model, uint32_t version) {
  std::vector<std::string> roles;
  for (const auto& [alias, target] : model.aliases) {
    if (target == version) {
      roles.push_back(alias);
    }
  }
  for (size_t i = 0; model.split && i < model.split->shares.size(); ++i) {
    const operators::ModelSplit::Share& share = model.split->shares[i];
    if (model.resolve(share.target) == version) {
      roles.push_back("split " + percentText(share.numBuckets));
    }
  }
  if (model.shadow && model.resolve(model.shadow->target) == version) {
    roles.push_back("shadow " + percentText(model.shadow->sampledBuckets));
  }
  return fmt::format("{}", fmt::join(roles, ", "));
}

std::string aliasesOf(const operators::Model& model) {
  std::vector<std::string> aliases;
  for (const auto& [alias, version] : model.aliases) {
    aliases.push_back(fmt::format("{} = {}", alias, version));
  }
  return fmt::format("{}", fmt::join(aliases, ", "));
}

/// Lines about the rollout, those that say something.
std::string rolloutOf(const operators::Model& model) {
  std::string text;
  if (model.split) {
    std::vector<std::string> shares;
    for (const operators::ModelSplit::Share& share : model.split->shares) {
      shares.push_back(share.target.toString() + " " + percentText(share.numBuckets));
    }
    text += fmt::format("\nSplit      : {} by {}", fmt::join(shares, ", "), model.split->key);
    if (!model.split->salt.empty()) {
      text += fmt::format(" salt '{}'", model.split->salt);
    }
  }
  if (model.shadow) {
    text += fmt::format("\nShadow     : {}, {} of the rows", model.shadow->target.toString(),
                        percentText(model.shadow->sampledBuckets));
  }
  return text;
}

std::string_view textOf(operators::CircuitBreaker::State state) {
  switch (state) {
    case operators::CircuitBreaker::State::Closed:
      return "closed";
    case operators::CircuitBreaker::State::Open:
      return "open";
    case operators::CircuitBreaker::State::HalfOpen:
      break;
  }
  return "half open";
}

std::string quantilesOf(const operators::LatencyQuantiles& latency) {
  constexpr double kMicroseconds = 1000;
  return fmt::format("{:.1f} / {:.1f} / {:.1f} ms",
                     static_cast<double>(latency.median.count()) / kMicroseconds,
                     static_cast<double>(latency.p99.count()) / kMicroseconds,
                     static_cast<double>(latency.largest.count()) / kMicroseconds);
}

/// How the server of a version fares in this process.
std::string healthOf(const operators::RemoteModel& model) {
  const operators::RemoteCounters counters = model.health().snapshot();
  std::string text = fmt::format(
      "\n  Requests : {} sent ({} again), {} in flight, {} failed, {} timed out, {} halved"
      "\n  Rows     : {} scored, {} refused, {} unavailable, {} wait"
      "\n  Latency  : median / 99% / largest: {} before the request, {} for its answer"
      "\n  Breaker  : {}, opened {} times",
      counters.requests, counters.retries, counters.requestsInFlight, counters.failures,
      counters.timeouts, counters.halvings, counters.rowsScored, counters.rowsRefused,
      counters.rowsUnavailable, counters.rowsWaiting, quantilesOf(counters.queue),
      quantilesOf(counters.wire), textOf(counters.breaker), counters.breakerOpened);
  if (!counters.lastFailure.empty()) {
    text += "\n  Last failure: " + counters.lastFailure;
  }
  return text;
}

/// The same of a version that is asked in the shadow; empty of those of files.
std::string shadowHealthOf(const operators::ModelVersion& version) {
  const auto* const remote = dynamic_cast<const operators::RemoteModel*>(&version);
  return remote == nullptr ? "" : "\n  In the shadow:" + healthOf(*remote->shadow());
}

/// The lines about a model that are those of a server's, or of a file's.
std::string describeVersion(const ModelDefinition& definition, const operators::ModelInfo& info) {
  if (!definition.remote) {
    return fmt::format(
        "URI        : {}\nFormat     : {}\nObjective  : {} (PREDICT gives {})\nOutputs    : {}\n"
        "Trees      : {} of depth {}\nSize       : {} bytes\nChecksum   : {}",
        definition.versions.at(info.version).uri, info.format, info.objective,
        textOf(info.outputKind), info.numOutputs, info.numTrees, info.maxDepth, info.sizeBytes,
        info.checksum);
  }
  const operators::RemoteModelOptions& options = *definition.remote;
  const operators::FailurePolicies& policies = definition.policies;
  return fmt::format(
      "Server     : {}\nOutputs    : {}\n"
      "Requests   : up to {} rows each, filled for {} ms, {} at a time per task, timeout {} ms\n"
      "Retries    : {}, after {} ms and longer; left alone for {} ms when {} of the requests fail\n"
      "On error   : {}\nUnavailable: {}{}",
      definition.versions.at(info.version).uri, info.numOutputs, options.batchMaxRows,
      options.batchLinger.count(), options.maxInFlight, options.timeout.count(), options.retries,
      options.backoff.count(), options.breakerPause.count(), options.breakerFailures,
      nameOf(policies.onError), nameOf(policies.onUnavailable),
      policies.fallback.empty() ? "" : "\nFallback   : " + policies.fallback);
}

/// Where versions come from, and how following it goes.
std::string registryOf(const RegistryLink& link, const std::string& state) {
  std::string text = fmt::format("\nRegistry   : {} at {}", link.model, link.url);
  if (link.follows) {
    text += fmt::format("; follows alias {}, which led to version {}", link.alias, link.followed);
    text += state.empty() ? "" : "\nFollowing  : " + state;
  }
  return text;
}

TextTable listFeatures(const operators::ModelInfo& info) {
  TextTable features{{"Feature", "Kind", "Categories"}, {}};
  for (const operators::FeatureInfo& feature : info.features) {
    std::string categories;
    for (const std::string& category : feature.categories) {
      if (categories.size() > 60) {
        categories += ", ...";
        break;
      }
      categories += (categories.empty() ? "" : ", ") + category;
    }
    features.rows.push_back({feature.name, kindOf(feature), categories});
  }
  return features;
}

}  // namespace

TextTable StatementRun::listModels() const {
  TextTable table{{"Model", "Version", "Deployment", "Objective", "Features", "Trees", "URI"}, {}};
  for (const auto& [name, model] : executor_.catalog_.models) {
    const operators::ModelInfo& info = executor_.models_->find(name)->info();
    table.rows.push_back({name, std::to_string(info.version), model->deployment, info.objective,
                          std::to_string(info.features.size()), std::to_string(info.numTrees),
                          model->versions.at(info.version).uri});
  }
  return table;
}

StatementResult StatementRun::handle(const parser::ShowModelVersions& show) {
  const ModelDefinition& definition = requireModel(show.name);
  const auto models = executor_.models_->snapshot();
  const operators::Model& model = *models->find(show.name.name)->second;
  StatementResult result;
  result.table = TextTable{
      {"Version", "Roles", "Objective", "Trees", "Bytes", "Checksum", "Added", "URI"}, {}};
  for (const auto& [number, version] : model.versions) {
    const operators::ModelInfo& info = version->info();
    const ModelProvenance& provenance = definition.versions.at(number);
    result.table->rows.push_back({std::to_string(number), rolesOf(model, number), info.objective,
                                  std::to_string(info.numTrees), std::to_string(info.sizeBytes),
                                  info.checksum, timeText(provenance.createdAt), provenance.uri});
  }
  return result;
}

std::string StatementRun::describeServers(const operators::Topology& topology) const {
  std::string text;
  for (const operators::SubTopology& part : topology.parts) {
    for (const operators::ModelUse& use : part.models) {
      const auto served = use.serve();
      for (const auto& version : served->versions) {
        const auto* const remote = dynamic_cast<const operators::RemoteModel*>(version.get());
        if (remote != nullptr) {
          text += fmt::format("\nModel {} version {}: {}{}", use.reference, version->info().version,
                              describeRemote(remote->options()), healthOf(*remote));
        }
      }
      if (served->shadow) {
        const std::string health = shadowHealthOf(*served->shadow);
        text += health.empty() ? ""
                               : fmt::format("\nModel {} version {}:{}", use.reference,
                                             served->route.shadow->version, health);
      }
    }
  }
  return text;
}

StatementResult StatementRun::handle(const parser::ShowCreateModel& show) {
  return {requireModel(show.name).sql + ";", {}, {}};
}

StatementResult StatementRun::describeModel(const parser::Identifier& name, bool extended) const {
  const ModelDefinition& definition = requireModel(name);
  const auto models = executor_.models_->snapshot();
  const operators::Model& model = *models->find(name.name)->second;
  const operators::ModelInfo& info = executor_.models_->find(name.name)->info();
  StatementResult result;
  result.message =
      fmt::format("Name       : {}\nVersion    : {}\nDeployment : {}\n{}\nAliases    : {}{}",
                  definition.name, info.version, definition.deployment,
                  describeVersion(definition, info), aliasesOf(model), rolloutOf(model));
  if (definition.registry) {
    const auto state = executor_.registryStates_.find(name.name);
    result.message +=
        registryOf(*definition.registry,
                   state == executor_.registryStates_.end() ? std::string() : state->second);
  }
  if (extended) {
    const auto users = executor_.catalog_.scorersOf(
        [&](const operators::ModelReference& used) { return used.name == name.name; });
    result.message += fmt::format("\nUsed by    : {}", fmt::join(users, ", "));
    for (const auto& [number, provenance] : definition.versions) {
      result.message += fmt::format("\nVersion {:<3}: added {} by {}", number,
                                    timeText(provenance.createdAt), provenance.sql);
      const auto* const remote =
          dynamic_cast<const operators::RemoteModel*>(model.versions.at(number).get());
      result.message += remote == nullptr ? "" : healthOf(*remote);
      if (model.shadow && model.resolve(model.shadow->target) == number) {
        result.message += shadowHealthOf(*model.versions.at(number));
      }
    }
  }
  result.table = listFeatures(info);
  return result;
}

}  // namespace auspex::queries
