// SPDX-License-Identifier: Apache-2.0
// Requests to model servers as records of one topic, and their replies from another, over any
// broker: keys that nobody else has, late and repeated replies dropped, a deadline each.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/brokers/Broker.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::engine {

/// Sends outside of all transactions, since replies must be able to come before anything is
/// committed; and reads every partition of a reply topic from its end at the first request on,
/// without a group. What others asked for, what came too late, and what comes again is passed over:
///
/// ```
///   send -> written, waiting under its key -> the first reply of that key, or its deadline: done
///        -> done at once: no such topic, too large
/// ```
/// A request that is asked for again has another key, so the reply to its former one is of nobody.
/// Never waits for a server; the broker may make it wait while it cannot be reached. One thread.
class TopicExchange {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Done = std::function<void(operators::HttpResponse)>;

  /// prefix: what all keys begin with; no other exchange ever has the same. wakeup: notified when
  /// poll() may find replies.
  TopicExchange(Broker& broker, std::string prefix, std::shared_ptr<Wakeup> wakeup);
  ~TopicExchange();

  /// Writes the request, whose url is a topicUrl(). `done` is called once: by this call, by a later
  /// poll(), or by close(). askedAt: what the request's timeout counts from.
  void send(const operators::HttpRequest& request, Done done, Time askedAt, Time now);
  /// Hands out replies, and what is overdue; true: there was something.
  bool poll(Time now);
  /// When the next request is overdue, or a reader is to be tried again.
  std::optional<Time> nextDeadline() const;
  /// Answers everything that waits, with Broken.
  void close();

 private:
  struct Waiting {
    std::string replyTopic;
    Done done;
    Time askedAt;
    Time sentAt;
    size_t maxAnswerBytes = 0;
    std::multimap<Time, std::string>::iterator deadline;
  };
  struct ReplyPartition {
    std::unique_ptr<PartitionReader> reader;  ///< null: to be opened at `position`
    int64_t position = 0;
  };
  struct ReplyTopic {
    std::vector<ReplyPartition> partitions;
    std::optional<Time> lookAgainAt;  ///< readers are missing, or partitions may have been added
  };

  int32_t choosePartition(const std::string& topic);
  void listen(const std::string& topic);
  void lookAgain(const std::string& topic, ReplyTopic& replies, Time now);
  bool readReplies(const std::string& topic, ReplyTopic& replies, Time now);
  bool readPartition(const std::string& topic, ReplyPartition& partition, Time now);
  void receive(const std::string& topic, const operators::Record& record, Time now);
  bool expire(Time now);

  Broker& broker_;
  const std::string prefix_;
  const std::shared_ptr<Wakeup> wakeup_;
  std::unique_ptr<RecordProducer> producer_;
  std::map<std::string, ReplyTopic> replies_;
  std::unordered_map<std::string, Waiting> waiting_;  // by key
  std::multimap<Time, std::string> deadlines_;        // keys
  uint64_t nextNumber_ = 0;
};

}  // namespace auspex::engine
