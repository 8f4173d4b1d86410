// SPDX-License-Identifier: Apache-2.0
// SHOW and DESCRIBE of models and their versions.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "queries/StatementRun.h"

namespace auspex::queries {
namespace {

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

StatementResult StatementRun::handle(const parser::ShowCreateModel& show) {
  return {requireModel(show.name).sql + ";", {}, {}};
}

StatementResult StatementRun::describeModel(const parser::Identifier& name, bool extended) const {
  const ModelDefinition& definition = requireModel(name);
  const auto models = executor_.models_->snapshot();
  const operators::Model& model = *models->find(name.name)->second;
  const operators::ModelInfo& info = executor_.models_->find(name.name)->info();
  StatementResult result;
  result.message = fmt::format(
      "Name       : {}\nVersion    : {}\nDeployment : {}\nURI        : {}\nFormat     : {}\n"
      "Objective  : {} (PREDICT gives {})\nOutputs    : {}\nTrees      : {} of depth {}\n"
      "Size       : {} bytes\nChecksum   : {}\nAliases    : {}{}",
      definition.name, info.version, definition.deployment,
      definition.versions.at(info.version).uri, info.format, info.objective,
      textOf(info.outputKind), info.numOutputs, info.numTrees, info.maxDepth, info.sizeBytes,
      info.checksum, aliasesOf(model), rolloutOf(model));
  if (extended) {
    const auto users = executor_.catalog_.scorersOf(
        [&](const operators::ModelReference& used) { return used.name == name.name; });
    result.message += fmt::format("\nUsed by    : {}", fmt::join(users, ", "));
    for (const auto& [number, provenance] : definition.versions) {
      result.message += fmt::format("\nVersion {:<3}: added {} by {}", number,
                                    timeText(provenance.createdAt), provenance.sql);
    }
  }
  result.table = listFeatures(info);
  return result;
}

}  // namespace auspex::queries
