// SPDX-License-Identifier: Apache-2.0
// A model server behind topics within the test, outside of the engine's process: it lives on when
// that dies, answers late and newest first, twice, never, or with what is no reply.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/brokers/simulated/SimulatedBroker.h"
#include "tests/unit/engine/runtime/LateServer.h"

namespace auspex::engine {

/// How a TopicServer behaves; of each number n, every n-th request, 0: none.
struct TopicServerHabits {
  LateServerHabits scoring;         ///< turns, turnsAway (it reads nothing then), refused, features
  size_t doubled = 0;               ///< answered twice
  size_t lost = 0;                  ///< never answered
  size_t damaged = 0;               ///< answered with what is no JSON
  bool isSilentOverErrors = false;  ///< as MLServer: no reply to what it refuses
};

/// MLServer's form, with the score of LateServer. One thread.
class TopicServer {
 public:
  TopicServer(TopicServerHabits habits, std::string requestTopic, std::string replyTopic);

  /// Lets one turn pass: reads requests, writes the replies that are due, newest first.
  void turn(SimulatedBroker& broker);
  size_t mostWaiting() const { return mostWaiting_; }
  size_t numRequests() const { return numRequests_; }

 private:
  struct Asked {
    SimulatedRecord record;
    size_t turn = 0;
    size_t number = 0;
  };

  void read(SimulatedBroker& broker);
  void reply(SimulatedBroker& broker, const Asked& asked) const;

  const TopicServerHabits habits_;
  const std::string requestTopic_;
  const std::string replyTopic_;
  std::map<int32_t, int64_t> positions_;
  std::vector<Asked> asked_;
  size_t turn_ = 0;
  size_t numRequests_ = 0;
  size_t mostWaiting_ = 0;
};

}  // namespace auspex::engine
