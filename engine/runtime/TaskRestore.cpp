// SPDX-License-Identifier: Apache-2.0
// How a task finds out what was committed: at its start, and after a commit whose answer was lost.
#include <fmt/format.h>

#include <algorithm>

#include "engine/runtime/Task.h"
#include "stateStore/Changelog.h"

namespace auspex::engine {
namespace {

constexpr size_t kRestoreFetch = 4096;

}  // namespace

void Task::restore() {
  const TopicPartition log{assignment_.changelogTopic, assignment_.partition};
  // The end is the read-uncommitted one: the last stable offset may lag behind a finished commit.
  const int64_t end = broker_.endOffset(log, Isolation::ReadUncommitted);
  const int64_t begin = broker_.beginOffset(log);
  int64_t start = state_->changelogOffset() ? *state_->changelogOffset() + 1 : begin;
  start = std::max(start, begin);
  auto wakeup = std::make_shared<Wakeup>();
  const auto reader = broker_.openReader(log, start, Isolation::ReadCommitted, wakeup);
  state_->beginRestore();
  int64_t lastMarker = start - 1;
  while (reader->position() < end) {
    const auto fetched = reader->poll(kRestoreFetch);
    if (!fetched) {
      wakeup->wait(std::chrono::milliseconds(20));
      continue;
    }
    for (const operators::Record& record : fetched->records) {
      if (record.offset >= end) {
        break;
      }
      state_->restoreRecord(record.key.value_or(std::string_view()), record.value, record.offset);
      if (record.key && stateStore::ChangelogCodec::isMarkerKey(*record.key)) {
        lastMarker = record.offset;
      }
    }
  }
  const std::optional<stateStore::Marker> marker = state_->finishRestore();
  changelogPosition_ = lastMarker;
  sequence_ = marker ? marker->sequence : 0;
}

void Task::seekToCommitted() {
  std::vector<TopicPartition> partitions;
  for (const TaskInput& input : inputs_) {
    partitions.push_back(input.partition());
  }
  Offsets committed;
  if (!assignment_.group.empty()) {
    committed = broker_.committedOffsets(assignment_.group, partitions);
  }
  if (changelog_ && state_->marker()) {
    for (const stateStore::InputOffset& input : state_->marker()->inputs) {
      const TopicPartition partition{input.topic, input.partition};
      const auto group = committed.find(partition);
      if (group != committed.end() && group->second != input.offset) {
        throw BrokerError(
            BrokerErrorKind::Fatal,
            fmt::format("{}: state and input disagree: the state was committed at offset {} of "
                        "{}-{}, the group {} at {}. Nothing was changed. Reset both or neither.",
                        name(), input.offset, input.topic, input.partition, assignment_.group,
                        group->second));
      }
      committed[partition] = input.offset;
    }
  }
  for (TaskInput& input : inputs_) {
    const auto known = committed.find(input.partition());
    int64_t position = 0;
    if (known != committed.end()) {
      position = known->second;
    } else if (settings_.offsetReset == OffsetReset::Earliest) {
      position = broker_.beginOffset(input.partition());
    } else {
      position = broker_.endOffset(input.partition(), Isolation::ReadCommitted);
    }
    input.openAt(broker_, position, wakeup_);
  }
}

std::optional<bool> Task::wasCommitted() {
  if (!hasUncommitted_) {
    return std::nullopt;
  }
  if (changelog_) {
    const std::optional<stateStore::Marker> last = readLastMarker();
    return last && *last == *intended_;
  }
  if (assignment_.group.empty()) {
    return std::nullopt;
  }
  std::vector<TopicPartition> partitions;
  for (const TaskInput& input : inputs_) {
    partitions.push_back(input.partition());
  }
  return broker_.committedOffsets(assignment_.group, partitions) == positions();
}

std::optional<stateStore::Marker> Task::readLastMarker() {
  const TopicPartition log{assignment_.changelogTopic, assignment_.partition};
  const int64_t end = broker_.endOffset(log, Isolation::ReadUncommitted);
  const int64_t start = std::max(changelogPosition_, broker_.beginOffset(log));
  auto wakeup = std::make_shared<Wakeup>();
  const auto reader = broker_.openReader(log, start, Isolation::ReadCommitted, wakeup);
  std::optional<stateStore::Marker> last = state_->marker();
  while (reader->position() < end) {
    const auto fetched = reader->poll(kRestoreFetch);
    if (!fetched) {
      wakeup->wait(std::chrono::milliseconds(20));
      continue;
    }
    for (const operators::Record& record : fetched->records) {
      if (record.key && stateStore::ChangelogCodec::isMarkerKey(*record.key) && record.value) {
        last = stateStore::Marker::decode(*record.value);
      }
    }
  }
  return last;
}

}  // namespace auspex::engine
