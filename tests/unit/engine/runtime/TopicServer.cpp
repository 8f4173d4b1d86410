// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/engine/runtime/TopicServer.h"

#include <algorithm>
#include <utility>

namespace auspex::engine {
namespace {

bool isEvery(size_t number, size_t nth) {
  return nth != 0 && number % nth == nth - 1;
}

std::string modelOf(const SimulatedRecord& record) {
  for (const auto& [name, value] : record.headers) {
    if (name == "mlserver-model") {
      return value.value_or("");
    }
  }
  return "";
}

}  // namespace

TopicServer::TopicServer(TopicServerHabits habits, std::string requestTopic, std::string replyTopic)
    : habits_(std::move(habits)),
      requestTopic_(std::move(requestTopic)),
      replyTopic_(std::move(replyTopic)) {
}

void TopicServer::turn(SimulatedBroker& broker) {
  ++turn_;
  read(broker);
  mostWaiting_ = std::max(mostWaiting_, asked_.size());
  const auto waits = [&](const Asked& asked) { return asked.turn > turn_; };
  const auto first = std::stable_partition(asked_.begin(), asked_.end(), waits);
  for (auto asked = asked_.end(); asked != first;) {
    reply(broker, *--asked);
  }
  asked_.erase(first, asked_.end());
}

/// While it is away requests are lost: it begins to read at the end, as MLServer does.
void TopicServer::read(SimulatedBroker& broker) {
  const int32_t numPartitions = broker.numPartitions(requestTopic_);
  for (int32_t partition = 0; partition < numPartitions; ++partition) {
    int64_t& position = positions_[partition];
    for (const SimulatedRead& read :
         broker.records(requestTopic_, partition, Isolation::ReadCommitted, position)) {
      position = read.offset + 1;
      if (turn_ > habits_.scoring.turnsAway) {
        const size_t more = 2 * numRequests_ % 5;  // they do not all come at once
        asked_.push_back({read.record, turn_ + habits_.scoring.turns + more, numRequests_});
      }
      ++numRequests_;
    }
  }
}

void TopicServer::reply(SimulatedBroker& broker, const Asked& asked) const {
  const operators::HttpResponse answer =
      LateServer::score(habits_.scoring, modelOf(asked.record), *asked.record.value);
  const bool isRefused = answer.status != 200;
  if (isEvery(asked.number, habits_.lost) || (isRefused && habits_.isSilentOverErrors)) {
    return;
  }
  operators::OutgoingRecord record;
  record.key = *asked.record.key;
  const std::string value = isEvery(asked.number, habits_.damaged) ? "{damaged" : answer.body;
  record.value = value;
  record.timestamp = 1;
  for (int i = 0; i < (isEvery(asked.number, habits_.doubled) ? 2 : 1); ++i) {
    broker.append(replyTopic_, {&record, 1});
  }
  // And what is of nobody.
  operators::OutgoingRecord foreign = record;
  foreign.key = asked.number % 2 == 0 ? std::optional<std::string_view>() : "somebody else's";
  broker.append(replyTopic_, {&foreign, 1});
}

}  // namespace auspex::engine
