// SPDX-License-Identifier: Apache-2.0
#include "engine/requests/TopicExchange.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/WallClock.h"
#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/models/kafka/TopicAddress.h"

namespace auspex::engine {
namespace {

using operators::HttpRequest;
using operators::HttpResponse;
using Failure = operators::HttpResponse::Failure;

/// Polls of a partition before the others have their turn.
constexpr int kPollsAtATime = 8;
/// Until a reader that failed is tried again, or a topic without replies is looked at again.
constexpr std::chrono::milliseconds kRetryPause{500};

HttpResponse failed(Failure failure, std::string message) {
  HttpResponse response;
  response.failure = failure;
  response.message = std::move(message);
  return response;
}

std::vector<operators::Header> recordHeaders(const operators::HttpHeaders& given) {
  std::vector<operators::Header> headers;
  for (const auto& [name, value] : given) {
    headers.push_back({name, value});
  }
  return headers;
}

std::chrono::microseconds between(TopicExchange::Time earlier, TopicExchange::Time later) {
  return std::chrono::duration_cast<std::chrono::microseconds>(later - earlier);
}

}  // namespace

TopicExchange::TopicExchange(Broker& broker, std::string prefix, std::shared_ptr<Wakeup> wakeup)
    : broker_(broker), prefix_(std::move(prefix)), wakeup_(std::move(wakeup)) {
}

TopicExchange::~TopicExchange() = default;

void TopicExchange::send(const HttpRequest& request, Done done, Time askedAt, Time now) {
  const std::optional<operators::TopicAddress> address = operators::parseTopicUrl(request.url);
  AUSPEX_ASSERT(address.has_value());
  const Time deadline = askedAt + request.timeout;
  if (deadline <= now) {
    done(failed(Failure::Timeout, "the broker was not there in time"));
    return;
  }
  std::string key = fmt::format("{}-{}", prefix_, nextNumber_);
  try {
    listen(address->replyTopic);  // before the request: no reply is missed
    operators::OutgoingRecord record;
    record.partition = choosePartition(address->requestTopic);
    record.key = key;
    record.value = request.body;
    record.timestamp = wallClock();
    record.headers = recordHeaders(request.headers);
    if (producer_ == nullptr) {
      producer_ = broker_.openRecordProducer();
    }
    producer_->send(address->requestTopic, {&record, 1});
  } catch (const BrokerError& error) {
    const bool isRefused = error.kind() == BrokerErrorKind::Refused;
    done(failed(isRefused ? Failure::NotTaken : Failure::Connect, error.what()));
    return;
  }
  ++nextNumber_;
  Waiting& waiting = waiting_[key];
  waiting.replyTopic = address->replyTopic;
  waiting.done = std::move(done);
  waiting.askedAt = askedAt;
  waiting.sentAt = now;
  waiting.maxAnswerBytes = request.maxAnswerBytes;
  waiting.deadline = deadlines_.emplace(deadline, std::move(key));
}

/// One after the other: requests are alike, and servers that share them have partitions each.
int32_t TopicExchange::choosePartition(const std::string& topic) {
  const std::optional<TopicDescription> description = broker_.topic(topic);
  if (!description) {
    throw BrokerError(BrokerErrorKind::Rejected, fmt::format("Unknown topic: '{}'.", topic));
  }
  return static_cast<int32_t>(nextNumber_ % static_cast<uint64_t>(description->numPartitions));
}

/// Reads the replies in a topic from its end on, if it is not read already.
void TopicExchange::listen(const std::string& topic) {
  if (replies_.contains(topic)) {
    return;
  }
  const std::optional<TopicDescription> description = broker_.topic(topic);
  if (!description) {
    throw BrokerError(BrokerErrorKind::Rejected, fmt::format("Unknown topic: '{}'.", topic));
  }
  ReplyTopic replies;
  for (int32_t partition = 0; partition < description->numPartitions; ++partition) {
    // The committed end: what is in a transaction now may be a reply of later, and is passed over
    // if it is not.
    const int64_t end = broker_.endOffset({topic, partition}, Isolation::ReadCommitted);
    replies.partitions.push_back(
        {broker_.openReader({topic, partition}, end, Isolation::ReadCommitted, wakeup_), end});
  }
  replies_.emplace(topic, std::move(replies));
}

bool TopicExchange::poll(Time now) {
  bool worked = false;
  for (auto& [topic, replies] : replies_) {
    if (replies.lookAgainAt && *replies.lookAgainAt <= now) {
      lookAgain(topic, replies, now);
    }
    worked |= readReplies(topic, replies, now);
  }
  return expire(now) || worked;
}

/// Opens the readers that are missing: that failed, or are of partitions that were added since.
void TopicExchange::lookAgain(const std::string& topic, ReplyTopic& replies, Time now) {
  replies.lookAgainAt.reset();
  try {
    const std::optional<TopicDescription> description = broker_.topic(topic);
    const auto numPartitions = static_cast<size_t>(description ? description->numPartitions : 0);
    replies.partitions.resize(std::max(replies.partitions.size(), numPartitions));
    for (size_t i = 0; i < numPartitions; ++i) {
      ReplyPartition& partition = replies.partitions[i];
      const TopicPartition name{topic, static_cast<int32_t>(i)};
      const int64_t begin = broker_.beginOffset(name);
      const int64_t end = broker_.endOffset(name, Isolation::ReadUncommitted);
      if (partition.position < begin || partition.position > end) {
        // Deleted by retention, or with the whole topic, which is another now.
        partition.reader.reset();
        partition.position = begin;
      }
      if (partition.reader == nullptr) {
        partition.reader =
            broker_.openReader(name, partition.position, Isolation::ReadCommitted, wakeup_);
      }
    }
  } catch (const BrokerError& error) {
    spdlog::warn("topic={} the replies of a model server cannot be read: {}", topic, error.what());
    replies.lookAgainAt = now + kRetryPause;
  }
}

bool TopicExchange::readReplies(const std::string& topic, ReplyTopic& replies, Time now) {
  bool worked = false;
  for (ReplyPartition& partition : replies.partitions) {
    if (partition.reader == nullptr) {
      continue;
    }
    try {
      worked |= readPartition(topic, partition, now);
    } catch (const BrokerError& error) {
      spdlog::warn("topic={} the replies of a model server cannot be read: {}", topic,
                   error.what());
      partition.reader.reset();
      replies.lookAgainAt = now + kRetryPause;
    }
  }
  return worked;
}

bool TopicExchange::readPartition(const std::string& topic, ReplyPartition& partition, Time now) {
  bool worked = false;
  for (int i = 0; i < kPollsAtATime; ++i) {
    const auto fetched = partition.reader->poll(kRecordsPerPoll);
    partition.position = partition.reader->position();
    if (fetched == nullptr) {
      return worked;
    }
    worked = true;
    for (const operators::Record& record : fetched->records) {
      receive(topic, record, now);
    }
  }
  wakeup_->notify();  // there is more
  return worked;
}

void TopicExchange::receive(const std::string& topic, const operators::Record& record, Time now) {
  const auto found = record.key ? waiting_.find(std::string(*record.key)) : waiting_.end();
  if (found == waiting_.end() || found->second.replyTopic != topic) {
    return;  // somebody else's, too late, or there already
  }
  const Waiting waiting = std::move(found->second);
  deadlines_.erase(waiting.deadline);
  waiting_.erase(found);
  HttpResponse response;
  if (!record.value) {
    response = failed(Failure::Broken, "the reply is null");
  } else if (record.value->size() > waiting.maxAnswerBytes) {
    response = failed(Failure::TooLarge,
                      fmt::format("the reply is larger than {} bytes", waiting.maxAnswerBytes));
  } else {
    response.status = 200;
    response.body = *record.value;
    for (const operators::Header& header : record.headers) {
      response.headers.emplace_back(operators::asciiLower(header.key), header.value.value_or(""));
    }
  }
  response.waited = between(waiting.askedAt, waiting.sentAt);
  response.exchanged = between(waiting.sentAt, now);
  waiting.done(std::move(response));
}

bool TopicExchange::expire(Time now) {
  bool worked = false;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto found = waiting_.find(deadlines_.begin()->second);
    AUSPEX_ASSERT(found != waiting_.end());
    const Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    deadlines_.erase(deadlines_.begin());
    worked = true;
    // The reply may be where nobody reads yet.
    ReplyTopic& replies = replies_.at(waiting.replyTopic);
    replies.lookAgainAt = replies.lookAgainAt.value_or(now);
    HttpResponse response = failed(
        Failure::Timeout, fmt::format("no reply came from topic '{}' in time", waiting.replyTopic));
    response.waited = between(waiting.askedAt, waiting.sentAt);
    response.exchanged = between(waiting.sentAt, now);
    waiting.done(std::move(response));
  }
  return worked;
}

std::optional<TopicExchange::Time> TopicExchange::nextDeadline() const {
  std::optional<Time> next;
  if (!deadlines_.empty()) {
    next = deadlines_.begin()->first;
  }
  for (const auto& [topic, replies] : replies_) {
    if (replies.lookAgainAt) {
      next = std::min(next.value_or(*replies.lookAgainAt), *replies.lookAgainAt);
    }
  }
  return next;
}

void TopicExchange::close() {
  deadlines_.clear();
  for (auto& [key, waiting] : std::exchange(waiting_, {})) {
    waiting.done(failed(Failure::Broken, "the engine stops"));
  }
}

}  // namespace auspex::engine
