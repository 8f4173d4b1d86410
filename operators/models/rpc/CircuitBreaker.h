// SPDX-License-Identifier: Apache-2.0
// Stops asking a server that does not answer, and finds out when it is back without overrunning it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace auspex::operators {

/// ```
///            share of failures >= limit            pause is over
///   Closed ------------------------------> Open -----------------> HalfOpen
///     ^                                      ^                        |  one request, then with
///     |                                      +---- a failure ---------+  each success twice as
///     many
///     +------------------ kFullRamp at a time went well --------------+
/// ```
/// One thread at a time: RemoteHealth guards it.
class CircuitBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State : uint8_t { Closed, Open, HalfOpen };

  /// A request may be sent; it has to be told to succeeded, failed or giveBack. Tells the breaker
  /// which of its states the request was sent in.
  struct Permit {
    uint64_t period = 0;
  };

  /// failures: the share of the latest requests that opens it, in (0, 1].
  CircuitBreaker(double failures, std::chrono::milliseconds pause)
      : failures_(failures), pause_(pause) {}

  /// nullopt: not now. Moves from Open to HalfOpen when the pause is over.
  std::optional<Permit> ask(Time now);
  void succeeded(Permit permit);
  void failed(Permit permit, Time now);
  /// Nothing came of the request, and nobody waits for it any more.
  void giveBack(Permit permit);

  State state() const { return state_; }
  /// When a request may try whether the server is back; only while Open.
  Time retryAt() const { return retryAt_; }
  uint64_t timesOpened() const { return timesOpened_; }

 private:
  /// The latest requests that the share is counted over, and how many there must be: one request
  /// of two that fails is no reason.
  static constexpr uint32_t kWindow = 32;
  static constexpr uint32_t kMinRequests = 8;
  static constexpr uint32_t kFullRamp = 16;

  void record(bool hasFailed);
  void enter(State state);

  double failures_;
  std::chrono::milliseconds pause_;
  State state_ = State::Closed;
  uint64_t period_ = 0;  ///< counts the changes of state
  std::array<bool, kWindow> window_{};
  uint32_t numRecorded_ = 0;
  uint32_t numFailed_ = 0;
  uint32_t next_ = 0;
  Time retryAt_{};
  uint32_t allowed_ = 0;      ///< HalfOpen: requests at a time
  uint32_t outstanding_ = 0;  ///< HalfOpen: requests of this period under way
  uint64_t timesOpened_ = 0;
};

}  // namespace auspex::operators
