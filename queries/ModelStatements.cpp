// SPDX-License-Identifier: Apache-2.0
// CREATE and DROP of models, and how a file becomes a version.
#include <fmt/format.h>

#include "operators/data/Ascii.h"
#include "operators/data/Checksum.h"
#include "operators/models/ModelContract.h"
#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"
#include "queries/RemoteOptions.h"
#include "queries/StatementRun.h"

namespace auspex::queries {
namespace {

constexpr std::string_view kModelProperties[] = {"URI",     "DEPLOYMENT",     "FORMAT",
                                                 "MISSING", "BEST_ITERATION", "ITERATIONS",
                                                 "CLASSES", "REGISTRY",       "FOLLOW"};

bool isDeployed(const std::string& text, std::string_view deployment) {
  return operators::equalsIgnoringCase(text, deployment);
}

/// EMBEDDED, RPC or KAFKA, in upper case.
std::string deploymentOf(const parser::CreateModel& create) {
  for (const parser::Property& property : create.properties) {
    if (!operators::equalsIgnoringCase(property.name.name, "DEPLOYMENT") ||
        isDeployed(property.text, "EMBEDDED")) {
      continue;
    }
    if (isDeployed(property.text, "RPC")) {
      return "RPC";
    }
    if (isDeployed(property.text, "KAFKA") || isDeployed(property.text, "TOPIC")) {
      return "KAFKA";
    }
    throw StatementError(fmt::format("DEPLOYMENT='{}' is not supported; EMBEDDED, RPC and KAFKA "
                                     "are.",
                                     property.text),
                         property.span);
  }
  return "EMBEDDED";
}

}  // namespace

StatementResult StatementRun::handle(const parser::CreateModel& create) {
  const std::string& name = create.name.name;
  const ModelDefinition* const former = catalog().findModel(name);
  if (former != nullptr && !create.orReplace) {
    if (create.ifNotExists) {
      return {fmt::format("Model {} already exists.", name), {}, {}};
    }
    throw StatementError(
        fmt::format("Model {} already exists. CREATE OR REPLACE MODEL adds a version.", name),
        create.name.span);
  }
  const std::string deployment = deploymentOf(create);
  if (former != nullptr && former->deployment != deployment) {
    throw StatementError(
        fmt::format("Model {} is {}; its versions cannot be {}. Another deployment "
                    "is another model.",
                    name, former->deployment, deployment),
        create.name.span);
  }
  const bool isRemote = deployment != "EMBEDDED";
  const bool isThroughTopics = deployment == "KAFKA";
  const std::span<const std::string_view> allowed =
      isThroughTopics ? topicModelProperties()
                      : (isRemote ? remoteModelProperties() : std::span(kModelProperties));
  const Properties properties(create.properties, allowed);
  ModelDefinition definition = isRemote ? bindRemoteModel(create, properties, isThroughTopics)
                                        : bindModel(create, properties);
  if (former != nullptr) {
    definition.versions = former->versions;
    definition.splitKey = former->splitKey;
  }
  if (isRemote) {
    return addRemoteVersion(definition, *definition.remote, properties, nextVersion(name), true);
  }
  const auto version = addVersion(definition, properties, bindLoadOptions(definition, properties),
                                  std::nullopt, true);
  const operators::ModelInfo& info = version->info();
  return {
      fmt::format("Created model {} version {}: {}, {}, {} trees, {} features.", name, info.version,
                  info.format, info.objective, info.numTrees, info.features.size()),
      {},
      {}};
}

std::shared_ptr<const operators::ModelVersion> StatementRun::addVersion(
    ModelDefinition& definition, const Properties& properties, operators::LoadOptions options,
    std::optional<uint32_t> given, bool makeDefault) {
  const Artefact artefact = readArtefact(definition, properties);
  if (artefact.link) {
    options.version = artefact.registered.number;
    if (given.value_or(options.version) != options.version) {
      throw StatementError(
          fmt::format("Versions of a registry keep its numbers: this one is {}, not {}.",
                      options.version, *given),
          properties.spanOf("URI", span()));
    }
  }
  const auto version = loadVersion(definition, artefact.bytes, options, properties);
  const std::string uri = *properties.text("URI");
  checkReplayedModel(*version, uri, properties);
  const operators::ModelInfo& info = version->info();
  const auto known =
      artefact.link ? knownVersion(*version, properties.spanOf("URI", span())) : nullptr;
  const auto change = [&](operators::ModelRegistry& models) {
    if (!known) {
      models.add(version, makeDefault);
    } else if (makeDefault) {
      models.setAlias(definition.name, operators::kDefaultAlias, info.version);
    }
  };
  try {
    operators::ModelRegistry trial;
    trial.copyFrom(*executor_.models_);
    change(trial);
    operators::warmUp(*version);
  } catch (const operators::ModelError& error) {
    throw StatementError(fmt::format("'{}' cannot become version {} of model {}: {}.", uri,
                                     info.version, definition.name, error.what()),
                         properties.spanOf("URI", span()));
  }
  int64_t createdAt = executor_.settings_.now();
  if (replayed_ != nullptr && replayed_->details.contains("created")) {
    createdAt = std::stoll(replayed_->details.at("created"));
  }
  // Kept before it is logged: what the log names can be had.
  if (!artefact.isKept) {
    executor_.ports_.artefacts.keep(info.checksum, artefact.bytes);
  }
  std::map<std::string, std::string> details{{"checksum", info.checksum},
                                             {"base", basePath()},
                                             {"version", std::to_string(info.version)},
                                             {"size", std::to_string(info.sizeBytes)},
                                             {"created", std::to_string(createdAt)}};
  if (artefact.link) {
    details["registry"] = artefact.link->url;
    details["run"] = artefact.registered.runId;
  }
  log("", std::move(details));
  if (!known) {
    definition.versions[info.version] = {provenanceOf(artefact, uri), createdAt, statement_.text};
  }
  change(*executor_.models_);
  if (makeDefault) {
    definition.registry = artefact.link;
  }
  catalog().models[definition.name] = std::make_shared<const ModelDefinition>(definition);
  return version;
}

/// The engine's own copy when the statement ran before, else the file.
StatementRun::Artefact StatementRun::readArtefact(const ModelDefinition& definition,
                                                  const Properties& properties) const {
  if (operators::isRegistryUri(properties.text("URI").value_or(""))) {
    return readRegistered(definition, properties);
  }
  if (const auto* const property = properties.find("REGISTRY")) {
    throw StatementError("REGISTRY is for a URI of a registry, such as 'mlflow://fraud@champion'.",
                         property->span);
  }
  if (replayed_ != nullptr) {
    const auto checksum = replayed_->details.find("checksum");
    if (checksum != replayed_->details.end()) {
      if (auto bytes = executor_.ports_.artefacts.find(checksum->second)) {
        return {std::move(*bytes), true};
      }
    }
  }
  const std::string uri = properties.text("URI").value_or("");
  try {
    return {operators::readModelFile((std::filesystem::path(basePath()) / uri).string())};
  } catch (const operators::ModelError& error) {
    throw StatementError(
        fmt::format("Model {} was not loaded from '{}': {}", definition.name, uri, error.what()),
        properties.spanOf("URI", span()));
  }
}

std::shared_ptr<const operators::ModelVersion> StatementRun::loadVersion(
    const ModelDefinition& definition, const std::string& bytes,
    const operators::LoadOptions& options, const Properties& properties) const {
  const auto format = properties.text("FORMAT");
  if (format && *format != "XGBOOST" && *format != "LIGHTGBM") {
    throw StatementError(
        fmt::format("FORMAT='{}' is not supported; XGBOOST and LIGHTGBM are.", *format),
        properties.spanOf("FORMAT", span()));
  }
  std::shared_ptr<const operators::ModelVersion> version;
  try {
    version = operators::loadModelBytes(bytes, options);
  } catch (const std::runtime_error& error) {
    throw StatementError(fmt::format("Model {} was not loaded from '{}': {}", definition.name,
                                     properties.text("URI").value_or(""), error.what()),
                         properties.spanOf("URI", span()));
  }
  if (format && (*format == "LIGHTGBM") != version->info().format.starts_with("LightGBM")) {
    throw StatementError(fmt::format("FORMAT='{}', but the file of model {} is {}.", *format,
                                     definition.name, version->info().format),
                         properties.spanOf("FORMAT", span()));
  }
  const size_t numClasses = version->outputsPerRow(operators::OutputForm::Probability);
  if (!definition.classes.empty() && definition.classes.size() != numClasses) {
    throw StatementError(
        fmt::format("CLASSES names {} classes, but model {} gives probabilities of {}.",
                    definition.classes.size(), definition.name, numClasses),
        properties.spanOf("CLASSES", span()));
  }
  return version;
}

void StatementRun::checkReplayedModel(const operators::ModelVersion& version,
                                      const std::string& uri, const Properties& properties) const {
  if (replayed_ == nullptr) {
    return;
  }
  const auto known = replayed_->details.find("checksum");
  if (known != replayed_->details.end() && known->second != version.info().checksum) {
    throw StatementError(
        fmt::format("Version {} of model {} is not to be had: the engine's own copy is gone, and "
                    "the file '{}' has changed since: checksum {} was {}. Give the file its old "
                    "content back, or start anew (--fresh).",
                    version.info().version, version.info().name, uri, version.info().checksum,
                    known->second),
        properties.spanOf("URI", span()));
  }
}

const ModelDefinition& StatementRun::requireModel(const parser::Identifier& name) const {
  const ModelDefinition* const model = executor_.catalog_.findModel(name.name);
  if (model == nullptr) {
    failUnknown("Model", name, namesOf(executor_.catalog_.models));
  }
  return *model;
}

void StatementRun::requireUnused(const std::vector<std::string>& queryIds, const std::string& what,
                                 const parser::Span& place) const {
  if (queryIds.empty()) {
    return;
  }
  throw StatementError(fmt::format("{} is used by quer{} {}. Terminate {} first.", what,
                                   queryIds.size() == 1 ? "y" : "ies", fmt::join(queryIds, ", "),
                                   queryIds.size() == 1 ? "it" : "them"),
                       place);
}

StatementResult StatementRun::handle(const parser::DropModel& drop) {
  const std::string& name = drop.name.name;
  if (catalog().findModel(name) == nullptr) {
    if (drop.ifExists) {
      return {fmt::format("Model {} does not exist.", name), {}, {}};
    }
    failUnknown("Model", drop.name, namesOf(catalog().models));
  }
  requireUnused(catalog().scorersOf([&](const auto& used) { return used.name == name; }),
                fmt::format("Model {}", name), drop.name.span);
  logDrop("MODEL " + name);
  executor_.models_->drop(name);
  catalog().models.erase(name);
  return {fmt::format("Dropped model {}.", name), {}, {}};
}

}  // namespace auspex::queries
