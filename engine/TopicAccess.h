// SPDX-License-Identifier: Apache-2.0
// Looks at the topics of a broker for people and scripts, and writes lines to one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "engine/ExitCode.h"
#include "engine/brokers/Broker.h"

namespace auspex::engine {

/// A table of all topics: name, partitions, records. Throws BrokerError.
ExitCode writeTopicList(Broker& broker, std::ostream& output);

struct TopicReading {
  std::string topic;
  std::optional<int64_t> limit;
  bool fromEnd = false;  ///< only what comes from now on, until stopped
};

/// The records of a topic as JSON lines: partition, offset, timestamp, key, value, headers. Ends at
/// the present end, or with `fromEnd` when `stop` says so, and when the output is closed. Throws
/// BrokerError.
ExitCode writeTopicRecords(Broker& broker, const TopicReading& reading, std::ostream& output,
                           std::ostream& messages, const std::function<bool()>& stop);

/// Writes lines as records. One thread.
class LineProducer {
 public:
  /// keySeparator splits a line into key and value; empty: no keys. Throws std::invalid_argument
  /// when there is no such topic, BrokerError.
  LineProducer(Broker& broker, const std::string& transactionalId, std::string topic,
               std::string keySeparator);

  const std::string& topic() const { return topic_; }
  const std::string& keySeparator() const { return keySeparator_; }
  /// In one transaction. Throws BrokerError: then none is written.
  void write(const std::vector<std::string>& lines);

 private:
  std::string topic_;
  std::string keySeparator_;
  int32_t numPartitions_;
  std::unique_ptr<TransactionalProducer> producer_;
  uint64_t numLines_ = 0;
};

}  // namespace auspex::engine
