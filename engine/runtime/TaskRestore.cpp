// SPDX-License-Identifier: Apache-2.0
// How a task finds out what was committed: at its start, and after a commit whose answer was lost.
#include <fmt/format.h>

#include <algorithm>

#include "engine/brokers/CommittedRecords.h"
#include "engine/runtime/Task.h"
#include "stateStore/Changelog.h"

namespace auspex::engine {

void Task::restore() {
  const TopicPartition log{assignment_.changelogTopic, assignment_.partition};
  int64_t lastMarker = state_->changelogOffset().value_or(-1);
  state_->beginRestore();
  readCommitted(broker_, log, lastMarker + 1, [&](const operators::Record& record) {
    state_->restoreRecord(record.key.value_or(std::string_view()), record.value, record.offset);
    if (record.key && stateStore::ChangelogCodec::isMarkerKey(*record.key)) {
      lastMarker = record.offset;
    }
  });
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
  std::optional<stateStore::Marker> last = state_->marker();
  readCommitted(broker_, log, changelogPosition_, [&](const operators::Record& record) {
    if (record.key && stateStore::ChangelogCodec::isMarkerKey(*record.key) && record.value) {
      last = stateStore::Marker::decode(*record.value);
    }
  });
  return last;
}

}  // namespace auspex::engine
