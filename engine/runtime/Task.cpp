// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/Task.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/WallClock.h"
#include "engine/brokers/local/TopicRules.h"
#include "operators/data/Assert.h"
#include "stateStore/Changelog.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

/// How often the records of repartition topics that were processed are given free.
constexpr std::chrono::seconds kPurgeInterval{30};
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

/// An output topic of the task, written through the thread's transaction.
class Task::TopicChannel final : public operators::RecordChannel {
 public:
  TopicChannel(Task& task, TopicDescription topic, bool internal)
      : task_(task), topic_(std::move(topic)), internal_(internal) {}

  int32_t numPartitions() const override { return topic_.numPartitions; }
  void findRefused(std::span<const operators::OutgoingRecord> records,
                   std::span<const uint32_t> drawIndexes,
                   std::vector<operators::RefusedRecord>& refused) const override {
    const int64_t now = wallClock();
    for (size_t i = 0; i < records.size(); ++i) {
      std::optional<std::string> reason = refusalOf(topic_, records[i], now);
      if (!reason && !task_.refused_.empty()) {
        reason = task_.earlierRefusal(drawIndexes[i]);
      }
      if (reason) {
        refused.push_back({i, std::move(*reason)});
      }
    }
  }
  void send(std::span<const operators::OutgoingRecord> records) override {
    task_.writer_->send(topic_.name, records);
    if (!internal_) {
      task_.rowsOut_ += records.size();
    }
  }

 private:
  Task& task_;
  TopicDescription topic_;
  bool internal_;
};

/// The task's partition of its changelog topic.
class Task::TopicChangelog final : public stateStore::Changelog {
 public:
  explicit TopicChangelog(Task& task) : task_(task) {}

  void append(std::string_view key, std::optional<std::string_view> value) override {
    // Changelog records carry the wall clock, so that retention by time means what it says; event
    // time is in the values.
    operators::OutgoingRecord record;
    record.partition = task_.assignment_.partition;
    record.key = key;
    record.value = value;
    record.timestamp = wallClock();
    task_.writer_->send(task_.assignment_.changelogTopic, {&record, 1});
    ++numRecords_;
  }
  /// Records appended since the last call.
  int64_t takeCount() { return std::exchange(numRecords_, 0); }

 private:
  Task& task_;
  int64_t numRecords_ = 0;
};

Task::Task(Broker& broker, EndTracker& ends, const TaskSettings& settings,
           TaskAssignment assignment, std::shared_ptr<Wakeup> wakeup)
    : broker_(broker),
      ends_(ends),
      settings_(settings),
      assignment_(std::move(assignment)),
      wakeup_(std::move(wakeup)),
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
  operators_.clear();
  lastUser_.assign(part().nodes.size(), 0);
  for (const operators::TopologyNode& node : part().nodes) {
    for (const size_t input : node.inputs) {
      lastUser_[input] = operators_.size();
    }
    operators_.push_back(node.description->create(*this));
  }
  outputs_.assign(part().nodes.size(), {});
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
    const bool internal = std::any_of(sinks.begin(), sinks.end(), [&](const auto& sink) {
      return sink.topic == topic && sink.internal;
    });
    channel = std::make_unique<TopicChannel>(*this, std::move(*description), internal);
  }
  return *channel;
}

const std::shared_ptr<const operators::ServedModel>& Task::servedModel(
    const std::string& reference) {
  AUSPEX_ASSERT(models_.has_value());
  return models_->served(reference);
}

/// Has the models of the next draw in force; false when a commit has to come first.
bool Task::serveModels() {
  if (!models_) {
    return true;
  }
  if (models_->isRepeating()) {
    models_->advanceTo(positions());
    for (TaskInput& input : inputs_) {
      input.holdAt(models_->limitOf(input.partition()));
    }
  }
  if (!models_->wantsSwap()) {
    return true;
  }
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
  draw_.records.clear();
  draw_.buffers.clear();
  draw_.firstOrdinal = nextOrdinal_;
  while (draw_.records.size() < maxDrawRows_) {
    if (inputs_.size() == 1) {
      inputs_[0].drawInto(draw_, maxDrawRows_, kNoLimit);
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
    earliest->drawInto(draw_, maxDrawRows_ - draw_.records.size(), notAfter);
    // An emptied input may have more to come, and then the choice is not ours to make yet.
    if (!earliest->hasRecord() && !readyToDraw()) {
      break;
    }
  }
  nextOrdinal_ += draw_.records.size();
  if (draw_.records.empty()) {
    return false;
  }
  const operators::DrawnRecord& first = draw_.records.front();
  lastDrawn_.first.topic = first.origin->topic;
  lastDrawn_.first.partition = first.origin->partition;
  lastDrawn_.second = first.record->offset;
  return true;
}

bool Task::work() {
  if (stateIsBroken_) {
    reopenState();
  }
  if (assignment_.parked || !serveModels() || !readyToDraw() || !buildDraw()) {
    return false;
  }
  try {
    processDraw();
  } catch (const stateStore::StoreError& error) {
    breakState(error);
    throw BrokerError(BrokerErrorKind::Abortable, error.what());
  }
  hasUncommitted_ = true;
  return true;
}

void Task::processDraw() {
  operators::RowErrors errors;
  operators::DrawContext context{draw_, errors};
  std::vector<operators::Batch> inputs;
  for (size_t i = 0; i < operators_.size(); ++i) {
    inputs.clear();
    for (const size_t input : part().nodes[i].inputs) {
      if (lastUser_[input] == i) {
        inputs.push_back(std::exchange(outputs_[input], {}));
      } else {
        inputs.push_back(outputs_[input]);
      }
    }
    outputs_[i] = operators_[i]->process(inputs, context);
  }
  for (const operators::DrawnRecord& drawn : draw_.records) {
    rowsIn_ += part().sources[drawn.source].internal ? 0 : 1;
  }
  reportErrors(errors);
  assignment_.counters->draws.fetch_add(1, std::memory_order_relaxed);
  draw_.records.clear();
  draw_.buffers.clear();
}

void Task::reportErrors(const operators::RowErrors& errors) {
  for (const operators::RowError& error : errors.errors()) {
    if (error.kind == operators::RowErrorKind::Expression) {
      ++expressionErrors_;
      continue;
    }
    const operators::DrawnRecord& drawn = draw_.records[error.drawIndex];
    if (error.kind == operators::RowErrorKind::Unreadable &&
        part().sources[drawn.source].internal) {
      throw BrokerError(BrokerErrorKind::Fatal,
                        fmt::format("{}: record {}-{}@{} of the engine's own topic is damaged: {}",
                                    name(), drawn.origin->topic, drawn.origin->partition,
                                    drawn.record->offset, error.message));
    }
    sendDeadLetter(error);
  }
}

void Task::sendDeadLetter(const operators::RowError& error) {
  const operators::DrawnRecord& drawn = draw_.records[error.drawIndex];
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
  const operators::DrawnRecord& drawn = draw_.records[drawIndex];
  const auto partition = refused_.find({drawn.origin->topic, drawn.origin->partition});
  if (partition == refused_.end()) {
    return std::nullopt;
  }
  const auto found = partition->second.find(drawn.record->offset);
  return found == partition->second.end() ? std::nullopt : std::optional(found->second);
}

bool Task::refuseLast(const std::string& reason) {
  const auto& [partition, offset] = lastDrawn_;
  spdlog::warn("task={} record={}-{}@{}: its output is refused: {}", name(), partition.topic,
               partition.partition, offset, reason);
  return refused_[partition].emplace(offset, reason).second;
}

bool Task::wantsCommit() const {
  return swapWaits_ || (state_ && state_->sizeBytes() > settings_.maxUncommittedBytes);
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
  for (const TaskInput& input : inputs_) {
    offsets[input.partition()] = input.position();
  }
  return offsets;
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
  for (TaskInput& input : inputs_) {
    input.markCommitted();
  }
  if (models_) {
    models_->committed();
    swapWaits_ = false;
  }
  refused_.clear();
  hasUncommitted_ = false;
  purgeRepartitioned();
  QueryCounters& counters = *assignment_.counters;
  counters.rowsIn += std::exchange(rowsIn_, 0);
  counters.rowsOut += std::exchange(rowsOut_, 0);
  counters.deadLetters += std::exchange(deadLetters_, 0);
  counters.expressionErrors += std::exchange(expressionErrors_, 0);
  counters.commits += 1;
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

/// Repartition topics are kept for ever by retention; what is committed here is nobody's any more.
void Task::purgeRepartitioned() {
  const auto now = std::chrono::steady_clock::now();
  if (now - lastPurge_ < kPurgeInterval) {
    return;
  }
  lastPurge_ = now;
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

void Task::aborted() {
  rowsIn_ = rowsOut_ = deadLetters_ = expressionErrors_ = 0;
  if (changelog_) {
    changelog_->takeCount();
  }
  if (state_) {
    state_->abort();
  }
  hasUncommitted_ = false;
  draw_.records.clear();
  draw_.buffers.clear();
  for (operators::Batch& output : outputs_) {
    output = {};
  }
  for (TaskInput& input : inputs_) {
    input.openAt(broker_, input.committedPosition(), wakeup_);
  }
  if (models_) {
    models_->goBackTo(positions());
    swapWaits_ = false;
  }
  // What was refused may be so because a topic is not what it was.
  operators_.clear();
  channels_.clear();
  deadLetterChannel_.forget();
  if (!stateIsBroken_) {
    createOperators();
  }
}

bool Task::finished() const {
  if (hasUncommitted_ || operators_.empty()) {
    return false;
  }
  return std::all_of(inputs_.begin(), inputs_.end(), [this](const TaskInput& input) {
    const std::optional<int64_t> end = ends_.end(input.partition());
    return end && input.position() >= *end;
  });
}

bool Task::caughtUp() const {
  return !hasUncommitted_ && !operators_.empty() &&
         std::all_of(inputs_.begin(), inputs_.end(),
                     [](const TaskInput& input) { return input.atEnd(); });
}

std::shared_ptr<const stateStore::StateSnapshot> Task::snapshot() const {
  return state_ && !operators_.empty() ? state_->snapshot() : nullptr;
}

}  // namespace auspex::engine
