// SPDX-License-Identifier: Apache-2.0
// Waiting for a broker that is not there: try again, and say after a while what for.
#pragma once

#include <functional>
#include <string>

#include "engine/brokers/kafka/KafkaBroker.h"

namespace auspex::engine {

/// Repeats one request until Kafka can answer it. One thread, one request.
class KafkaPatience {
 public:
  /// `purpose` as in "waiting for Kafka at HOST to PURPOSE".
  KafkaPatience(const KafkaBrokerOptions& options, std::string purpose);

  /// Time for one attempt: short, so that librdkafka looks for the broker anew.
  std::chrono::milliseconds attemptTimeout() const;
  /// After a failed attempt: sleeps a little, and announces a wait that has become long. Throws
  /// BrokerError(Unavailable) with `reason` after options.unreachableTimeout, if that is set.
  void failed(const std::string& reason);

 private:
  const KafkaBrokerOptions& options_;
  const std::string purpose_;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::milliseconds pause_{20};
  bool announced_ = false;
};

/// Runs `attempt` until it does not throw BrokerError(Unavailable), and returns what it returns.
template <typename Attempt>
auto withPatience(const KafkaBrokerOptions& options, std::string purpose, Attempt attempt) {
  KafkaPatience patience(options, std::move(purpose));
  while (true) {
    try {
      return attempt(patience.attemptTimeout());
    } catch (const BrokerError& error) {
      if (error.kind() != BrokerErrorKind::Unavailable) {
        throw;
      }
      patience.failed(error.what());
    }
  }
}

}  // namespace auspex::engine
