// SPDX-License-Identifier: Apache-2.0
// One partition of one sub-topology with its stores: draws records, runs the operators over them
// and takes part in its thread's commits.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/DeadLetterChannel.h"
#include "engine/runtime/DrawPipeline.h"
#include "engine/runtime/EndTracker.h"
#include "engine/runtime/ErasedRows.h"
#include "engine/runtime/Job.h"
#include "engine/runtime/ModelSwaps.h"
#include "engine/runtime/QueryCounters.h"
#include "engine/runtime/TaskInput.h"
#include "operators/Topology.h"
#include "stateStore/StateDirectory.h"
#include "stateStore/StoreError.h"
#include "stateStore/TaskState.h"
#include "stateStore/rocksdb/StateMemory.h"

namespace auspex::engine {

enum class OffsetReset : uint8_t { Earliest, Latest };

/// Settings that all tasks of a run share.
struct TaskSettings {
  size_t maxDrawRows = 1024;
  OffsetReset offsetReset = OffsetReset::Earliest;
  size_t maxUncommittedBytes = size_t{64} << 20;  ///< overlays: commit early beyond
  /// Of changes of tables that wait for the commit, to be merged by key; beyond, they are written
  /// early. 0: every change is written.
  size_t maxMergedBytes = 0;
  int64_t maxTimeStep = std::numeric_limits<int64_t>::max();  ///< of operators' time, by one row
  /// State that is older has perhaps missed rows that were erased: half of the time for which
  /// changelogs keep their records.
  std::chrono::milliseconds trustedStateAge = kErasedRowsKept / 2;
  /// How often records that nobody needs any more are given free.
  std::chrono::milliseconds purgeInterval = std::chrono::seconds(30);
  std::string instanceId;
  stateStore::StateDirectory* stateDirectory = nullptr;  ///< null: state lives in memory
  std::shared_ptr<const stateStore::StateMemory> stateMemory;
};

/// Which work a task does and in whose name.
struct TaskAssignment {
  std::shared_ptr<const operators::Topology> topology;
  size_t part = 0;
  int32_t partition = 0;  ///< number of the task; of every input unless gathered
  std::vector<std::pair<uint32_t, TopicPartition>> inputs;  ///< source index, partition
  std::string group;                 ///< empty: transient, nothing is committed to a group
  Membership* membership = nullptr;  ///< fences the offsets; null for local groups
  std::string changelogTopic;        ///< empty: no stores, or state that is not logged
  std::string modelsTopic;           ///< where swaps of models are recorded; empty: nowhere
  std::shared_ptr<QueryCounters> counters;
  bool parked = false;  ///< holds its state for pull queries and does no work
};

class Task final : public Job, private operators::TaskServices {
 public:
  Task(Broker& broker, EndTracker& ends, const TaskSettings& settings, TaskAssignment assignment,
       std::shared_ptr<Wakeup> wakeup);
  ~Task() override;

  std::string name() const override;
  void open(TransactionWriter& writer) override;
  bool work() override;
  void limitRows(size_t rows) override { maxDrawRows_ = std::min(rows, settings_.maxDrawRows); }
  bool refuseLast(const std::string& reason) override;
  bool isWaiting() const override { return pipeline_.isWaiting(); }
  bool hasUncommitted() const override { return hasUncommitted_; }
  bool wantsCommit() const override;
  void prepare(std::vector<GroupOffsets>& offsets) override;
  void committed() override;
  void aborted() override;
  std::optional<bool> wasCommitted() override;
  bool finished() const override;
  void closing() override;

  /// Everything that is there now has been processed and committed.
  bool caughtUp() const;
  const TaskAssignment& assignment() const { return assignment_; }
  /// The state's committed rows, for readers in other threads; null without stores and before
  /// open() has succeeded.
  std::shared_ptr<const stateStore::StateSnapshot> snapshot() const;

 private:
  class TopicChannel;
  class TopicChangelog;

  // TaskServices, for the operators.
  int32_t partition() const override { return assignment_.partition; }
  int64_t maxTimeStep() const override { return settings_.maxTimeStep; }
  stateStore::KeyValueStore& store(const std::string& name) override;
  operators::RecordChannel& channel(const std::string& topic) override;
  const std::shared_ptr<const operators::ServedModel>& servedModel(
      const std::string& reference) override;
  std::function<void()> waker() override;

  const operators::SubTopology& part() const;
  void openState();
  void openKeptState(const std::vector<stateStore::StoreSpec>& specs);
  bool isStale();
  void breakState(const stateStore::StoreError& error);
  void reopenState();
  void restore();
  void seekToCommitted();
  void createOperators();
  bool serveModels();
  bool isOneByOne() const;
  bool mayDraw() const;
  bool readyToDraw();
  bool goOn();
  bool buildDraw();
  bool resume();
  void finishDraw();
  void drawAgain();
  void reportErrors(const DrawInWork& work);
  void sendDeadLetter(const operators::DrawnRecord& drawn, const operators::RowError& error);
  std::optional<std::string> earlierRefusal(uint32_t drawIndex) const;
  void purge();
  void purgeRepartitioned();
  void purgeChangelog();
  /// Behind the last draw that is done: what a commit covers.
  Offsets positions() const;
  std::vector<int64_t> drawnPositions() const;
  Offsets committedPositions() const;
  stateStore::Marker makeMarker() const;
  void catchUpChangelogPosition();
  std::optional<stateStore::Marker> readLastMarker();

  Broker& broker_;
  EndTracker& ends_;
  const TaskSettings& settings_;
  TaskAssignment assignment_;
  std::shared_ptr<Wakeup> wakeup_;
  TransactionWriter* writer_ = nullptr;

  std::vector<TaskInput> inputs_;
  std::unique_ptr<stateStore::TaskState> state_;
  std::unique_ptr<TopicChangelog> changelog_;
  bool stateIsBroken_ = false;        // to be opened again before the next draw
  int breakages_ = 0;                 // since a commit was applied
  std::optional<ModelSwaps> models_;  // null: the part scores nothing
  bool swapWaits_ = false;            // for what is uncommitted
  std::map<std::string, std::unique_ptr<TopicChannel>> channels_;
  DrawPipeline pipeline_;
  std::vector<int64_t> donePositions_;  // per input, behind the last draw done; while waiting
  uint64_t nextOrdinal_ = 0;
  bool hasUncommitted_ = false;
  DeadLetterChannel deadLetterChannel_;
  size_t maxDrawRows_;
  // Records of the inputs whose output the broker has refused, and why; forgotten when committed.
  std::map<TopicPartition, std::map<int64_t, std::string>> refused_;
  std::pair<TopicPartition, int64_t> lastDone_;  // first record of the last draw that was run
  std::chrono::steady_clock::time_point lastPurge_;
  uint64_t attempt_ = 0;
  uint64_t sequence_ = 0;
  std::optional<stateStore::Marker> intended_;
  // A lower bound of the offset of the last marker in the changelog: where restoring may start.
  int64_t changelogPosition_ = 0;
  int64_t purgedChangelogTo_ = 0;
  uint64_t rowsIn_ = 0, rowsOut_ = 0, deadLetters_ = 0, expressionErrors_ = 0;  // since the commit
};

}  // namespace auspex::engine
