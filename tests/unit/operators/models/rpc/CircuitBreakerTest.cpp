// SPDX-License-Identifier: Apache-2.0
// The breaker's states, and the quantiles of latencies.
#include "operators/models/rpc/CircuitBreaker.h"

#include <doctest/doctest.h>

#include <vector>

#include "operators/models/rpc/LatencyHistogram.h"
#include "operators/models/rpc/RemoteHealth.h"

using namespace auspex::operators;
using std::chrono::milliseconds;
using State = CircuitBreaker::State;

namespace {

const CircuitBreaker::Time kStart{std::chrono::hours(1)};

/// Asks and fails so many times.
void failOften(CircuitBreaker& breaker, int times) {
  for (int i = 0; i < times; ++i) {
    const auto permit = breaker.ask(kStart);
    REQUIRE(permit);
    breaker.failed(*permit, kStart);
  }
}

CircuitBreaker opened() {
  CircuitBreaker breaker(0.5, milliseconds(100));
  failOften(breaker, 8);
  REQUIRE(breaker.state() == State::Open);
  return breaker;
}

}  // namespace

TEST_CASE("A breaker opens when the share of failures is reached, over enough requests") {
  CircuitBreaker breaker(0.5, milliseconds(100));
  failOften(breaker, 7);
  CHECK(breaker.state() == State::Closed);
  failOften(breaker, 1);
  CHECK(breaker.state() == State::Open);
  CHECK(breaker.timesOpened() == 1);
  CHECK_FALSE(breaker.ask(kStart + milliseconds(99)));

  CircuitBreaker half(0.5, milliseconds(100));
  for (int i = 0; i < 1000; ++i) {
    half.succeeded(*half.ask(kStart));
    half.succeeded(*half.ask(kStart));
    failOften(half, 1);
  }
  CHECK(half.state() == State::Closed);  // a third fails
  for (int i = 0; half.state() == State::Closed; ++i) {
    REQUIRE(i < 12);
    failOften(half, 1);
  }

  CircuitBreaker never(1.0, milliseconds(100));
  never.succeeded(*never.ask(kStart));
  failOften(never, 31);
  CHECK(never.state() == State::Closed);
  failOften(never, 1);
  CHECK(never.state() == State::Open);
}

TEST_CASE("After the pause one request tries; each success lets twice as many through") {
  CircuitBreaker breaker = opened();
  const auto later = kStart + milliseconds(100);
  std::vector<CircuitBreaker::Permit> permits;
  for (const size_t allowed : {1U, 2U}) {
    permits.clear();
    while (const auto permit = breaker.ask(later)) {
      permits.push_back(*permit);
      REQUIRE(permits.size() < 100);
    }
    CHECK(permits.size() == allowed);
    CHECK(breaker.state() == State::HalfOpen);
    breaker.succeeded(permits[0]);
    if (allowed == 2) {
      breaker.giveBack(permits[1]);
    }
  }
  for (int i = 0; breaker.state() == State::HalfOpen; ++i) {
    REQUIRE(i < 4);
    breaker.succeeded(*breaker.ask(later));
  }
  CHECK(breaker.state() == State::Closed);
}

TEST_CASE("A failure while it tries opens the breaker again, for another pause") {
  CircuitBreaker breaker = opened();
  const auto later = kStart + milliseconds(150);
  const auto permit = breaker.ask(later);
  REQUIRE(permit);
  breaker.failed(*permit, later);
  CHECK(breaker.state() == State::Open);
  CHECK(breaker.retryAt() == later + milliseconds(100));
  CHECK(breaker.timesOpened() == 2);
}

TEST_CASE("What was sent before the state changed says nothing of now") {
  CircuitBreaker breaker(0.5, milliseconds(100));
  const auto early = breaker.ask(kStart);
  failOften(breaker, 8);
  breaker.succeeded(*early);
  CHECK(breaker.state() == State::Open);
  const auto probe = breaker.ask(kStart + milliseconds(100));
  REQUIRE(probe);
  breaker.failed(*early, kStart);
  CHECK(breaker.state() == State::HalfOpen);
  CHECK_FALSE(breaker.ask(kStart + milliseconds(100)));  // the probe is still the one
  breaker.giveBack(*probe);
  CHECK(breaker.ask(kStart + milliseconds(100)));
}

TEST_CASE("Who waits is woken when more requests are let through, and when the pause begins") {
  RemoteHealth health(0.5, milliseconds(100));
  int numWoken = 0;
  const auto wake = std::make_shared<const std::function<void()>>([&] { ++numWoken; });
  health.notify(wake);
  health.notify(wake);
  health.succeeded(*health.ask(kStart));
  CHECK(numWoken == 0);
  for (int i = 0; i < 8; ++i) {
    health.failed(*health.ask(kStart), kStart, "away");
  }
  CHECK(health.breakerState() == State::Open);
  CHECK(numWoken == 1);
  CHECK(health.retryAt() == kStart + milliseconds(100));
  const auto probe = health.ask(kStart + milliseconds(100));
  REQUIRE(probe);
  CHECK_FALSE(health.ask(kStart + milliseconds(100)));
  CHECK_FALSE(health.retryAt());
  health.succeeded(*probe);
  CHECK(numWoken == 2);
  CHECK(health.snapshot().lastFailure == "away");
  CHECK(health.snapshot().failures == 8);
}

TEST_CASE("Quantiles are right to a sixteenth, whatever the size") {
  LatencyHistogram histogram;
  CHECK(histogram.quantile(0.5).count() == 0);
  for (int i = 1; i <= 1000; ++i) {
    histogram.add(std::chrono::microseconds(i * 10));
  }
  CHECK(histogram.count() == 1000);
  CHECK(histogram.quantile(0.5).count() >= 5000);
  CHECK(histogram.quantile(0.5).count() <= 5000 * 17 / 16);
  CHECK(histogram.quantile(0.99).count() >= 9900);
  CHECK(histogram.quantile(0.99).count() <= 10'000);
  CHECK(histogram.quantile(1.0).count() == 10'000);
  CHECK(histogram.largest().count() == 10'000);
  for (int64_t value : {0L, 1L, 15L, 16L, 17L, 31L, 32L, 1000L, 1L << 20, (1L << 35) - 1}) {
    LatencyHistogram one;
    one.add(std::chrono::microseconds(value));
    CHECK(one.quantile(0.5).count() == value);
  }
  LatencyHistogram extreme;
  extreme.add(std::chrono::hours(1'000'000));
  extreme.add(std::chrono::microseconds(-5));
  CHECK(extreme.count() == 2);
  CHECK(extreme.quantile(0.1).count() == 0);
}
