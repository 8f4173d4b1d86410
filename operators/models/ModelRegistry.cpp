// SPDX-License-Identifier: Apache-2.0
#include "operators/models/ModelRegistry.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelContract.h"
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

/// Keeps what it was, so that it can be rolled back.
void pointDefaultAt(Model& model, uint32_t version) {
  const auto alias = model.aliases.find(kDefaultAlias);
  if (alias != model.aliases.end() && alias->second != version) {
    model.formerDefaults.push_back(alias->second);
  }
  model.aliases.insert_or_assign(std::string(kDefaultAlias), version);
}

/// Refuses to take away what a split or the shadow needs.
template <typename IsMeant>
void requireUnused(const Model& model, const std::string& what, IsMeant isMeant) {
  const auto refuse = [&](const char* user) {
    throw ModelError(what + " of model " + inQuotes(model.name) + " is used by its " + user +
                     ". Drop or change that first");
  };
  for (size_t i = 0; model.split && i < model.split->shares.size(); ++i) {
    if (isMeant(model.split->shares[i].target)) {
      refuse("split");
    }
  }
  if (model.shadow && isMeant(model.shadow->target)) {
    refuse("shadow");
  }
}

}  // namespace

std::string ModelReference::toString() const {
  if (version) {
    return name + ":" + std::to_string(*version);
  }
  return alias == kDefaultAlias ? name : name + "@" + alias;
}

std::string VersionTarget::toString() const {
  return version ? std::to_string(*version) : alias;
}

uint32_t Model::resolve(const VersionTarget& target) const {
  if (target.version) {
    requireVersion(*this, *target.version);
    return *target.version;
  }
  const auto found = aliases.find(target.alias);
  if (found == aliases.end()) {
    throw ModelError("Model " + inQuotes(name) + " has no alias " + inQuotes(target.alias) +
                     ". It has: " + listKeys(aliases));
  }
  return found->second;
}

std::shared_ptr<const ServedModel> Model::serve(const ModelReference& reference) const {
  const bool isBare = !reference.version && reference.alias == kDefaultAlias;
  ModelRoute route;
  if (isBare && split) {
    uint32_t end = 0;
    for (const ModelSplit::Share& share : split->shares) {
      end += share.numBuckets;
      route.shares.push_back({resolve(share.target), share.target.toString(), end});
    }
    route.key = split->key;
    route.salt = split->salt;
  } else {
    const VersionTarget target{reference.version, reference.version ? "" : reference.alias};
    route.shares.push_back({resolve(target), target.toString(), kNumBuckets});
  }
  if (isBare && shadow) {
    route.shadow = RouteShadow{resolve(shadow->target), shadow->sampledBuckets};
  }
  return serve(route);
}

std::shared_ptr<const ServedModel> Model::serve(const ModelRoute& route) const {
  auto served = std::make_shared<ServedModel>();
  served->route = route;
  for (const RouteShare& share : route.shares) {
    requireVersion(*this, share.version);
    served->versions.push_back(versions.at(share.version));
  }
  // A shadow takes no part in the result, so its version need not be there for ever.
  if (route.shadow && versions.contains(route.shadow->version)) {
    served->shadow = versions.at(route.shadow->version);
  }
  return served;
}

std::shared_ptr<const ServedModel> ModelUse::serve() const {
  const ModelReference parsed = parseModelReference(reference);
  return findModel(*registry->snapshot(), parsed.name).serve(parsed);
}

std::shared_ptr<const ServedModel> ModelUse::serve(const ModelRoute& route) const {
  return findModel(*registry->snapshot(), parseModelReference(reference).name).serve(route);
}

ModelReference parseModelReference(std::string_view text) {
  const size_t mark = text.find_first_of("@:");
  ModelReference reference;
  reference.name = std::string(text.substr(0, mark));
  bool valid = !reference.name.empty();
  if (mark == std::string_view::npos) {
    reference.alias = kDefaultAlias;
  } else if (text[mark] == '@') {
    reference.alias = asciiLower(text.substr(mark + 1));
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
  const uint32_t version =
      model.resolve({parsed.version, parsed.version ? std::string() : parsed.alias});
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
  publish(std::move(models));
}

void ModelRegistry::publish(std::shared_ptr<const ModelSnapshot> models) {
  snapshot_ = std::move(models);
  numChanges_.fetch_add(1, std::memory_order_release);
}

void ModelRegistry::copyFrom(const ModelRegistry& other) {
  std::shared_ptr<const ModelSnapshot> models = other.snapshot();
  const std::lock_guard lock(mutex_);
  publish(std::move(models));
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
  if (model.usedVersions.contains(number)) {
    throw ModelError("Model " + inQuotes(name) + " had a version " + std::to_string(number) +
                     " before; the next one is " + std::to_string(model.nextVersion));
  }
  if (model.versions.size() >= kMaxModelVersions) {
    throw ModelError("Model " + inQuotes(name) + " holds " + std::to_string(kMaxModelVersions) +
                     " versions, which is the limit. Drop one first");
  }
  if (!model.versions.empty()) {
    // All versions keep one contract, so any of them stands for it.
    requireSameContract(*model.versions.rbegin()->second, *version);
  }
  model.versions.emplace(number, std::move(version));
  model.usedVersions.insert(number);
  model.nextVersion = std::max(model.nextVersion, number + 1);
  if (isNew || makeDefault) {
    pointDefaultAt(model, number);
  }
  auto models = std::make_shared<ModelSnapshot>(*snapshot_);
  models->insert_or_assign(name, std::make_shared<const Model>(std::move(model)));
  publish(std::move(models));
}

void ModelRegistry::replace(std::string_view name,
                            const std::vector<std::shared_ptr<const ModelVersion>>& versions) {
  update(name, [&](Model& model) {
    for (const std::shared_ptr<const ModelVersion>& version : versions) {
      requireVersion(model, version->info().version);
      model.versions[version->info().version] = version;
    }
  });
}

void ModelRegistry::setAlias(std::string_view name, std::string_view alias, uint32_t version) {
  if (alias.empty() || alias.find_first_of("@:") != std::string_view::npos) {
    throw ModelError("Not a name for an alias: " + inQuotes(alias));
  }
  update(name, [&](Model& model) {
    requireVersion(model, version);
    if (alias == kDefaultAlias) {
      pointDefaultAt(model, version);
    } else {
      model.aliases.insert_or_assign(std::string(alias), version);
    }
  });
}

uint32_t ModelRegistry::rollBack(std::string_view name) {
  uint32_t version = 0;
  update(name, [&](Model& model) {
    const uint32_t now = model.aliases.at(std::string(kDefaultAlias));
    while (!model.formerDefaults.empty() && model.formerDefaults.back() == now) {
      model.formerDefaults.pop_back();
    }
    if (model.formerDefaults.empty()) {
      throw ModelError("Model " + inQuotes(name) +
                       " has no earlier version to go back to: its "
                       "default alias is version " +
                       std::to_string(now) + ", and what it was before is not there any more");
    }
    version = model.formerDefaults.back();
    model.formerDefaults.pop_back();
    model.aliases.insert_or_assign(std::string(kDefaultAlias), version);
  });
  return version;
}

void ModelRegistry::setSplit(std::string_view name, std::optional<ModelSplit> split) {
  update(name, [&](Model& model) {
    uint32_t numBuckets = split ? 0 : kNumBuckets;
    for (size_t i = 0; split && i < split->shares.size(); ++i) {
      model.resolve(split->shares[i].target);
      numBuckets += split->shares[i].numBuckets;
    }
    AUSPEX_ASSERT(numBuckets == kNumBuckets);
    model.split = std::move(split);
  });
}

void ModelRegistry::setShadow(std::string_view name, std::optional<ModelShadow> shadow) {
  update(name, [&](Model& model) {
    if (shadow) {
      model.resolve(shadow->target);
    }
    model.shadow = std::move(shadow);
  });
}

void ModelRegistry::dropAlias(std::string_view name, std::string_view alias) {
  update(name, [&](Model& model) {
    const auto found = model.aliases.find(alias);
    if (found == model.aliases.end() || alias == kDefaultAlias) {
      throw ModelError("Model " + inQuotes(name) + " has no alias " + inQuotes(alias) +
                       " that could be dropped. It has: " + listKeys(model.aliases));
    }
    requireUnused(model, "Alias " + inQuotes(alias),
                  [&](const VersionTarget& target) { return target.alias == alias; });
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
    requireUnused(model, "Version " + std::to_string(version),
                  [&](const VersionTarget& target) { return target.version == version; });
    std::erase(model.formerDefaults, version);
    model.versions.erase(version);
  });
}

void ModelRegistry::drop(std::string_view name) {
  const std::lock_guard lock(mutex_);
  findModel(*snapshot_, name);
  auto models = std::make_shared<ModelSnapshot>(*snapshot_);
  models->erase(models->find(name));
  publish(std::move(models));
}

}  // namespace auspex::operators
