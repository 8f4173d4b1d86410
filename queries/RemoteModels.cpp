// SPDX-License-Identifier: Apache-2.0
// How a model of a server becomes a version: what the server tells of it is held against the
// statement once, and kept with the statement, so that a start needs no server. Through topics
// nothing can be asked, and the statement says all.
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

/// A server that tells nothing of its inputs gets their names as the statement writes them, not in
/// upper case. Read from the text alone, which a start has as well.
void takeWrittenNames(const std::string& text, std::vector<operators::InputDeclaration>& inputs) {
  const auto again = parser::parse(text + ";");
  const auto& create = std::get<parser::CreateModel>(again.front().statement.node);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const parser::Identifier& name = create.inputs[i].name;
    if (!name.quoted) {
      inputs[i].name = text.substr(name.span.begin, name.span.end - name.span.begin);
    }
  }
}

}  // namespace

ModelDefinition StatementRun::bindRemoteModel(const parser::CreateModel& create,
                                              const Properties& properties,
                                              bool isThroughTopics) const {
  if (!create.transforms.empty() || create.query) {
    throw StatementError("TRANSFORM and training by AS SELECT are not supported yet.",
                         create.name.span);
  }
  ModelDefinition definition;
  definition.name = create.name.name;
  definition.deployment = isThroughTopics ? "KAFKA" : "RPC";
  definition.sql = statement_.text;
  definition.missing = properties.number("MISSING").value_or(definition.missing);
  definition.inputs = bindInputs(create);
  if (isThroughTopics) {
    takeWrittenNames(statement_.text, definition.inputs);
  }
  if (create.returns) {
    const operators::SqlType type = bindType(*create.returns, executor_.catalog_);
    definition.returnsArray = type == operators::SqlType::array(operators::SqlType::doubleType());
    if (!*definition.returnsArray && !type.is(operators::TypeKind::Double)) {
      throw StatementError(fmt::format("RETURNS {} is not supported; DOUBLE and ARRAY<DOUBLE> are.",
                                       type.toString()),
                           create.name.span);
    }
  }
  definition.policies = readFailurePolicies(properties, {}, create.name.span);
  definition.remote = isThroughTopics ? readTopicOptions(properties, {}, create.name.span)
                                      : readRemoteOptions(properties, {}, create.name.span);
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
  const auto transport = transportFor(options);
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
                                         options, transportFor(options));
  }
  return operators::recallRemoteModel(definition.name, version,
                                      featuresFromText(replayed_->details.at("features")),
                                      numOutputs, options, transportFor(options));
}

std::shared_ptr<operators::HttpTransport> StatementRun::transportFor(
    const operators::RemoteModelOptions& options) const {
  return operators::isThroughTopics(options.protocol) ? executor_.ports_.topicTransport
                                                      : executor_.ports_.transport;
}

/// Requests and replies are of nobody's any more after their timeout, so the topics need not keep
/// them for ever.
void StatementRun::ensureRequestTopics(const operators::RemoteModelOptions& options,
                                       const Properties& properties) {
  if (!operators::isThroughTopics(options.protocol) || replayed_ != nullptr) {
    return;
  }
  const auto wanted = properties.integer("PARTITIONS");
  const parser::Span place = properties.spanOf("PARTITIONS", span());
  if (wanted && (*wanted < 1 || *wanted > 100'000)) {
    throw StatementError("PARTITIONS must be between 1 and 100000.", place);
  }
  TopicAdmin& topics = executor_.ports_.topics;
  std::vector<std::string> missing;
  for (const std::string& topic : {options.requestTopic, options.replyTopic}) {
    const std::optional<int32_t> existing = topics.numPartitions(topic);
    if (existing && wanted && *wanted != *existing) {
      throw StatementError(
          fmt::format("Topic '{}' has {} partitions, not {}.", topic, *existing, *wanted), place);
    }
    if (!existing && !wanted) {
      throw StatementError(
          fmt::format("Topic '{}' does not exist. PARTITIONS creates the topics of requests and "
                      "replies, as in WITH (..., PARTITIONS=1).",
                      topic),
          place);
    }
    if (!existing) {
      missing.push_back(topic);
    }
  }
  for (const std::string& topic : missing) {
    topics.create({topic,
                   static_cast<int32_t>(*wanted),
                   static_cast<int32_t>(properties.integer("REPLICAS").value_or(-1)),
                   {{"retention.ms", properties.text("RETENTION_MS").value_or("86400000")}}});
  }
}

StatementResult StatementRun::addRemoteVersion(ModelDefinition& definition,
                                               const operators::RemoteModelOptions& options,
                                               const Properties& properties, uint32_t number,
                                               bool makeDefault) {
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
  ensureRequestTopics(options, properties);
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
