// SPDX-License-Identifier: Apache-2.0
// The engine's own copies of model files: one file per checksum below the data directory.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/ModelTopic.h"
#include "queries/ports/ModelArtefacts.h"

namespace auspex::engine {

/// Layout: docs/stateLayout.md, "Model files". Copies are never removed: the history of statements
/// names them. Where several instances may run, they share copies by a topic. One thread.
class ModelStore final : public queries::ModelArtefacts {
 public:
  /// directory: made when it is first needed; empty: copies are kept in memory, for tests.
  /// topic: null when there is one instance only.
  explicit ModelStore(std::filesystem::path directory, std::unique_ptr<ModelTopic> topic = nullptr)
      : directory_(std::move(directory)), topic_(std::move(topic)) {}

  /// The file is whole and on the disk when it has its name. Throws BrokerError.
  void keep(const std::string& checksum, std::string_view bytes) override;
  std::optional<std::string> find(const std::string& checksum) override;

 private:
  std::filesystem::path pathOf(const std::string& checksum) const;
  void keepHere(const std::string& checksum, std::string_view bytes);
  std::optional<std::string> findHere(const std::string& checksum);

  std::filesystem::path directory_;
  std::unique_ptr<ModelTopic> topic_;
  std::map<std::string, std::string> inMemory_;
};

}  // namespace auspex::engine
