// SPDX-License-Identifier: Apache-2.0
// The models of a registry by the names that requests have for them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "operators/models/ModelRegistry.h"
#include "operators/models/serving/RequestScorer.h"

namespace auspex::engine {

/// Any thread. A model is named as in PREDICT: 'm' (what its alias default points at now),
/// 'm@alias' or 'm:3'; case does not matter where the name is not there exactly. A version that is
/// named beside it is a number or an alias. A split is not for requests: they have no rows of a
/// stream to take its key from, so the bare name means the alias.
class ServedModels {
 public:
  /// The registry outlives this.
  explicit ServedModels(const operators::ModelRegistry& registry) : registry_(registry) {}

  using Found =
      std::variant<std::shared_ptr<const operators::RequestScorer>, operators::InferFault>;
  Found find(std::string_view name, std::string_view version) const;

  using Described = std::variant<operators::InferMetadata, operators::InferFault>;
  Described describe(std::string_view name, std::string_view version) const;

  /// One line of the list of all models.
  struct Listed {
    std::string name;
    std::string version;
  };
  std::vector<Listed> list() const;

 private:
  std::shared_ptr<const operators::RequestScorer> scorerOf(
      const std::shared_ptr<const operators::ModelVersion>& version) const;

  const operators::ModelRegistry& registry_;
  mutable std::mutex mutex_;  ///< guards what follows
  mutable uint64_t numChangesSeen_ = 0;
  /// Of versions that were asked for; forgotten when the registry changes.
  mutable std::map<const operators::ModelVersion*, std::shared_ptr<const operators::RequestScorer>>
      scorers_;
};

}  // namespace auspex::engine
