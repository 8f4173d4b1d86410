// SPDX-License-Identifier: Apache-2.0
// The models that the engine knows by name, with their versions and aliases, read as snapshots.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/Model.h"

namespace auspex::operators {

/// The alias that a bare model name means.
inline constexpr std::string_view kDefaultAlias = "default";
/// Bound on the versions that one model holds in memory at a time.
constexpr size_t kMaxModelVersions = 1'000;

/// How a statement names a version: 'm' (its default alias), 'm@alias' or 'm:3'.
struct ModelReference {
  std::string name;
  /// Set unless a version number was given.
  std::string alias;
  std::optional<uint32_t> version;
};

/// Parses a reference. Throws ModelError when it is none.
ModelReference parseModelReference(std::string_view text);

/// One model with all its versions. Immutable; changes make a new one.
struct Model {
  std::string name;
  std::map<uint32_t, std::shared_ptr<const ModelVersion>> versions;
  /// Alias to version number; always holds kDefaultAlias.
  std::map<std::string, uint32_t, std::less<>> aliases;
  /// The number that the next version gets; numbers are never used twice.
  uint32_t nextVersion = 1;
};

/// Models by name. Names are case-sensitive.
using ModelSnapshot = std::map<std::string, std::shared_ptr<const Model>, std::less<>>;

/// All methods may be called by any thread. Readers get immutable snapshots; a writer replaces the
/// snapshot whole, so a reader never sees half a change.
class ModelRegistry {
 public:
  ModelRegistry();

  std::shared_ptr<const ModelSnapshot> snapshot() const;

  /// The version that a reference means now. Throws ModelError naming what is missing and what
  /// there is.
  std::shared_ptr<const ModelVersion> find(std::string_view reference) const;

  /// The version number to load the next version of a model with; 1 for an unknown model.
  uint32_t nextVersion(std::string_view name) const;

  /// Adds a version under version->info().name and .version, creating the model when it is new. The
  /// default alias moves to it if makeDefault or if the model is new. Throws ModelError when the
  /// number was used before or the model is full.
  void add(std::shared_ptr<const ModelVersion> version, bool makeDefault);

  /// Points an alias at a version. Throws ModelError when either is unknown or the alias is no
  /// name.
  void setAlias(std::string_view name, std::string_view alias, uint32_t version);

  /// Removes an alias other than the default one. Throws ModelError when it is unknown.
  void dropAlias(std::string_view name, std::string_view alias);

  /// Removes a version. Throws ModelError when it is unknown or an alias points at it. Batches that
  /// hold the version keep it alive.
  void dropVersion(std::string_view name, uint32_t version);

  /// Removes a model with all its versions. Throws ModelError when it is unknown.
  void drop(std::string_view name);

 private:
  /// Copies the snapshot and the model, lets change edit the copy, and publishes it.
  template <typename Change>
  void update(std::string_view name, Change change);

  mutable std::mutex mutex_;
  /// Guarded by mutex_; what it points to never changes.
  std::shared_ptr<const ModelSnapshot> snapshot_;
};

}  // namespace auspex::operators
