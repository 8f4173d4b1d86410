// SPDX-License-Identifier: Apache-2.0
// Models whose files come from a registry: how a URI becomes a file once, and how the version that
// an alias leads to there is taken over while queries run. A version keeps the registry's number.
#include <fmt/format.h>

#include <cmath>

#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"
#include "operators/models/registry/MlflowRegistry.h"
#include "parser/ast/Printer.h"
#include "queries/StatementRun.h"

namespace auspex::queries {
namespace {

/// Of a CREATE MODEL: what also holds for the versions that follow, but for what a definition has.
constexpr std::string_view kInheritedProperties[] = {"FORMAT", "BEST_ITERATION", "ITERATIONS"};

std::string fetchedKey(const RegistryLink& link, uint32_t version) {
  return link.url + " " + operators::RegistryUri{link.model, "", version}.toString();
}

bool isSameNumber(double left, double right) {
  return left == right || (std::isnan(left) && std::isnan(right));
}

/// What loads the next version as CREATE MODEL has loaded the first one: ", ITERATIONS='100'".
std::string inheritedProperties(const std::string& sql) {
  const auto parsed = parser::parse(sql + "\n;");
  const auto* const create = std::get_if<parser::CreateModel>(&parsed.front().statement.node);
  std::string text;
  for (const parser::Property& property :
       create == nullptr ? std::vector<parser::Property>() : create->properties) {
    for (const std::string_view inherited : kInheritedProperties) {
      if (operators::equalsIgnoringCase(property.name.name, inherited)) {
        text += fmt::format(", {}={}", inherited, parser::printText(property.text));
      }
    }
  }
  return text;
}

}  // namespace

RegistryLink StatementRun::linkOf(const ModelDefinition& definition,
                                  const Properties& properties) const {
  const std::string text = *properties.text("URI");
  const parser::Span place = properties.spanOf("URI", span());
  RegistryLink link;
  try {
    const operators::RegistryUri uri = operators::parseRegistryUri(text);
    link.model = uri.model;
    link.alias = uri.alias;
  } catch (const operators::ModelError& error) {
    throw StatementError(fmt::format("{}.", error.what()), place);
  }
  std::string url = properties.text("REGISTRY").value_or("");
  if (url.empty() && replayed_ != nullptr && replayed_->details.contains("registry")) {
    url = replayed_->details.at("registry");
  }
  if (url.empty() && definition.registry) {
    url = definition.registry->url;
  }
  if (url.empty()) {
    url = sessionProperty(kRegistryUrl, "");
  }
  if (url.empty()) {
    throw StatementError(
        fmt::format("'{}' needs the address of its registry: REGISTRY='http://host:5000' here, "
                    "SET '{}'='http://host:5000', or --set.",
                    text, kRegistryUrl),
        place);
  }
  try {
    link.url = operators::checkRegistryUrl(url);
  } catch (const operators::ModelError& error) {
    throw StatementError(fmt::format("{}.", error.what()), properties.spanOf("REGISTRY", place));
  }
  const parser::Property* const follow = properties.find("FOLLOW");
  if (follow != nullptr && link.alias.empty()) {
    throw StatementError(
        fmt::format("FOLLOW is for an alias, as in 'mlflow://name@alias': '{}' stays what it is.",
                    text),
        follow->span);
  }
  link.follows = !link.alias.empty() && properties.boolean("FOLLOW").value_or(true);
  return link;
}

StatementRun::Artefact StatementRun::readRegistered(const ModelDefinition& definition,
                                                    const Properties& properties) const {
  Artefact artefact;
  artefact.link = linkOf(definition, properties);
  const parser::Span place = properties.spanOf("URI", span());
  operators::RegistryUri uri = operators::parseRegistryUri(*properties.text("URI"));
  if (replayed_ != nullptr && replayed_->details.contains("version")) {
    // An alias may lead elsewhere by now.
    artefact.registered.number =
        static_cast<uint32_t>(std::stoul(replayed_->details.at("version")));
    const auto run = replayed_->details.find("run");
    artefact.registered.runId = run == replayed_->details.end() ? "" : run->second;
    artefact.link->followed = artefact.registered.number;
    if (auto bytes = executor_.ports_.artefacts.find(replayed_->details.at("checksum"))) {
      artefact.bytes = std::move(*bytes);
      artefact.isKept = true;
      return artefact;
    }
    uri = {uri.model, "", artefact.registered.number};
  }
  try {
    const auto fetched = uri.version
                             ? executor_.fetched_->find(fetchedKey(*artefact.link, *uri.version))
                             : executor_.fetched_->end();
    if (executor_.ports_.transport == nullptr && fetched == executor_.fetched_->end()) {
      throw operators::ModelError("registries are not to be had here");
    }
    artefact.registered =
        fetched != executor_.fetched_->end()
            ? fetched->second.version
            : operators::MlflowRegistry(*executor_.ports_.transport, artefact.link->url)
                  .resolveNow(uri);
    artefact.link->followed = artefact.registered.number;
    artefact.bytes = fetchRegistered(*artefact.link, artefact.registered).bytes;
  } catch (const operators::ModelError& error) {
    throw StatementError(fmt::format("Model {} was not loaded: {}.", definition.name, error.what()),
                         place);
  }
  return artefact;
}

/// From the registry, unless the check of the program has fetched it, or the watch has.
operators::RegisteredArtefact StatementRun::fetchRegistered(
    const RegistryLink& link, const operators::RegisteredVersion& version) const {
  const std::string key = fetchedKey(link, version.number);
  if (executor_.isCheck_) {
    if (!executor_.fetched_->contains(key)) {
      executor_.fetched_->emplace(key,
                                  operators::MlflowRegistry(*executor_.ports_.transport, link.url)
                                      .fetchNow(link.model, version));
    }
    return executor_.fetched_->at(key);
  }
  const auto fetched = executor_.fetched_->extract(key);
  return fetched ? std::move(fetched.mapped())
                 : operators::MlflowRegistry(*executor_.ports_.transport, link.url)
                       .fetchNow(link.model, version);
}

std::string StatementRun::provenanceOf(const Artefact& artefact, const std::string& uri) {
  if (!artefact.link) {
    return uri;
  }
  const operators::RegistryUri exact{artefact.link->model, "", artefact.registered.number};
  return exact.toString() +
         (artefact.registered.runId.empty() ? "" : " of run " + artefact.registered.runId);
}

std::shared_ptr<const operators::ModelVersion> StatementRun::knownVersion(
    const operators::ModelVersion& version, const parser::Span& place) const {
  const operators::ModelInfo& info = version.info();
  const auto models = executor_.models_->snapshot();
  const auto model = models->find(info.name);
  if (model == models->end() || !model->second->versions.contains(info.version)) {
    return nullptr;
  }
  const auto known = model->second->versions.at(info.version);
  const bool isSame = known->info().checksum == info.checksum &&
                      known->info().numTrees == info.numTrees &&
                      isSameNumber(known->info().missing, info.missing);
  // Said by two instances, the first one counts, at every start.
  if (!isSame && replayed_ == nullptr) {
    throw StatementError(
        fmt::format("Version {} of model {} is there already, and is another: checksum {}, {} "
                    "trees, not {}, {} trees.",
                    info.version, info.name, known->info().checksum, known->info().numTrees,
                    info.checksum, info.numTrees),
        place);
  }
  return known;
}

StatementResult StatementRun::follow(const parser::Identifier& name, uint32_t version) {
  ModelDefinition definition = requireModel(name);
  if (!definition.registry || definition.registry->followed == version) {
    return {};
  }
  changeModels(
      [&](operators::ModelRegistry& models) {
        models.setAlias(name.name, operators::kDefaultAlias, version);
      },
      {{"followed", std::to_string(version)}});
  definition.registry->followed = version;
  catalog().models[name.name] = std::make_shared<const ModelDefinition>(std::move(definition));
  return {fmt::format("Model {} follows its registry to version {}.", name.name, version), {}, {}};
}

void StatementExecutor::follow(const std::string& model,
                               const operators::RegisteredVersion& version,
                               std::optional<operators::RegisteredArtefact> artefact) {
  const std::shared_ptr<const ModelDefinition> definition = catalog_.models.at(model);
  AUSPEX_ASSERT(definition->registry.has_value());
  const RegistryLink& link = *definition->registry;
  const std::string name = parser::printName(model);
  if (artefact) {
    const std::string uri = operators::RegistryUri{link.model, "", version.number}.toString();
    const std::string key = fetchedKey(link, version.number);
    fetched_->insert_or_assign(key, std::move(*artefact));
    const auto add = parser::parse(fmt::format(
        "ALTER MODEL {} ADD VERSION {} WITH (URI={}, REGISTRY={}{});", name, version.number,
        parser::printText(uri), parser::printText(link.url), inheritedProperties(definition->sql)));
    try {
      execute(add.front());
    } catch (...) {
      fetched_->erase(key);
      throw;
    }
  }
  const auto set = parser::parse(fmt::format("ALTER MODEL {} SET ALIAS {} = {};", name,
                                             operators::kDefaultAlias, version.number));
  const std::string object = nextSessionObject();
  StatementRun(*this, set.front(), object, nullptr, false)
      .follow(std::get<parser::AlterModel>(set.front().statement.node).name, version.number);
}

}  // namespace auspex::queries
