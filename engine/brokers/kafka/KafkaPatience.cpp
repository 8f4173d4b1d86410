// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaPatience.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

namespace auspex::engine {
namespace {

constexpr std::chrono::seconds kAnnounceAfter{1};
constexpr std::chrono::milliseconds kLongestPause{500};
constexpr std::chrono::milliseconds kShortAttempt{1500};
constexpr std::chrono::milliseconds kLongAttempt{5000};

}  // namespace

KafkaPatience::KafkaPatience(const KafkaBrokerOptions& options, std::string purpose)
    : options_(options), purpose_(std::move(purpose)), start_(std::chrono::steady_clock::now()) {
}

std::chrono::milliseconds KafkaPatience::attemptTimeout() const {
  // Short at first, so that the announcement does not come late, and while somebody may give up.
  const bool isShort = !announced_ || options_.stopWaiting;
  return std::min(isShort ? kShortAttempt : kLongAttempt, options_.requestTimeout);
}

void KafkaPatience::failed(const std::string& reason) {
  const auto waited = std::chrono::steady_clock::now() - start_;
  const auto limit = options_.unreachableTimeout;
  if ((limit.count() > 0 && waited >= limit) || (options_.stopWaiting && options_.stopWaiting())) {
    throw BrokerError(BrokerErrorKind::Unavailable,
                      fmt::format("Kafka at {} is not reachable, waited {} s to {}: {}",
                                  options_.bootstrapServers,
                                  std::chrono::duration_cast<std::chrono::seconds>(waited).count(),
                                  purpose_, reason));
  }
  if (!announced_ && waited >= kAnnounceAfter) {
    announced_ = true;
    const std::string line = fmt::format("waiting for Kafka at {} to {} ({})",
                                         options_.bootstrapServers, purpose_, reason);
    if (options_.onWaiting) {
      options_.onWaiting(line);
    } else {
      fmt::print(stderr, "{}\n", line);
    }
  }
  std::this_thread::sleep_for(pause_);
  pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace auspex::engine
