// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/RemoteHealth.h"

#include <algorithm>
#include <utility>

namespace auspex::operators {

namespace {

LatencyQuantiles quantilesOf(const LatencyHistogram& histogram) {
  return {histogram.count(), histogram.quantile(0.5), histogram.quantile(0.99),
          histogram.largest()};
}

}  // namespace

std::optional<RemoteHealth::Permit> RemoteHealth::ask(Time now) {
  const std::lock_guard lock(mutex_);
  return breaker_.ask(now);
}

std::optional<RemoteHealth::Time> RemoteHealth::retryAt() const {
  const std::lock_guard lock(mutex_);
  if (breaker_.state() != CircuitBreaker::State::Open) {
    return std::nullopt;
  }
  return breaker_.retryAt();
}

CircuitBreaker::State RemoteHealth::breakerState() const {
  const std::lock_guard lock(mutex_);
  return breaker_.state();
}

void RemoteHealth::succeeded(Permit permit) {
  bool letsMoreThrough = false;
  {
    const std::lock_guard lock(mutex_);
    letsMoreThrough = breaker_.state() == CircuitBreaker::State::HalfOpen;
    breaker_.succeeded(permit);
  }
  if (letsMoreThrough) {
    wakeAll();
  }
}

void RemoteHealth::noteAnswered(Time sentAt) {
  const std::lock_guard lock(mutex_);
  latestAnswered_ = std::max(latestAnswered_.value_or(sentAt), sentAt);
}

bool RemoteHealth::hasAnsweredSince(Time sentAt) const {
  const std::lock_guard lock(mutex_);
  return latestAnswered_ && *latestAnswered_ >= sentAt;
}

void RemoteHealth::failed(Permit permit, Time now, const std::string& reason) {
  bool isOpen = false;
  {
    const std::lock_guard lock(mutex_);
    const bool wasOpen = breaker_.state() == CircuitBreaker::State::Open;
    breaker_.failed(permit, now);
    isOpen = breaker_.state() == CircuitBreaker::State::Open && !wasOpen;
    ++counters_.failures;
    counters_.lastFailure = reason;
  }
  // Those who wait for a turn have to set their clocks by the pause now.
  if (isOpen) {
    wakeAll();
  }
}

void RemoteHealth::giveBack(Permit permit) {
  {
    const std::lock_guard lock(mutex_);
    breaker_.giveBack(permit);
  }
  wakeAll();
}

void RemoteHealth::notify(std::weak_ptr<const std::function<void()>> wake) {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_,
                [&](const auto& known) { return known.expired() || known.lock() == wake.lock(); });
  waiting_.push_back(std::move(wake));
}

void RemoteHealth::wakeAll() {
  std::vector<std::weak_ptr<const std::function<void()>>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = waiting_;
  }
  for (const auto& known : waiting) {
    if (const auto wake = known.lock()) {
      (*wake)();
    }
  }
}

void RemoteHealth::addLatencies(std::chrono::microseconds queue, std::chrono::microseconds wire) {
  const std::lock_guard lock(mutex_);
  queue_.add(queue);
  wire_.add(wire);
}

RemoteCounters RemoteHealth::snapshot() const {
  const std::lock_guard lock(mutex_);
  RemoteCounters counters = counters_;
  counters.queue = quantilesOf(queue_);
  counters.wire = quantilesOf(wire_);
  counters.breaker = breaker_.state();
  counters.breakerOpened = breaker_.timesOpened();
  return counters;
}

}  // namespace auspex::operators
