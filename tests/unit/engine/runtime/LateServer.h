// SPDX-License-Identifier: Apache-2.0
// A model server within the test, behind the port that requests go through: answers some turns
// later, newest first, is away for a while, and refuses rows. It knows no time but its turns.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "operators/ports/HttpTransport.h"

namespace auspex::engine {

/// How a LateServer behaves.
struct LateServerHabits {
  size_t turns = 3;            ///< until an answer comes, and up to four more
  size_t turnsAway = 0;        ///< from the first request on, during which it refuses connections
  bool isAwayAtFirst = false;  ///< it cannot be asked for its metadata, for as long
  double refused = -1;         ///< rows with this amount are none of the model's
  std::string refusing = {};   ///< only models whose name ends so refuse; empty: all of them
  std::string deadEndpoint = {};    ///< where nobody listens
  std::string silentEndpoint = {};  ///< where requests are taken, and not answered
  size_t turnsSilent = 0;           ///< until they have timed out; 0: never
  std::vector<std::string> features = {"amount", "n"};
};

/// Speaks the Open Inference Protocol over HTTP, with the score 2 * amount + n, NULL as 0; of a
/// model whose name ends in a digit that much more. Any thread.
class LateServer final : public operators::HttpTransport {
 public:
  explicit LateServer(LateServerHabits habits) : habits_(std::move(habits)) {}

  void send(operators::HttpRequest request,
            std::function<void(operators::HttpResponse)> done) override;
  std::chrono::steady_clock::time_point now() const override;
  void callAt(std::chrono::steady_clock::time_point time, std::function<void()> action) override;

  /// What it says to a request of that model, when it is there.
  static operators::HttpResponse score(const LateServerHabits& habits, const std::string& model,
                                       const std::string& body);

  /// Lets one turn pass: answers what is due, newest first.
  void turn();
  /// The largest number of requests that waited at a time.
  size_t mostWaiting() const;
  size_t numRequests() const;

 private:
  struct Asked {
    operators::HttpRequest request;
    std::function<void(operators::HttpResponse)> done;
    size_t turn = 0;
  };
  struct Timer {
    std::chrono::steady_clock::time_point time;
    std::function<void()> action;
  };

  bool isSilentTo(const operators::HttpRequest& request) const;
  operators::HttpResponse answer(const operators::HttpRequest& request) const;
  operators::HttpResponse describe() const;

  LateServerHabits habits_;
  mutable std::mutex mutex_;  // guards all below
  std::vector<Asked> asked_;
  std::vector<Timer> timers_;
  size_t turn_ = 0;
  size_t mostWaiting_ = 0;
  size_t numRequests_ = 0;
};

}  // namespace auspex::engine
