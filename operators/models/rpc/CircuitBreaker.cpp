// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/CircuitBreaker.h"

#include "operators/data/Assert.h"

namespace auspex::operators {

void CircuitBreaker::enter(State state) {
  state_ = state;
  ++period_;
  numRecorded_ = 0;
  numFailed_ = 0;
  next_ = 0;
  outstanding_ = 0;
  allowed_ = 1;
}

std::optional<CircuitBreaker::Permit> CircuitBreaker::ask(Time now) {
  if (state_ == State::Open && now >= retryAt_) {
    enter(State::HalfOpen);
  }
  if (state_ == State::Open || (state_ == State::HalfOpen && outstanding_ >= allowed_)) {
    return std::nullopt;
  }
  ++outstanding_;
  return Permit{period_};
}

void CircuitBreaker::record(bool hasFailed) {
  if (numRecorded_ == kWindow) {
    numFailed_ -= window_[next_] ? 1 : 0;
  } else {
    ++numRecorded_;
  }
  window_[next_] = hasFailed;
  next_ = (next_ + 1) % kWindow;
  numFailed_ += hasFailed ? 1 : 0;
}

void CircuitBreaker::succeeded(Permit permit) {
  if (permit.period != period_) {
    return;  // sent before the state changed: tells nothing of now
  }
  AUSPEX_ASSERT(outstanding_ > 0);
  --outstanding_;
  if (state_ == State::Closed) {
    record(false);
    return;
  }
  allowed_ *= 2;
  if (allowed_ > kFullRamp) {
    enter(State::Closed);
  }
}

void CircuitBreaker::failed(Permit permit, Time now) {
  if (permit.period != period_) {
    return;
  }
  AUSPEX_ASSERT(outstanding_ > 0);
  --outstanding_;
  if (state_ == State::Closed) {
    record(true);
    if (numRecorded_ < kMinRequests || numFailed_ < failures_ * numRecorded_) {
      return;
    }
  }
  enter(State::Open);
  ++timesOpened_;
  retryAt_ = now + pause_;
}

void CircuitBreaker::giveBack(Permit permit) {
  if (permit.period == period_) {
    AUSPEX_ASSERT(outstanding_ > 0);
    --outstanding_;
  }
}

}  // namespace auspex::operators
