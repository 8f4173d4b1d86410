// SPDX-License-Identifier: Apache-2.0
// Model files in a topic of the service, in chunks, for instances on other machines.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "engine/brokers/Broker.h"

namespace auspex::engine {

/// Topic `_auspex-<service>-models`, one partition, compacted. Layout: docs/stateLayout.md, "Model
/// files". One thread. Throws BrokerError.
class ModelTopic {
 public:
  ModelTopic(Broker& broker, const std::string& serviceId, const std::string& instanceId);

  /// Writes the file in one transaction, unless it is known to be there.
  void publish(const std::string& checksum, std::string_view bytes);
  /// The file whose bytes have that SHA-256; nothing when it is not there, or is damaged.
  std::optional<std::string> fetch(const std::string& checksum);

  static std::string topicOf(const std::string& serviceId);

 private:
  Broker& broker_;
  TopicPartition topic_;
  std::string transactionalId_;
  std::unique_ptr<TransactionalProducer> producer_;
  std::set<std::string> known_;  // checksums that were seen whole
};

}  // namespace auspex::engine
