// SPDX-License-Identifier: Apache-2.0
// How a model of a server becomes a version: what the server tells of it is held against the
// statement once, and kept with the statement, so that a start needs no server.
#include <fmt/format.h>

#include "operators/data/Ascii.h"
#include "operators/formats/json/JsonText.h"
#include "operators/formats/json/JsonTree.h"
#include "operators/models/FeatureBinding.h"
#include "operators/models/ModelContract.h"
#include "operators/models/ModelError.h"
#include "queries/RemoteOptions.h"
#include "queries/StatementRun.h"
#include "queries/planning/TypeBinder.h"

namespace auspex::queries {
namespace {

using operators::FeatureInfo;

/// Features for the log: [{"name":"amount"},{"name":"country","isText":true}].
std::string featuresToText(const std::vector<FeatureInfo>& features) {
  std::string text = "[";
  for (const FeatureInfo& feature : features) {
    text += text.size() == 1 ? "{\"name\":" : ",{\"name\":";
    operators::appendJsonString(text, feature.name);
    if (feature.declaredAsString.has_value()) {
      text += *feature.declaredAsString ? ",\"isText\":true" : ",\"isText\":false";
    }
    text += "}";
  }
  return text + "]";
}

std::vector<FeatureInfo> featuresFromText(const std::string& text) {
  std::vector<FeatureInfo> features;
  const auto tree = operators::JsonTree::parse(text);
  for (const operators::JsonTree& member :
       tree ? tree->elements : std::vector<operators::JsonTree>()) {
    FeatureInfo feature;
    const operators::JsonTree* const name = member.find("name");
    feature.name = name == nullptr ? "" : name->text;
    if (const operators::JsonTree* const isText = member.find("isText")) {
      feature.declaredAsString = isText->toText() == "true";
    }
    features.push_back(std::move(feature));
  }
  return features;
}

}  // namespace

ModelDefinition StatementRun::bindRemoteModel(const parser::CreateModel& create,
                                              const Properties& properties) const {
  if (!create.transforms.empty() || create.query) {
    throw StatementError("TRANSFORM and training by AS SELECT are not supported yet.",
                         create.name.span);
  }
  ModelDefinition definition;
  definition.name = create.name.name;
  definition.deployment = "RPC";
  definition.sql = statement_.text;
  definition.missing = properties.number("MISSING").value_or(definition.missing);
  definition.inputs = bindInputs(create);
  if (create.returns) {
    const operators::SqlType type = bindType(*create.returns, executor_.catalog_);
    definition.returnsArray = type == operators::SqlType::array(operators::SqlType::doubleType());
    if (!*definition.returnsArray && !type.is(operators::TypeKind::Double)) {
      throw StatementError(fmt::format("RETURNS {} is not supported; DOUBLE and ARRAY<DOUBLE> are.",
                                       type.toString()),
                           create.name.span);
    }
  }
  definition.policies = readFailurePolicies(properties, create.name.span);
  definition.remote = readRemoteOptions(properties, {}, create.name.span);
  definition.remote->waitsWhenUnavailable =
      definition.policies.onUnavailable == operators::FailurePolicy::Wait;
  checkFallback(definition, properties);
  return definition;
}

/// The model to fall back on must be there and scored in this process.
void StatementRun::checkFallback(ModelDefinition& definition, const Properties& properties) const {
  if (definition.policies.fallback.empty()) {
    return;
  }
  const parser::Span place = properties.spanOf("FALLBACK", span());
  try {
    operators::ModelReference reference =
        operators::parseModelReference(definition.policies.fallback);
    if (executor_.catalog_.findModel(reference.name) == nullptr) {
      reference.name = operators::asciiUpper(reference.name);
    }
    const ModelDefinition* const model = executor_.catalog_.findModel(reference.name);
    if (model == nullptr) {
      failUnknown("Model", parser::Identifier{reference.name, true, place},
                  namesOf(executor_.catalog_.models));
    }
    if (model->deployment != "EMBEDDED") {
      throw StatementError(fmt::format("FALLBACK='{}' must be an EMBEDDED model, which scores "
                                       "without a server.",
                                       definition.policies.fallback),
                           place);
    }
    definition.policies.fallback = reference.toString();
    executor_.models_->find(definition.policies.fallback);
  } catch (const operators::ModelError& error) {
    throw StatementError(error.what(), place);
  }
}

std::shared_ptr<const operators::RemoteModel> StatementRun::connect(
    const ModelDefinition& definition, const operators::RemoteModelOptions& options,
    uint32_t version, const parser::Span& place, std::string& warning) const {
  const std::shared_ptr<operators::HttpTransport>& transport = executor_.ports_.transport;
  if (transport == nullptr) {
    throw StatementError("Models of servers are not to be had here.", place);
  }
  std::shared_ptr<const operators::RemoteModel> model;
  try {
    if (replayed_ != nullptr && replayed_->details.contains("features")) {
      return recallRemote(definition, options, version);
    }
    model = operators::connectRemoteModel(definition.name, version, definition.inputs, options,
                                          transport);
  } catch (const operators::ServerAwayError& error) {
    if (definition.inputs.empty() || definition.returnsArray.value_or(false)) {
      throw StatementError(
          fmt::format("Model {} cannot be had: {}. Without the server its inputs must be declared, "
                      "CREATE MODEL {} (feature DOUBLE, ...), and its output be one number.",
                      definition.name, error.what(), definition.name),
          place);
    }
    warning = fmt::format(" Its inputs stand as they are declared, since it was not reached: {}.",
                          error.what());
    model = operators::declareRemoteModel(definition.name, version, definition.inputs, 1, options,
                                          transport);
  } catch (const operators::ModelError& error) {
    throw StatementError(fmt::format("Model {} cannot be had: {}.", definition.name, error.what()),
                         place);
  }
  const bool isArray = model->info().numOutputs > 1;
  if (definition.returnsArray && *definition.returnsArray != isArray) {
    throw StatementError(
        fmt::format("RETURNS {}, but the server gives {} numbers a row.",
                    isArray ? "DOUBLE" : "ARRAY<DOUBLE>", model->info().numOutputs),
        place);
  }
  return model;
}

/// As the server described it when the statement ran first; it is asked again when rows come.
std::shared_ptr<const operators::RemoteModel> StatementRun::recallRemote(
    const ModelDefinition& definition, const operators::RemoteModelOptions& options,
    uint32_t version) const {
  const size_t numOutputs = std::stoull(replayed_->details.at("outputs"));
  if (!definition.inputs.empty()) {
    return operators::declareRemoteModel(definition.name, version, definition.inputs, numOutputs,
                                         options, executor_.ports_.transport);
  }
  return operators::recallRemoteModel(definition.name, version,
                                      featuresFromText(replayed_->details.at("features")),
                                      numOutputs, options, executor_.ports_.transport);
}

StatementResult StatementRun::addRemoteVersion(ModelDefinition& definition,
                                               const operators::RemoteModelOptions& options,
                                               uint32_t number, bool makeDefault) {
  std::string warning;
  const auto version = connect(definition, options, number, span(), warning);
  try {
    operators::ModelRegistry trial;
    trial.copyFrom(*executor_.models_);
    trial.add(version, makeDefault);
    if (!definition.policies.fallback.empty()) {
      requireFallback(*version, *executor_.models_->find(definition.policies.fallback));
    }
  } catch (const operators::ModelError& error) {
    throw StatementError(
        fmt::format("{} cannot become version {} of model {}: {}.", describeRemote(options), number,
                    definition.name, error.what()),
        span());
  }
  int64_t createdAt = executor_.settings_.now();
  if (replayed_ != nullptr && replayed_->details.contains("created")) {
    createdAt = std::stoll(replayed_->details.at("created"));
  }
  log("", {{"version", std::to_string(number)},
           {"features", featuresToText(version->info().features)},
           {"outputs", std::to_string(version->info().numOutputs)},
           {"created", std::to_string(createdAt)}});
  definition.versions[number] = {describeRemote(options), createdAt, statement_.text};
  executor_.models_->add(version, makeDefault);
  catalog().models[definition.name] = std::make_shared<const ModelDefinition>(definition);
  return {fmt::format("{} version {} of model {}: {}, {} features.{}",
                      makeDefault ? "Created" : "Added", number, definition.name,
                      describeRemote(options), version->info().features.size(), warning),
          {},
          {}};
}

/// Whatever is asked for, both must give as much of as many features.
void StatementRun::requireFallback(const operators::ModelVersion& version,
                                   const operators::ModelVersion& fallback) {
  const size_t wanted = version.outputsPerRow(operators::OutputForm::Prediction);
  const size_t given = fallback.outputsPerRow(operators::OutputForm::Prediction);
  if (version.info().features.size() != fallback.info().features.size() || wanted != given) {
    throw operators::ModelError(fmt::format(
        "FALLBACK {} has {} features and gives {} numbers, not {} and {}", fallback.info().name,
        fallback.info().features.size(), given, version.info().features.size(), wanted));
  }
}

}  // namespace auspex::queries
