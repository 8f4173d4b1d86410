// SPDX-License-Identifier: Apache-2.0
// Where rows go that could not be read, keyed, scored or written: the dead-letter topic of a query
// or a connector.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/runtime/Job.h"
#include "operators/data/Record.h"

namespace auspex::engine {

/// One topic, made when it is first needed. One thread.
class DeadLetterChannel {
 public:
  /// topic: empty means that nobody wants them; then send() does nothing.
  DeadLetterChannel(Broker& broker, std::string topic);

  /// Writes `original` (key, value, timestamp, headers) with the headers `reasons` into the
  /// writer's transaction. What the topic would not take is made to fit: a value, then headers,
  /// then a key that are too large are cut, and a timestamp out of the topic's range becomes the
  /// time of day; the headers auspex.cut and auspex.timestamp say so. Throws BrokerError.
  void send(TransactionWriter& writer, const operators::Record& original,
            const std::vector<operators::Header>& reasons);
  /// The next letter looks at the topic anew: after an aborted transaction, since it may be
  /// altered.
  void forget() { topic_.reset(); }

 private:
  const TopicDescription& topic();
  void fit(operators::OutgoingRecord& record, const std::vector<operators::Header>& reasons,
           int64_t now);

  Broker& broker_;
  const std::string name_;
  std::optional<TopicDescription> topic_;
  std::string cut_;  // texts of headers added by fit()
  std::string timestamp_;
};

}  // namespace auspex::engine
