// SPDX-License-Identifier: Apache-2.0
// The way to model servers behind topics, for all tasks of a process: a thread that writes their
// requests and reads the replies.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/requests/TopicExchange.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::engine {

/// Any thread may call any method but turn(). Callbacks come on the thread that runs turn().
class TopicTransport final : public operators::HttpTransport {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// With a thread of its own, which the first request starts.
  explicit TopicTransport(std::shared_ptr<Broker> broker);
  /// For tests: without a thread, by a clock of theirs; they call turn().
  TopicTransport(std::shared_ptr<Broker> broker, std::string prefix, std::function<Time()> clock);
  /// Answers what waits, with Broken.
  ~TopicTransport() override;
  TopicTransport(const TopicTransport&) = delete;
  TopicTransport& operator=(const TopicTransport&) = delete;

  void send(operators::HttpRequest request,
            std::function<void(operators::HttpResponse)> done) override;
  Time now() const override { return clock_(); }
  void callAt(Time time, std::function<void()> action) override;

  /// Sends what was asked for, hands out replies and what is overdue, and calls actions that are
  /// due; true: there was something. Never waits.
  bool turn();

 private:
  struct Asked {
    operators::HttpRequest request;
    std::function<void(operators::HttpResponse)> done;
    Time askedAt;
  };

  void startThread();
  void run(const std::stop_token& stop);
  std::chrono::milliseconds pause();

  const std::shared_ptr<Broker> broker_;
  const std::function<Time()> clock_;
  const bool hasThread_;
  const std::shared_ptr<Wakeup> wakeup_;
  TopicExchange exchange_;  // of the thread that runs turn()
  std::mutex mutex_;        // guards what follows
  std::vector<Asked> asked_;
  std::multimap<Time, std::function<void()>> timers_;
  std::jthread thread_;
};

}  // namespace auspex::engine
