// SPDX-License-Identifier: Apache-2.0
#include "engine/serving/ServedModels.h"

#include <algorithm>
#include <charconv>

#include "operators/data/Ascii.h"
#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/RemoteModel.h"

namespace auspex::engine {

namespace {

using operators::InferFault;
using operators::Model;
using operators::ModelReference;

std::string quotedName(std::string_view text) {
  return "'" + operators::presentable(text) + "'";
}

/// What name and version mean together. Throws ModelError when they are none.
ModelReference referenceOf(std::string_view name, std::string_view version) {
  ModelReference reference = operators::parseModelReference(name);
  if (version.empty()) {
    return reference;
  }
  if (reference.isPinned() || name.find('@') != std::string_view::npos) {
    throw operators::ModelError(quotedName(name) + " names a version, and the request another");
  }
  uint32_t number = 0;
  const auto [end, error] =
      std::from_chars(version.data(), version.data() + version.size(), number);
  if (error == std::errc() && end == version.data() + version.size()) {
    reference.version = number;
    reference.alias.clear();
  } else {
    reference.alias = operators::asciiLower(version);
  }
  return reference;
}

/// The version that the reference means. Throws ModelError.
std::shared_ptr<const operators::ModelVersion> versionOf(const Model& model,
                                                         const ModelReference& reference) {
  return model.versions.at(model.resolve({reference.version, reference.alias}));
}

std::string platformOf(const operators::ModelInfo& info) {
  return operators::asciiLower(info.format.substr(0, info.format.find(' ')));
}

}  // namespace

std::shared_ptr<const operators::RequestScorer> ServedModels::scorerOf(
    const std::shared_ptr<const operators::ModelVersion>& version) const {
  const std::lock_guard lock(mutex_);
  if (const uint64_t numChanges = registry_.numChanges(); numChanges != numChangesSeen_) {
    scorers_.clear();
    numChangesSeen_ = numChanges;
  }
  auto& scorer = scorers_[version.get()];
  if (!scorer) {
    scorer = std::make_shared<const operators::RequestScorer>(version);
  }
  return scorer;
}

ServedModels::Found ServedModels::find(std::string_view name, std::string_view version) const {
  try {
    const ModelReference reference = referenceOf(name, version);
    const auto models = registry_.snapshot();
    auto place = models->find(reference.name);
    if (place == models->end()) {
      place = models->find(operators::asciiUpper(reference.name));
    }
    if (place == models->end()) {
      return InferFault{InferFault::Kind::NotFound, "there is no model " + quotedName(name)};
    }
    const auto found = versionOf(*place->second, reference);
    if (dynamic_cast<const operators::RemoteModel*>(found.get()) != nullptr) {
      return InferFault{InferFault::Kind::NotFound,
                        "model " + quotedName(name) + " is itself one of a model server"};
    }
    return scorerOf(found);
  } catch (const operators::ModelError& error) {
    return InferFault{InferFault::Kind::NotFound, operators::presentable(error.what())};
  }
}

ServedModels::Described ServedModels::describe(std::string_view name,
                                               std::string_view version) const {
  const Found found = find(name, version);
  if (const auto* const fault = std::get_if<InferFault>(&found)) {
    return *fault;
  }
  const auto& scorer = *std::get<std::shared_ptr<const operators::RequestScorer>>(found);
  const operators::ModelInfo& info = scorer.version().info();
  operators::InferMetadata metadata{
      std::string(name), {}, platformOf(info), scorer.inputs(), scorer.outputs()};
  const auto models = registry_.snapshot();
  if (const auto place = models->find(info.name); place != models->end()) {
    for (const auto& entry : place->second->versions) {
      metadata.versions.push_back(std::to_string(entry.first));
    }
  }
  return metadata;
}

std::vector<ServedModels::Listed> ServedModels::list() const {
  std::vector<Listed> listed;
  const auto models = registry_.snapshot();
  for (const auto& [name, model] : *models) {
    for (const auto& entry : model->versions) {
      listed.push_back({name, std::to_string(entry.first)});
    }
  }
  return listed;
}

}  // namespace auspex::engine
