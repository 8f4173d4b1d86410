// SPDX-License-Identifier: Apache-2.0
// The models that the engine knows by name, with their versions and aliases, read as snapshots.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/Model.h"
#include "operators/models/ModelRoute.h"

namespace auspex::operators {

/// The alias that a bare model name means.
inline constexpr std::string_view kDefaultAlias = "default";
/// Bound on the versions that one model holds in memory at a time.
constexpr size_t kMaxModelVersions = 1'000;

/// How a statement names a version: 'm' (its default alias), 'm@alias' or 'm:3'.
struct ModelReference {
  std::string name;
  /// In lower case, since aliases ignore case; set unless a version number was given.
  std::string alias;
  std::optional<uint32_t> version;

  /// The same version for ever.
  bool isPinned() const { return version.has_value(); }
  /// As statements write it: the shortest form.
  std::string toString() const;
};

/// Parses a reference. Throws ModelError when it is none.
ModelReference parseModelReference(std::string_view text);

/// A version by number or an alias, within one model.
struct VersionTarget {
  std::optional<uint32_t> version;
  std::string alias;  ///< in lower case; empty when `version` is set

  /// The alias or the number.
  std::string toString() const;
};

/// Rows of calls by the bare name of a model go to several versions, by the hash of a key.
struct ModelSplit {
  struct Share {
    VersionTarget target;
    uint32_t numBuckets = 0;  ///< of kNumBuckets
  };
  std::vector<Share> shares;  ///< at least two; together kNumBuckets
  std::string key;            ///< SQL of the expression over the rows that are scored
  std::string salt;
};

/// A version that is scored beside those that serve the bare name, for a sample of the rows.
struct ModelShadow {
  VersionTarget target;
  uint32_t sampledBuckets = kNumBuckets;
};

/// One model with all its versions. Immutable; changes make a new one.
struct Model {
  std::string name;
  std::map<uint32_t, std::shared_ptr<const ModelVersion>> versions;
  /// Alias to version number; always holds kDefaultAlias.
  std::map<std::string, uint32_t, std::less<>> aliases;
  /// The number that the next version gets, behind the largest that was used.
  uint32_t nextVersion = 1;
  /// What the default alias was before, newest last; dropped versions are taken out.
  std::vector<uint32_t> formerDefaults = {};
  /// All numbers that were given: none is used twice.
  std::set<uint32_t> usedVersions = {};
  std::optional<ModelSplit> split = {};
  std::optional<ModelShadow> shadow = {};

  /// What a reference to this model stands for now. Throws ModelError naming what is missing.
  std::shared_ptr<const ServedModel> serve(const ModelReference& reference) const;
  /// The versions of a route that was in force once. Throws ModelError when one was dropped.
  std::shared_ptr<const ServedModel> serve(const ModelRoute& route) const;
  /// The number a target means. Throws ModelError.
  uint32_t resolve(const VersionTarget& target) const;
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

  /// A number that grows with each change: who sees the same as before needs no new look.
  uint64_t numChanges() const { return numChanges_.load(std::memory_order_acquire); }

  /// Takes over all that another registry knows.
  void copyFrom(const ModelRegistry& other);

  /// Adds a version under version->info().name and .version, creating the model when it is new. The
  /// default alias moves to it if makeDefault or if the model is new. Throws ModelError when the
  /// number was used before, the model is full, or the version does not keep the model's contract.
  void add(std::shared_ptr<const ModelVersion> version, bool makeDefault);

  /// Puts other objects in the place of versions with the same numbers, all or none: the same
  /// models, asked for in another way. Who holds the former ones goes on with them. Throws
  /// ModelError when one is not there.
  void replace(std::string_view name,
               const std::vector<std::shared_ptr<const ModelVersion>>& versions);

  /// Points an alias at a version. Throws ModelError when either is unknown or the alias is no
  /// name.
  void setAlias(std::string_view name, std::string_view alias, uint32_t version);

  /// Points the default alias at what it was before. Returns that version. Throws ModelError when
  /// there is none.
  uint32_t rollBack(std::string_view name);

  /// Sends rows to several versions, or to one again without a split. Throws ModelError when a
  /// target is unknown.
  void setSplit(std::string_view name, std::optional<ModelSplit> split);
  /// Scores a version in the shadow, or none. Throws ModelError when the target is unknown.
  void setShadow(std::string_view name, std::optional<ModelShadow> shadow);

  /// Removes an alias other than the default one. Throws ModelError when it is unknown, or a split
  /// or shadow uses it.
  void dropAlias(std::string_view name, std::string_view alias);

  /// Removes a version. Throws ModelError when it is unknown or an alias, a split or a shadow
  /// points at it. Batches that hold the version keep it alive.
  void dropVersion(std::string_view name, uint32_t version);

  /// Removes a model with all its versions. Throws ModelError when it is unknown.
  void drop(std::string_view name);

 private:
  /// Copies the snapshot and the model, lets change edit the copy, and publishes it.
  template <typename Change>
  void update(std::string_view name, Change change);
  /// With mutex_ held.
  void publish(std::shared_ptr<const ModelSnapshot> models);

  std::atomic<uint64_t> numChanges_{0};
  mutable std::mutex mutex_;
  /// Guarded by mutex_; what it points to never changes.
  std::shared_ptr<const ModelSnapshot> snapshot_;
};

/// How a query names a model, and where it looks up what that stands for at the moment.
struct ModelUse {
  std::string reference;  ///< as ModelReference::toString gives it
  std::shared_ptr<const ModelRegistry> registry;
  std::string splitKey;  ///< SQL of the key that the query was planned to split by; empty: none

  /// What the reference stands for now. Throws ModelError.
  std::shared_ptr<const ServedModel> serve() const;
  /// The versions of a route of the past. Throws ModelError.
  std::shared_ptr<const ServedModel> serve(const ModelRoute& route) const;
};

}  // namespace auspex::operators
