// SPDX-License-Identifier: Apache-2.0
#include "engine/BrokerCommandLog.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "engine/WallClock.h"
#include "engine/brokers/CommittedRecords.h"
#include "engine/brokers/EnsureTopic.h"

namespace auspex::engine {
namespace {

constexpr std::string_view kQueryIdHeader = "auspex.queryId";
constexpr std::string_view kWriterHeader = "auspex.writer";
constexpr std::string_view kDetailPrefix = "auspex.detail.";

bool isWrittenBy(const operators::Record& record, std::string_view writer) {
  return std::any_of(record.headers.begin(), record.headers.end(),
                     [&](const operators::Header& header) {
                       return header.key == kWriterHeader && header.value == writer;
                     });
}

queries::Command toCommand(const operators::Record& record) {
  queries::Command command;
  command.object = std::string(*record.key);
  command.text = std::string(*record.value);
  for (const operators::Header& header : record.headers) {
    const std::string value(header.value.value_or(std::string_view()));
    if (header.key == kQueryIdHeader) {
      command.queryId = value;
    } else if (header.key.starts_with(kDetailPrefix)) {
      command.details[std::string(header.key.substr(kDetailPrefix.size()))] = value;
    }
  }
  return command;
}

}  // namespace

BrokerCommandLog::BrokerCommandLog(Broker& broker, const std::string& serviceId,
                                   const std::string& instanceId)
    : broker_(broker),
      topic_(topicOf(serviceId)),
      transactionalId_(fmt::format("{}-{}-commands", serviceId, instanceId)),
      writer_(fmt::format("{}-{:x}", instanceId,
                          std::chrono::system_clock::now().time_since_epoch().count())) {
}

std::string BrokerCommandLog::topicOf(const std::string& serviceId) {
  return fmt::format("_auspex-{}-commands", serviceId);
}

std::vector<queries::Command> BrokerCommandLog::read() {
  std::vector<queries::Command> commands;
  if (!broker_.topic(topic_)) {
    return commands;
  }
  // First what a process before this one has left open is settled: it would hide what follows it.
  if (!producer_) {
    producer_ = broker_.openProducer(transactionalId_);
  }
  position_ = readCommitted(broker_, {topic_, 0}, 0, [&](const operators::Record& record) {
    if (record.key && record.value) {
      commands.push_back(toCommand(record));
    }
  });
  return commands;
}

std::vector<queries::Command> BrokerCommandLog::readNew() {
  std::vector<queries::Command> commands;
  if (!reader_) {
    if (!broker_.topic(topic_)) {
      return commands;
    }
    reader_ = broker_.openReader({topic_, 0}, position_, Isolation::ReadCommitted,
                                 std::make_shared<Wakeup>());
  }
  while (const auto fetched = reader_->poll(kRecordsPerPoll)) {
    for (const operators::Record& record : fetched->records) {
      if (record.key && record.value && !isWrittenBy(record, writer_)) {
        commands.push_back(toCommand(record));
      }
    }
  }
  return commands;
}

void BrokerCommandLog::append(const queries::Command& command,
                              const std::vector<queries::InsertedRecord>& records) {
  // Kept whole, not compacted: a later command may need what an earlier one made.
  ensureTopic(broker_, {topic_, 1, -1, {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}});
  if (!producer_) {
    producer_ = broker_.openProducer(transactionalId_);
  }
  std::vector<std::string> names;
  operators::OutgoingRecord entry;
  entry.key = command.object;
  entry.value = command.text;
  entry.timestamp = wallClock();
  names.reserve(command.details.size());
  entry.headers.push_back({kWriterHeader, writer_});
  if (!command.queryId.empty()) {
    entry.headers.push_back({kQueryIdHeader, command.queryId});
  }
  for (const auto& [name, value] : command.details) {
    names.push_back(std::string(kDetailPrefix) + name);
    entry.headers.push_back({names.back(), value});
  }
  try {
    producer_->begin();
    for (const queries::InsertedRecord& inserted : records) {
      operators::OutgoingRecord record;
      record.partition = inserted.partition;
      if (inserted.key) {
        record.key = *inserted.key;
      }
      if (inserted.value) {
        record.value = *inserted.value;
      }
      record.timestamp = inserted.timestamp;
      producer_->send(inserted.topic, {&record, 1});
    }
    producer_->send(topic_, {&entry, 1});
    producer_->commit();
  } catch (const BrokerError&) {
    producer_.reset();  // whatever it left open is settled when the next one is opened
    throw;
  }
}

}  // namespace auspex::engine
