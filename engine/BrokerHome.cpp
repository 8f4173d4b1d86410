// SPDX-License-Identifier: Apache-2.0
#include "engine/BrokerHome.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "engine/Signals.h"
#include "engine/brokers/kafka/KafkaBroker.h"
#include "engine/brokers/local/LocalBroker.h"

namespace auspex::engine {
namespace {

std::filesystem::path defaultDirectory(const EngineOptions& options) {
  if (options.bootstrapServers.empty()) {
    return "auspex-data";
  }
  const char* const state = std::getenv("XDG_STATE_HOME");
  const char* const home = std::getenv("HOME");
  const std::filesystem::path base =
      state != nullptr && *state != '\0'
          ? std::filesystem::path(state)
          : std::filesystem::path(home != nullptr ? home : ".") / ".local" / "state";
  return base / "auspex" / options.serviceId;
}

std::string readInstanceId(const std::filesystem::path& file) {
  std::string id;
  if (std::ifstream(file) >> id && !id.empty()) {
    return id;
  }
  std::random_device random;
  id = fmt::format("{:08x}{:08x}", random(), random());
  std::ofstream(file) << id << "\n";
  return id;
}

}  // namespace

std::filesystem::path dataDirectoryOf(const EngineOptions& options) {
  return options.dataDirectory.empty() ? defaultDirectory(options) : options.dataDirectory;
}

std::shared_ptr<Broker> connectToKafka(const EngineOptions& options) {
  KafkaBrokerOptions kafka;
  kafka.bootstrapServers = options.bootstrapServers;
  kafka.stopWaiting = isInterrupted;
  return std::make_shared<KafkaBroker>(std::move(kafka));
}

BrokerHome::BrokerHome(const EngineOptions& options) {
  const std::filesystem::path root = dataDirectoryOf(options);
  directory_ = std::make_unique<stateStore::StateDirectory>(root);
  if (options.fresh) {
    directory_->removeAll();
    std::filesystem::remove_all(root / "broker");
    std::filesystem::remove_all(root / "models");
    std::filesystem::remove(root / "instance-id");
  }
  instanceId_ = readInstanceId(root / "instance-id");
  if (!options.bootstrapServers.empty()) {
    broker_ = connectToKafka(options);
    return;
  }
  LocalBrokerOptions local;
  local.journal.directory = root / "broker";
  broker_ = std::make_shared<LocalBroker>(std::move(local));
}

}  // namespace auspex::engine
