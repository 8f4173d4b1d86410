// SPDX-License-Identifier: Apache-2.0
// The command log as a topic of the service, kept for ever: what was executed, in order.
#pragma once

#include <memory>
#include <string>

#include "engine/brokers/Broker.h"
#include "queries/ports/CommandLog.h"

namespace auspex::engine {

/// Topic `_auspex-<service>-commands`, one partition: key = object, value = text of the statement,
/// headers = query id, who wrote it, and details. One thread.
class BrokerCommandLog final : public queries::CommandLog {
 public:
  BrokerCommandLog(Broker& broker, const std::string& serviceId, const std::string& instanceId);

  std::vector<queries::Command> read() override;
  /// What other instances have appended since the last read, as far as it is there; never waits.
  std::vector<queries::Command> readNew();
  void append(const queries::Command& command,
              const std::vector<queries::InsertedRecord>& records) override;

  static std::string topicOf(const std::string& serviceId);

 private:
  Broker& broker_;
  std::string topic_;
  std::string transactionalId_;
  std::string writer_;  // this object, among all that write
  std::unique_ptr<TransactionalProducer> producer_;
  int64_t position_ = 0;                     // behind what was read
  std::unique_ptr<PartitionReader> reader_;  // of what is new
};

}  // namespace auspex::engine
