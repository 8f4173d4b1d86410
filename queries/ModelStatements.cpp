// SPDX-License-Identifier: Apache-2.0
// CREATE, DROP and DESCRIBE of models.
#include <fmt/format.h>

#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"
#include "queries/StatementRun.h"

namespace auspex::queries {
namespace {

constexpr std::string_view kModelProperties[] = {
    "URI", "DEPLOYMENT", "FORMAT", "MISSING", "BEST_ITERATION", "ITERATIONS", "CLASSES"};

const char* kindOf(const operators::FeatureInfo& feature) {
  return feature.kind == operators::FeatureKind::Categorical ? "categorical" : "numeric";
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

}  // namespace

StatementResult StatementRun::handle(const parser::CreateModel& create) {
  const std::string& name = create.name.name;
  if (catalog().findModel(name) != nullptr && !create.orReplace) {
    if (create.ifNotExists) {
      return {fmt::format("Model {} already exists.", name), {}, {}};
    }
    throw StatementError(
        fmt::format("Model {} already exists. CREATE OR REPLACE MODEL adds a version.", name),
        create.name.span);
  }
  const Properties properties(create.properties, kModelProperties);
  auto definition = std::make_shared<const ModelDefinition>(bindModel(create, properties));
  const std::string base = basePath();
  const auto version =
      loadVersion(*definition, base, bindLoadOptions(create, properties), properties);
  checkReplayedModel(*version, definition->uri, properties);
  executor_.models_->add(version, true);
  catalog().models[name] = definition;
  const operators::ModelInfo& info = version->info();
  log("", {{"checksum", info.checksum}, {"base", base}});
  return {
      fmt::format("Created model {} version {}: {}, {}, {} trees, {} features.", name, info.version,
                  info.format, info.objective, info.numTrees, info.features.size()),
      {},
      {}};
}

std::shared_ptr<const operators::ModelVersion> StatementRun::loadVersion(
    const ModelDefinition& definition, const std::string& base,
    const operators::LoadOptions& options, const Properties& properties) const {
  std::shared_ptr<const operators::ModelVersion> version;
  try {
    version =
        operators::loadModel((std::filesystem::path(base) / definition.uri).string(), options);
  } catch (const std::runtime_error& error) {
    throw StatementError(fmt::format("Model {} was not loaded from '{}': {}", definition.name,
                                     definition.uri, error.what()),
                         properties.spanOf("URI", span()));
  }
  if (const auto format = properties.text("FORMAT");
      format && (*format == "LIGHTGBM") != version->info().format.starts_with("LightGBM")) {
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
        fmt::format("The file of model {} ('{}') has changed since it was created: checksum {} "
                    "was {}. A version never changes: use CREATE OR REPLACE MODEL with another "
                    "file, or start anew (--fresh).",
                    version.info().name, uri, version.info().checksum, known->second),
        properties.spanOf("URI", span()));
  }
}

StatementResult StatementRun::handle(const parser::DropModel& drop) {
  const std::string& name = drop.name.name;
  if (catalog().findModel(name) == nullptr) {
    if (drop.ifExists) {
      return {fmt::format("Model {} does not exist.", name), {}, {}};
    }
    failUnknown("Model", drop.name, namesOf(catalog().models));
  }
  executor_.models_->drop(name);
  catalog().models.erase(name);
  logDrop("MODEL " + name);
  return {
      fmt::format("Dropped model {}. Queries that use it go on with the version they hold.", name),
      {},
      {}};
}

StatementResult StatementRun::describeModel(const parser::Identifier& name) const {
  const ModelDefinition* const model = executor_.catalog_.findModel(name.name);
  if (model == nullptr) {
    failUnknown("Model", name, namesOf(executor_.catalog_.models));
  }
  const operators::ModelInfo& info = executor_.models_->find(name.name)->info();
  StatementResult result;
  result.message = fmt::format(
      "Name       : {}\nVersion    : {}\nDeployment : {}\nURI        : {}\nFormat     : {}\n"
      "Objective  : {} (PREDICT gives {})\nOutputs    : {}\nTrees      : {} of depth {}\n"
      "Size       : {} bytes\nChecksum   : {}",
      model->name, info.version, model->deployment, model->uri, info.format, info.objective,
      textOf(info.outputKind), info.numOutputs, info.numTrees, info.maxDepth, info.sizeBytes,
      info.checksum);
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
  result.table = std::move(features);
  return result;
}

}  // namespace auspex::queries
