// SPDX-License-Identifier: Apache-2.0
// A data directory held by this process, and the broker that belongs to it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/EngineOptions.h"
#include "engine/brokers/Broker.h"
#include "stateStore/StateDirectory.h"

namespace auspex::engine {

/// The data directory that these options mean.
std::filesystem::path dataDirectoryOf(const EngineOptions& options);

/// Kafka at options.bootstrapServers; waits for it until Ctrl-C. Throws BrokerError.
std::shared_ptr<Broker> connectToKafka(const EngineOptions& options);

/// Locks the data directory for its lifetime and opens the broker: the embedded one inside it, or
/// Kafka. Throws stateStore::StoreError (in use: by whom), BrokerError.
class BrokerHome {
 public:
  explicit BrokerHome(const EngineOptions& options);

  const std::filesystem::path& directory() const { return directory_->root(); }
  stateStore::StateDirectory& states() { return *directory_; }
  const std::shared_ptr<Broker>& broker() const { return broker_; }
  /// Stable over restarts of this data directory.
  const std::string& instanceId() const { return instanceId_; }

 private:
  std::unique_ptr<stateStore::StateDirectory> directory_;
  std::string instanceId_;
  std::shared_ptr<Broker> broker_;
};

}  // namespace auspex::engine
