// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/Task.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/runtime/TaskChannels.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

/// Commits after which the changelog's end is asked for.
constexpr uint64_t kCommitsPerPositionCheck = 1024;

/// Two tries never have the same number, and the number tells when: nanoseconds since the epoch.
uint64_t newAttempt(uint64_t last) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::max(last + 1, static_cast<uint64_t>(
                                std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()));
}

/// Larger than any timestamp: draw without looking at other inputs.
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

}  // namespace

Task::Task(Broker& broker, EndTracker& ends, const TaskSettings& settings,
           TaskAssignment assignment, std::shared_ptr<Wakeup> wakeup)
    : broker_(broker),
      ends_(ends),
      settings_(settings),
      assignment_(std::move(assignment)),
      wakeup_(std::move(wakeup)),
      pipeline_(part()),
      deadLetterChannel_(broker, assignment_.topology->deadLetterTopic),
      maxDrawRows_(settings.maxDrawRows),
      lastPurge_(std::chrono::steady_clock::now()) {
  AUSPEX_ASSERT(assignment_.part < assignment_.topology->parts.size());
  AUSPEX_ASSERT(!assignment_.inputs.empty());
  for (const auto& [source, partition] : assignment_.inputs) {
    inputs_.emplace_back(source, partition);
  }
}

Task::~Task() = default;

std::string Task::name() const {
  return fmt::format("{}/{}_{}", assignment_.topology->queryId, assignment_.part,
                     assignment_.partition);
}

const operators::SubTopology& Task::part() const {
  return assignment_.topology->parts[assignment_.part];
}

void Task::open(TransactionWriter& writer) {
  writer_ = &writer;
  openState();
  seekToCommitted();
  if (!part().models.empty()) {
    models_.emplace(broker_, part().models,
                    TopicPartition{assignment_.modelsTopic, assignment_.partition}, name());
    models_->open(positions());
  }
  createOperators();
}

void Task::openState() {
  if (part().stores.empty()) {
    return;
  }
  std::vector<stateStore::StoreSpec> specs;
  for (const operators::StoreDescription& store : part().stores) {
    specs.push_back({store.name, fmt::format("{:016x}", store.fingerprint)});
  }
  if (!assignment_.changelogTopic.empty()) {
    changelog_ = std::make_unique<TopicChangelog>(*this);
  }
  if (settings_.stateDirectory != nullptr && changelog_) {
    openKeptState(specs);
    return;
  }
  state_ = stateStore::TaskState::inMemory(std::move(specs), {});
  if (changelog_) {
    restore();
  }
}

void Task::createOperators() {
  pipeline_.createOperators(*this);
}

stateStore::KeyValueStore& Task::store(const std::string& name) {
  AUSPEX_ASSERT(state_ != nullptr);
  return state_->store(name);
}

operators::RecordChannel& Task::channel(const std::string& topic) {
  std::unique_ptr<TopicChannel>& channel = channels_[topic];
  if (!channel) {
    std::optional<TopicDescription> description = broker_.topic(topic);
    if (!description) {
      throw BrokerError(BrokerErrorKind::Fatal,
                        fmt::format("{}: output topic '{}' does not exist", name(), topic));
    }
    const auto& sinks = part().sinks;
    const auto sink = std::find_if(sinks.begin(), sinks.end(),
                                   [&](const auto& each) { return each.topic == topic; });
    const bool isTable = sink != sinks.end() && sink->isTable;
    channel = std::make_unique<TopicChannel>(*this, std::move(*description),
                                             sink != sinks.end() && sink->internal,
                                             isTable ? settings_.maxMergedBytes : 0);
  }
  return *channel;
}

const std::shared_ptr<const operators::ServedModel>& Task::servedModel(
    const std::string& reference) {
  AUSPEX_ASSERT(models_.has_value());
  return models_->served(reference);
}

std::function<void()> Task::waker() {
  return [wakeup = wakeup_] { wakeup->notify(); };
}

/// Has the models of the next draw in force; false when a commit has to come first.
bool Task::serveModels() {
  if (!models_) {
    return true;
  }
  if (models_->isRepeating()) {
    if (!pipeline_.isWaiting()) {
      models_->advanceTo(positions());
    }
    for (TaskInput& input : inputs_) {
      input.holdAt(models_->limitOf(input.partition()));
    }
  }
  if (!models_->wantsSwap()) {
    return true;
  }
  // What waits is scored by what serves from now on: a server that is away holds up no swap.
  drawAgain();
  swapWaits_ = hasUncommitted_;
  if (!swapWaits_) {
    models_->swap();
  }
  return !swapWaits_;
}

bool Task::readyToDraw() {
  bool any = false;
  bool all = true;
  for (TaskInput& input : inputs_) {
    input.fetch(maxDrawRows_);
    if (input.hasRecord()) {
      any = true;
    } else if (inputs_.size() > 1) {
      // With several inputs the choice of the next record needs every head: an empty input must
      // have been read to its known end (finite runs: the end of all its writers).
      const std::optional<int64_t> end = ends_.end(input.partition());
      const bool done = ends_.isEndless() ? input.atEnd() : end && input.position() >= *end;
      all = all && (done || input.isHeld());
    }
  }
  return any && all;
}

bool Task::buildDraw() {
  operators::Draw& draw = pipeline_.next().draw;
  draw.firstOrdinal = nextOrdinal_;
  while (draw.records.size() < maxDrawRows_) {
    if (inputs_.size() == 1) {
      inputs_[0].drawInto(draw, maxDrawRows_, kNoLimit);
      break;
    }
    // The input whose head is earliest goes first, ties by position; it goes on up to the next
    // head.
    TaskInput* earliest = nullptr;
    int64_t notAfter = kNoLimit;
    for (TaskInput& input : inputs_) {
      if (!input.hasRecord()) {
        continue;
      }
      const int64_t timestamp = input.front().timestamp;
      if (earliest == nullptr) {
        earliest = &input;
      } else if (timestamp < earliest->front().timestamp) {
        // The former earliest comes before this one in position, so it wins ties.
        notAfter = std::min(notAfter, earliest->front().timestamp - 1);
        earliest = &input;
      } else {
        notAfter = std::min(notAfter, timestamp);
      }
    }
    if (earliest == nullptr) {
      break;
    }
    earliest->drawInto(draw, maxDrawRows_ - draw.records.size(), notAfter);
    // An emptied input may have more to come, and then the choice is not ours to make yet.
    if (!earliest->hasRecord() && !readyToDraw()) {
      break;
    }
  }
  nextOrdinal_ += draw.records.size();
  return !draw.records.empty();
}

/// State is not changed before what draws wait for, except in transient queries, which have one
/// part: there one draw at a time is done and committed.
bool Task::isOneByOne() const {
  return pipeline_.hasLateOperators() && assignment_.group.empty() && state_ != nullptr;
}

bool Task::mayDraw() const {
  return pipeline_.hasRoom() && !(isOneByOne() && (hasUncommitted_ || pipeline_.isWaiting()));
}

bool Task::work() {
  if (assignment_.parked) {
    return false;
  }
  if (stateIsBroken_) {
    reopenState();
  }
  try {
    return goOn();
  } catch (const stateStore::StoreError& error) {
    breakState(error);
    throw BrokerError(BrokerErrorKind::Abortable, error.what());
  }
}

bool Task::goOn() {
  if (pipeline_.isWaiting() && resume()) {
    return true;
  }
  if (!serveModels() || !mayDraw() || !readyToDraw()) {
    return false;
  }
  if (pipeline_.hasLateOperators() && !pipeline_.isWaiting()) {
    donePositions_ = drawnPositions();
  }
  if (!buildDraw()) {
    return false;
  }
  if (pipeline_.hasLateOperators()) {
    pipeline_.next().positions = drawnPositions();
  }
  if (pipeline_.start()) {
    finishDraw();
  }
  return true;
}

/// Goes on with draws whose scores have come; one of them at most is done then.
bool Task::resume() {
  bool isResumed = false;
  try {
    isResumed = pipeline_.resume();
  } catch (const operators::ModelError& error) {
    throw BrokerError(BrokerErrorKind::Fatal, fmt::format("{}: {}", name(), error.what()));
  }
  if (isResumed && pipeline_.current() != nullptr) {
    finishDraw();
  }
  return isResumed;
}

void Task::finishDraw() {
  const DrawInWork& work = *pipeline_.current();
  const operators::DrawnRecord& first = work.draw.records.front();
  lastDone_.first.topic = first.origin->topic;
  lastDone_.first.partition = first.origin->partition;
  lastDone_.second = first.record->offset;
  for (const operators::DrawnRecord& drawn : work.draw.records) {
    rowsIn_ += part().sources[drawn.source].internal ? 0 : 1;
  }
  reportErrors(work);
  assignment_.counters->draws.fetch_add(1, std::memory_order_relaxed);
  donePositions_ = work.positions;
  pipeline_.finish();
  hasUncommitted_ = true;
}

/// Drops the draws that wait; their records are drawn again.
void Task::drawAgain() {
  if (!pipeline_.isWaiting()) {
    return;
  }
  pipeline_.forgetDraws();
  for (size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i].goBackTo(broker_, donePositions_[i], wakeup_);
  }
}

void Task::reportErrors(const DrawInWork& work) {
  for (const operators::RowError& error : work.errors.errors()) {
    if (error.kind == operators::RowErrorKind::Expression) {
      ++expressionErrors_;
      continue;
    }
    const operators::DrawnRecord& drawn = work.draw.records[error.drawIndex];
    if (error.kind == operators::RowErrorKind::Unreadable &&
        part().sources[drawn.source].internal) {
      throw BrokerError(BrokerErrorKind::Fatal,
                        fmt::format("{}: record {}-{}@{} of the engine's own topic is damaged: {}",
                                    name(), drawn.origin->topic, drawn.origin->partition,
                                    drawn.record->offset, error.message));
    }
    sendDeadLetter(drawn, error);
  }
}

void Task::sendDeadLetter(const operators::DrawnRecord& drawn, const operators::RowError& error) {
  const std::string partition = std::to_string(drawn.origin->partition);
  const std::string offset = std::to_string(drawn.record->offset);
  deadLetterChannel_.send(*writer_, *drawn.record,
                          {{"auspex.query", assignment_.topology->queryId},
                           {"auspex.place", error.place},
                           {"auspex.reason", error.message},
                           {"auspex.topic", drawn.origin->topic},
                           {"auspex.partition", partition},
                           {"auspex.offset", offset}});
  ++deadLetters_;
}

std::optional<std::string> Task::earlierRefusal(uint32_t drawIndex) const {
  const operators::DrawnRecord& drawn = pipeline_.current()->draw.records[drawIndex];
  const auto partition = refused_.find({drawn.origin->topic, drawn.origin->partition});
  if (partition == refused_.end()) {
    return std::nullopt;
  }
  const auto found = partition->second.find(drawn.record->offset);
  return found == partition->second.end() ? std::nullopt : std::optional(found->second);
}

bool Task::refuseLast(const std::string& reason) {
  const auto& [partition, offset] = lastDone_;
  spdlog::warn("task={} record={}-{}@{}: its output is refused: {}", name(), partition.topic,
               partition.partition, offset, reason);
  return refused_[partition].emplace(offset, reason).second;
}

bool Task::wantsCommit() const {
  return swapWaits_ || (hasUncommitted_ && isOneByOne()) ||
         (state_ && state_->sizeBytes() > settings_.maxUncommittedBytes);
}

Offsets Task::committedPositions() const {
  Offsets offsets;
  for (const TaskInput& input : inputs_) {
    offsets[input.partition()] = input.committedPosition();
  }
  return offsets;
}

Offsets Task::positions() const {
  Offsets offsets;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    offsets[inputs_[i].partition()] =
        pipeline_.isWaiting() ? donePositions_[i] : inputs_[i].position();
  }
  return offsets;
}

std::vector<int64_t> Task::drawnPositions() const {
  std::vector<int64_t> positions;
  for (const TaskInput& input : inputs_) {
    positions.push_back(input.position());
  }
  return positions;
}

stateStore::Marker Task::makeMarker() const {
  stateStore::Marker marker;
  marker.sequence = sequence_ + 1;
  marker.instance = settings_.instanceId;
  marker.attempt = attempt_;
  for (const auto& [partition, offset] : positions()) {
    marker.inputs.push_back({partition.topic, partition.partition, offset});
  }
  return marker;
}

void Task::prepare(std::vector<GroupOffsets>& offsets) {
  if (!hasUncommitted_) {
    return;
  }
  for (const auto& [topic, channel] : channels_) {
    channel->writeMerged();
  }
  if (models_) {
    models_->prepare(*writer_, committedPositions());
  }
  if (changelog_) {
    attempt_ = newAttempt(attempt_);
    intended_ = makeMarker();
    state_->prepareCommit(*changelog_, *intended_);
  }
  if (!assignment_.group.empty()) {
    offsets.push_back({assignment_.membership, assignment_.group, positions()});
  }
}

void Task::committed() {
  if (!hasUncommitted_) {
    return;
  }
  // Before the state is applied: when that fails, nothing is known of suspended draws any more.
  for (size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i].markCommitted(pipeline_.isWaiting() ? donePositions_[i] : inputs_[i].position());
  }
  if (changelog_) {
    changelogPosition_ += changelog_->takeCount();
    if (intended_->sequence % kCommitsPerPositionCheck == 0) {
      catchUpChangelogPosition();
    }
    sequence_ = intended_->sequence;
    try {
      state_->applyCommit(*intended_, changelogPosition_);
      breakages_ = 0;
    } catch (const stateStore::StoreError& error) {
      breakState(error);
    }
  } else if (state_) {
    stateStore::Marker marker = makeMarker();
    sequence_ = marker.sequence;
    struct NoChangelog final : stateStore::Changelog {
      void append(std::string_view, std::optional<std::string_view>) override {}
    } nowhere;
    state_->prepareCommit(nowhere, marker);
    state_->applyCommit(marker, 0);
  }
  if (models_) {
    models_->committed();
    swapWaits_ = false;
  }
  refused_.clear();
  hasUncommitted_ = false;
  purge();
  QueryCounters& counters = *assignment_.counters;
  counters.rowsIn += std::exchange(rowsIn_, 0);
  counters.rowsOut += std::exchange(rowsOut_, 0);
  counters.deadLetters += std::exchange(deadLetters_, 0);
  counters.expressionErrors += std::exchange(expressionErrors_, 0);
  counters.commits += 1;
}

void Task::purge() {
  const auto now = std::chrono::steady_clock::now();
  if (now - lastPurge_ < settings_.purgeInterval) {
    return;
  }
  lastPurge_ = now;
  purgeRepartitioned();
  if (changelog_) {
    purgeChangelog();
  }
}

/// Repartition topics are kept for ever by retention; what is committed here is nobody's any more.
void Task::purgeRepartitioned() {
  for (const TaskInput& input : inputs_) {
    if (!part().sources[input.source()].internal) {
      continue;
    }
    try {
      broker_.deleteRecords(input.partition(), input.committedPosition());
    } catch (const BrokerError& error) {
      // Only space: the next purge tries again.
      spdlog::warn("task={} purge of {} failed: {}", name(), input.partition().topic, error.what());
    }
  }
}

/// What the changelog holds of windows that are over.
void Task::purgeChangelog() {
  const std::optional<int64_t> needed = state_->neededFrom();
  if (!needed || *needed == purgedChangelogTo_) {
    return;
  }
  purgedChangelogTo_ = *needed;
  const TopicPartition log{assignment_.changelogTopic, assignment_.partition};
  try {
    broker_.deleteRecords(log, *needed);
  } catch (const BrokerError& error) {
    spdlog::warn("task={} purge of {} failed: {}", name(), log.topic, error.what());
  }
}

void Task::aborted() {
  rowsIn_ = rowsOut_ = deadLetters_ = expressionErrors_ = 0;
  if (changelog_) {
    changelog_->takeCount();
  }
  if (state_) {
    state_->abort();
  }
  hasUncommitted_ = false;
  pipeline_.dropOperators();
  for (TaskInput& input : inputs_) {
    input.openAt(broker_, input.committedPosition(), wakeup_);
  }
  if (models_) {
    models_->goBackTo(positions());
    swapWaits_ = false;
  }
  // What was refused may be so because a topic is not what it was.
  channels_.clear();
  deadLetterChannel_.forget();
  if (!stateIsBroken_) {
    createOperators();
  }
}

bool Task::finished() const {
  if (hasUncommitted_ || pipeline_.isWaiting() || !pipeline_.hasOperators()) {
    return false;
  }
  return std::all_of(inputs_.begin(), inputs_.end(), [this](const TaskInput& input) {
    const std::optional<int64_t> end = ends_.end(input.partition());
    return end && input.position() >= *end;
  });
}

bool Task::caughtUp() const {
  return !hasUncommitted_ && !pipeline_.isWaiting() && pipeline_.hasOperators() &&
         std::all_of(inputs_.begin(), inputs_.end(),
                     [](const TaskInput& input) { return input.atEnd(); });
}

std::shared_ptr<const stateStore::StateSnapshot> Task::snapshot() const {
  return state_ && pipeline_.hasOperators() ? state_->snapshot() : nullptr;
}

}  // namespace auspex::engine
