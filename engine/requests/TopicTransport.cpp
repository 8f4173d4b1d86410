// SPDX-License-Identifier: Apache-2.0
#include "engine/requests/TopicTransport.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

namespace auspex::engine {
namespace {

/// The thread looks around that often even when nothing wakes it.
constexpr std::chrono::milliseconds kLongestSleep{500};

/// No two processes, and no two lives of one, have the same: a reply to a life before is of nobody.
std::string randomPrefix() {
  std::random_device random;
  return fmt::format("auspex-{:08x}{:08x}", random(), random());
}

}  // namespace

TopicTransport::TopicTransport(std::shared_ptr<Broker> broker)
    : broker_(std::move(broker)),
      clock_([] { return std::chrono::steady_clock::now(); }),
      hasThread_(true),
      wakeup_(std::make_shared<Wakeup>()),
      exchange_(*broker_, randomPrefix(), wakeup_) {
}

TopicTransport::TopicTransport(std::shared_ptr<Broker> broker, std::string prefix,
                               std::function<Time()> clock)
    : broker_(std::move(broker)),
      clock_(std::move(clock)),
      hasThread_(false),
      wakeup_(std::make_shared<Wakeup>()),
      exchange_(*broker_, std::move(prefix), wakeup_) {
}

TopicTransport::~TopicTransport() {
  if (thread_.joinable()) {
    thread_.request_stop();
    wakeup_->notify();
    thread_.join();
  }
  exchange_.close();
  for (const Asked& asked : asked_) {
    operators::HttpResponse response;
    response.failure = operators::HttpResponse::Failure::Broken;
    response.message = "the engine stops";
    asked.done(std::move(response));
  }
}

void TopicTransport::send(operators::HttpRequest request,
                          std::function<void(operators::HttpResponse)> done) {
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back({std::move(request), std::move(done), clock_()});
    startThread();
  }
  wakeup_->notify();
}

void TopicTransport::callAt(Time time, std::function<void()> action) {
  {
    const std::lock_guard lock(mutex_);
    timers_.emplace(time, std::move(action));
    startThread();
  }
  wakeup_->notify();
}

/// With mutex_ held.
void TopicTransport::startThread() {
  if (hasThread_ && !thread_.joinable()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
}

void TopicTransport::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    turn();
    wakeup_->wait(pause());
  }
}

/// Until something is due that no reply brings about.
std::chrono::milliseconds TopicTransport::pause() {
  std::optional<Time> next = exchange_.nextDeadline();
  {
    const std::lock_guard lock(mutex_);
    if (!timers_.empty()) {
      next = std::min(next.value_or(timers_.begin()->first), timers_.begin()->first);
    }
  }
  const Time now = clock_();
  if (!next || *next >= now + kLongestSleep) {
    return kLongestSleep;
  }
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(*next - now),
                  std::chrono::milliseconds(0));
}

bool TopicTransport::turn() {
  std::vector<Asked> asked;
  std::vector<std::function<void()>> actions;
  const Time now = clock_();
  {
    const std::lock_guard lock(mutex_);
    asked.swap(asked_);
    const auto firstLater = timers_.upper_bound(now);
    for (auto timer = timers_.begin(); timer != firstLater; ++timer) {
      actions.push_back(std::move(timer->second));
    }
    timers_.erase(timers_.begin(), firstLater);
  }
  for (Asked& request : asked) {
    exchange_.send(request.request, std::move(request.done), request.askedAt, now);
  }
  for (const auto& action : actions) {
    action();
  }
  const bool worked = exchange_.poll(now);
  return worked || !asked.empty() || !actions.empty();
}

}  // namespace auspex::engine
