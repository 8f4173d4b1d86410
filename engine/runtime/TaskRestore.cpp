// SPDX-License-Identifier: Apache-2.0
// How a task finds out what was committed: at its start, after a commit whose answer was lost, and
// when its state on disk can no longer be trusted.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "engine/brokers/CommittedRecords.h"
#include "engine/runtime/Task.h"
#include "operators/data/Assert.h"
#include "stateStore/Changelog.h"

namespace auspex::engine {
namespace {

/// Times that state breaks without a commit in between after which the task gives up.
constexpr int kMaxBreakages = 3;
/// Rows that a store keeps in memory from commit to commit, and those of commits that are not
/// written yet, take at most such a part of the memory for state each.
constexpr size_t kCachePart = 8;

}  // namespace

/// What the changelog holds can be built again: a directory that is damaged or too old goes.
void Task::openKeptState(const std::vector<stateStore::StoreSpec>& specs) {
  stateStore::StateDirectory& directory = *settings_.stateDirectory;
  const std::string& query = assignment_.topology->queryId;
  const auto part = static_cast<uint32_t>(assignment_.part);
  const std::filesystem::path path = directory.taskPath(query, part, assignment_.partition);
  stateStore::TaskStateOptions options;
  options.cacheBytes =
      std::min(options.cacheBytes, settings_.stateMemory->totalBytes() / kCachePart);
  options.writeBehindBytes =
      std::min(options.writeBehindBytes, settings_.stateMemory->totalBytes() / kCachePart);
  const auto open = [&] {
    state_ = stateStore::TaskState::open(path, specs, settings_.stateMemory, options);
  };
  std::string reason;
  try {
    open();
    if (!isStale()) {
      restore();
      return;
    }
    reason = "it is older than the records of erased rows";
  } catch (const stateStore::DamagedState& damage) {
    reason = damage.what();
  }
  spdlog::warn("task={} state in {} is built again from {}: {}", name(), path.string(),
               assignment_.changelogTopic, reason);
  state_.reset();
  directory.removeTask(query, part, assignment_.partition);
  open();
  restore();
}

/// Others have gone on with this state, and what they erased may be gone from the changelog too.
bool Task::isStale() {
  if (!state_->marker()) {
    return false;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  if (now - std::chrono::nanoseconds(state_->marker()->attempt) <= settings_.trustedStateAge) {
    return false;
  }
  changelogPosition_ = *state_->changelogOffset();
  return readLastMarker() != state_->marker();
}

/// The transaction, if one is open, has to be aborted; then work() opens the state again.
void Task::breakState(const stateStore::StoreError& error) {
  spdlog::error("task={} {}: the state is opened again", name(), error.what());
  if (++breakages_ > kMaxBreakages) {
    throw stateStore::StoreError(error);
  }
  stateIsBroken_ = true;
  pipeline_.dropOperators();
}

void Task::reopenState() {
  AUSPEX_ASSERT(!hasUncommitted_);
  state_.reset();
  openState();
  seekToCommitted();
  if (models_) {
    models_->goBackTo(positions());
  }
  createOperators();
  stateIsBroken_ = false;
}

void Task::closing() {
  if (!state_ || stateIsBroken_) {
    return;
  }
  try {
    state_->sync();
  } catch (const stateStore::StoreError& error) {
    spdlog::warn("task={} the next start restores from the changelog: {}", name(), error.what());
  }
}

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

/// The position is at least so far: control records (which not every broker has) and aborted
/// records are not counted. Too low only means that records are read again, too high that committed
/// state is lost at a restore.
void Task::catchUpChangelogPosition() {
  try {
    // Nobody else writes here, and the commit is done: all before the end is in the state.
    const int64_t end = broker_.endOffset({assignment_.changelogTopic, assignment_.partition},
                                          Isolation::ReadUncommitted);
    changelogPosition_ = std::max(changelogPosition_, end - 1);
  } catch (const BrokerError&) {
    // The commit has happened and must not seem to fail.
  }
}

}  // namespace auspex::engine
