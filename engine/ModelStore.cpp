// SPDX-License-Identifier: Apache-2.0
#include "engine/ModelStore.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "engine/brokers/local/JournalFile.h"
#include "operators/data/Checksum.h"
#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"

namespace auspex::engine {

std::filesystem::path ModelStore::pathOf(const std::string& checksum) const {
  return directory_ / (checksum + ".model");
}

void ModelStore::keep(const std::string& checksum, std::string_view bytes) {
  keepHere(checksum, bytes);
  if (topic_) {
    topic_->publish(checksum, bytes);
  }
}

std::optional<std::string> ModelStore::find(const std::string& checksum) {
  std::optional<std::string> bytes = findHere(checksum);
  if (!bytes && topic_) {
    bytes = topic_->fetch(checksum);
    if (bytes) {
      keepHere(checksum, *bytes);
    }
  }
  return bytes;
}

void ModelStore::keepHere(const std::string& checksum, std::string_view bytes) {
  if (directory_.empty()) {
    inMemory_.emplace(checksum, bytes);
    return;
  }
  if (findHere(checksum)) {
    return;
  }
  std::filesystem::create_directories(directory_);
  const std::filesystem::path draft = directory_ / (checksum + ".draft");
  {
    JournalFile file(draft, JournalFile::Mode::Create);
    file.write(0, bytes);
    file.sync();
  }
  std::filesystem::rename(draft, pathOf(checksum));
  syncDirectory(directory_);
}

std::optional<std::string> ModelStore::findHere(const std::string& checksum) {
  if (directory_.empty()) {
    const auto known = inMemory_.find(checksum);
    return known == inMemory_.end() ? std::nullopt : std::optional(known->second);
  }
  const std::filesystem::path path = pathOf(checksum);
  if (!std::filesystem::exists(path)) {
    return std::nullopt;
  }
  try {
    std::string bytes = operators::readModelFile(path.string());
    if (operators::sha256Hex(bytes) == checksum) {
      return bytes;
    }
    spdlog::warn("model file '{}' is damaged: its checksum is another", path.string());
  } catch (const operators::ModelError& error) {
    spdlog::warn("model file '{}': {}", path.string(), error.what());
  }
  return std::nullopt;
}

}  // namespace auspex::engine
