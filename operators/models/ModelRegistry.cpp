// SPDX-License-Identifier: Apache-2.0
#include "operators/models/ModelRegistry.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"

namespace auspex::operators {

namespace {

std::string inQuotes(std::string_view text) {
  return "'" + std::string(text) + "'";
}

/// The keys of a map as a list for a message.
template <typename Map>
std::string listKeys(const Map& map) {
  std::string text;
  for (const auto& [key, value] : map) {
    text += text.empty() ? "" : ", ";
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(key)>>) {
      text += std::to_string(key);
    } else {
      text += key;
    }
  }
  return text.empty() ? "none" : text;
}

const Model& findModel(const ModelSnapshot& models, std::string_view name) {
  const auto found = models.find(name);
  if (found == models.end()) {
    throw ModelError("Unknown model: " + inQuotes(name) + ". SHOW MODELS lists them.");
  }
  return *found->second;
}

void requireVersion(const Model& model, uint32_t version) {
  if (!model.versions.contains(version)) {
    throw ModelError("Model " + inQuotes(model.name) + " has no version " +
                     std::to_string(version) + ". It has: " + listKeys(model.versions));
  }
}

}  // namespace

ModelReference parseModelReference(std::string_view text) {
  const size_t mark = text.find_first_of("@:");
  ModelReference reference;
  reference.name = std::string(text.substr(0, mark));
  bool valid = !reference.name.empty();
  if (mark == std::string_view::npos) {
    reference.alias = kDefaultAlias;
  } else if (text[mark] == '@') {
    reference.alias = std::string(text.substr(mark + 1));
    valid = valid && !reference.alias.empty() &&
            reference.alias.find_first_of("@:") == std::string::npos;
  } else {
    const std::string_view digits = text.substr(mark + 1);
    uint32_t version = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), version);
    valid = valid && error == std::errc() && end == digits.data() + digits.size() && version > 0;
    reference.version = version;
  }
  if (!valid) {
    throw ModelError("Not a model: " + inQuotes(text) +
                     ". Write 'name', 'name@alias' or 'name:version'");
  }
  return reference;
}

ModelRegistry::ModelRegistry() : snapshot_(std::make_shared<const ModelSnapshot>()) {
}

std::shared_ptr<const ModelSnapshot> ModelRegistry::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

std::shared_ptr<const ModelVersion> ModelRegistry::find(std::string_view reference) const {
  const ModelReference parsed = parseModelReference(reference);
  const std::shared_ptr<const ModelSnapshot> models = snapshot();
  const Model& model = findModel(*models, parsed.name);
  uint32_t version = 0;
  if (parsed.version) {
    version = *parsed.version;
  } else {
    const auto alias = model.aliases.find(parsed.alias);
    if (alias == model.aliases.end()) {
      throw ModelError("Model " + inQuotes(model.name) + " has no alias " + inQuotes(parsed.alias) +
                       ". It has: " + listKeys(model.aliases));
    }
    version = alias->second;
  }
  requireVersion(model, version);
  return model.versions.at(version);
}

uint32_t ModelRegistry::nextVersion(std::string_view name) const {
  const std::shared_ptr<const ModelSnapshot> models = snapshot();
  const auto found = models->find(name);
  return found == models->end() ? 1 : found->second->nextVersion;
}

template <typename Change>
void ModelRegistry::update(std::string_view name, Change change) {
  const std::lock_guard lock(mutex_);
  Model model = findModel(*snapshot_, name);
  change(model);
  auto models = std::make_shared<ModelSnapshot>(*snapshot_);
  models->find(name)->second = std::make_shared<const Model>(std::move(model));
  snapshot_ = std::move(models);
}

void ModelRegistry::add(std::shared_ptr<const ModelVersion> version, bool makeDefault) {
  AUSPEX_ASSERT(version != nullptr);
  const std::string& name = version->info().name;
  const uint32_t number = version->info().version;
  if (name.empty() || name.find_first_of("@:") != std::string::npos) {
    throw ModelError("Not a name for a model: " + inQuotes(name) + ". It must not hold '@' or ':'");
  }
  const std::lock_guard lock(mutex_);
  const auto found = snapshot_->find(name);
  const bool isNew = found == snapshot_->end();
  Model model = isNew ? Model{name, {}, {}, 1} : *found->second;
  if (number < model.nextVersion) {
    throw ModelError("Model " + inQuotes(name) + " had a version " + std::to_string(number) +
                     " before; the next one is " + std::to_string(model.nextVersion));
  }
  if (model.versions.size() >= kMaxModelVersions) {
    throw ModelError("Model " + inQuotes(name) + " holds " + std::to_string(kMaxModelVersions) +
                     " versions, which is the limit. Drop one first");
  }
  model.versions.emplace(number, std::move(version));
  model.nextVersion = number + 1;
  if (isNew || makeDefault) {
    model.aliases.insert_or_assign(std::string(kDefaultAlias), number);
  }
  auto models = std::make_shared<ModelSnapshot>(*snapshot_);
  models->insert_or_assign(name, std::make_shared<const Model>(std::move(model)));
  snapshot_ = std::move(models);
}

void ModelRegistry::setAlias(std::string_view name, std::string_view alias, uint32_t version) {
  if (alias.empty() || alias.find_first_of("@:") != std::string_view::npos) {
    throw ModelError("Not a name for an alias: " + inQuotes(alias));
  }
  update(name, [&](Model& model) {
    requireVersion(model, version);
    model.aliases.insert_or_assign(std::string(alias), version);
  });
}

void ModelRegistry::dropAlias(std::string_view name, std::string_view alias) {
  update(name, [&](Model& model) {
    const auto found = model.aliases.find(alias);
    if (found == model.aliases.end() || alias == kDefaultAlias) {
      throw ModelError("Model " + inQuotes(name) + " has no alias " + inQuotes(alias) +
                       " that could be dropped. It has: " + listKeys(model.aliases));
    }
    model.aliases.erase(found);
  });
}

void ModelRegistry::dropVersion(std::string_view name, uint32_t version) {
  update(name, [&](Model& model) {
    requireVersion(model, version);
    for (const auto& [alias, target] : model.aliases) {
      if (target == version) {
        throw ModelError("Version " + std::to_string(version) + " of model " + inQuotes(name) +
                         " is in force as alias " + inQuotes(alias) +
                         ". Point that elsewhere first");
      }
    }
    model.versions.erase(version);
  });
}

void ModelRegistry::drop(std::string_view name) {
  const std::lock_guard lock(mutex_);
  findModel(*snapshot_, name);
  auto models = std::make_shared<ModelSnapshot>(*snapshot_);
  models->erase(models->find(name));
  snapshot_ = std::move(models);
}

}  // namespace auspex::operators
