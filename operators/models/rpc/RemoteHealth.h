// SPDX-License-Identifier: Apache-2.0
// How a model behind a server fares, as all tasks that ask it see it: one breaker for all of them,
// and counters for whoever wants to know.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "operators/models/rpc/CircuitBreaker.h"
#include "operators/models/rpc/LatencyHistogram.h"

namespace auspex::operators {

struct LatencyQuantiles {
  uint64_t count = 0;
  std::chrono::microseconds median{0};
  std::chrono::microseconds p99{0};
  std::chrono::microseconds largest{0};
};

/// What happened since the version was connected.
struct RemoteCounters {
  uint64_t requests = 0;  ///< sent, retries among them
  uint64_t retries = 0;   ///< sent again after a failure
  uint64_t timeouts = 0;
  uint64_t failures = 0;  ///< requests that got no answer, or one that is none
  uint64_t halvings = 0;  ///< requests cut in two to find a row
  uint64_t rowsScored = 0;
  uint64_t rowsRefused = 0;
  uint64_t rowsUnavailable = 0;
  uint64_t bytesSent = 0;  ///< bodies
  uint64_t bytesReceived = 0;
  int64_t requestsInFlight = 0;
  int64_t rowsWaiting = 0;  ///< handed over and without an answer, in flight or not
  LatencyQuantiles queue;   ///< from a row's arrival to its request's first byte
  LatencyQuantiles wire;    ///< from there to the last byte of the answer
  CircuitBreaker::State breaker = CircuitBreaker::State::Closed;
  uint64_t breakerOpened = 0;  ///< times
  std::string lastFailure;     ///< what the latest failure said; empty: none
};

/// Any thread may call any method.
class RemoteHealth {
 public:
  using Time = CircuitBreaker::Time;
  using Permit = CircuitBreaker::Permit;

  RemoteHealth(double breakerFailures, std::chrono::milliseconds breakerPause)
      : breaker_(breakerFailures, breakerPause) {}

  std::optional<Permit> ask(Time now);
  /// When a request may try again; nullopt unless the breaker is open.
  std::optional<Time> retryAt() const;
  CircuitBreaker::State breakerState() const;

  void succeeded(Permit permit);
  /// A request that was sent then has been answered.
  void noteAnswered(Time sentAt);
  /// Whether a request that was sent then or later has been answered.
  bool hasAnsweredSince(Time sentAt) const;
  void failed(Permit permit, Time now, const std::string& reason);
  void giveBack(Permit permit);

  /// `wake` is called, on any thread, when the breaker lets more requests through than before, for
  /// as long as the owner keeps it.
  void notify(std::weak_ptr<const std::function<void()>> wake);

  /// Changes counters under the lock: count([](RemoteCounters& counters) { ++counters.retries; }).
  template <typename Change>
  void count(Change change) {
    const std::lock_guard lock(mutex_);
    change(counters_);
  }
  void addLatencies(std::chrono::microseconds queue, std::chrono::microseconds wire);

  RemoteCounters snapshot() const;

 private:
  void wakeAll();

  mutable std::mutex mutex_;  ///< guards all below
  CircuitBreaker breaker_;
  RemoteCounters counters_;
  std::optional<Time> latestAnswered_;  ///< when it was sent
  LatencyHistogram queue_;
  LatencyHistogram wire_;
  std::vector<std::weak_ptr<const std::function<void()>>> waiting_;
};

}  // namespace auspex::operators
