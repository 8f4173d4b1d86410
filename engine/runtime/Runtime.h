// SPDX-License-Identifier: Apache-2.0
// Runs queries and connectors: internal topics, group memberships, tasks spread over threads, and
// when everything finite has come to its end.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/runtime/EndTracker.h"
#include "engine/runtime/Task.h"
#include "engine/runtime/TaskThread.h"

namespace auspex::engine {

struct RuntimeSettings {
  std::string serviceId = "default_";
  std::string instanceId;  ///< stable over restarts of this data directory
  int numThreads = 1;      ///< 0: no threads; the owner drives step()
  CommitSettings commit;
  TaskSettings task;
};

/// What a report tells of a query.
struct QueryReport {
  std::string queryId;
  std::shared_ptr<const QueryCounters> counters;
  bool finished = false;
};

/// Committed state of one task.
struct TaskSnapshot {
  int32_t task = 0;  ///< its partition
  std::shared_ptr<const stateStore::StateSnapshot> state;
};

/// Starting, stopping and poll() from one thread.
class Runtime {
 public:
  Runtime(Broker& broker, RuntimeSettings settings);
  ~Runtime();

  EndTracker& ends() { return ends_; }
  const RuntimeSettings& settings() const { return settings_; }

  /// Says that the query will write its sinks, so that nobody takes their present end for the last
  /// one. For every query of a program before the first is started.
  void declareWriters(const operators::Topology& topology);
  void declareWriters(const std::vector<std::string>& topics);
  /// Creates the internal topics the query needs and joins its group; tasks come with the
  /// assignment. Throws BrokerError; std::runtime_error when inputs are not co-partitioned.
  /// parked: its tasks hold their state for readers and do no work, and nobody waits for them.
  void startQuery(std::shared_ptr<const operators::Topology> topology, bool parked = false);
  /// Runs a transient query as one task over all partitions, without a group; its result goes to
  /// the channels by sink name. onFinished as in TaskThread::add.
  void startTransient(std::shared_ptr<const operators::Topology> topology, OffsetReset reset,
                      std::function<void()> onFinished);
  /// Adds a connector; `writes` names the topics (declared before) that are not at their end before
  /// it has finished.
  void startJob(std::unique_ptr<Job> job, const std::vector<std::string>& writes);

  /// Commits and closes the tasks of a query; its topics and state stay.
  void stopQuery(const std::string& queryId);
  void stopJob(const std::string& name);
  /// Ends a transient query; nothing happens when it has ended.
  void stopTransient(const std::string& queryId);
  /// The transient query has processed everything that is there now.
  bool transientCaughtUp(const std::string& queryId);

  /// Serves memberships; without threads also does a round of work. Returns whether anything
  /// happened. Throws std::runtime_error with the first failure of a job.
  bool poll();
  /// Waits for something to do, at most `timeout`.
  void wait(std::chrono::milliseconds timeout) { wakeup_->wait(timeout); }
  /// A job waits for an answer from outside: there will be more to do. For those who call poll()
  /// until nothing happens any more.
  bool isWaiting() const;
  /// Every job given so far has finished and committed.
  bool allFinished() const;

  std::vector<QueryReport> reports() const;
  /// The reports as of stop().
  const std::vector<QueryReport>& finalReports() const { return finalReports_; }
  /// Committed state of all local tasks of a part that hold this store.
  std::vector<std::shared_ptr<const stateStore::StateSnapshot>> snapshots(
      const std::string& queryId);
  /// How many tasks a part of a query has over all processes; 0 when it does not run.
  size_t numTasks(const std::string& queryId, size_t part) const;
  /// Committed state of the local tasks of a part. Any thread.
  std::vector<TaskSnapshot> taskSnapshots(const std::string& queryId, size_t part);

  /// Commits what is done and ends all threads.
  void stop();

  /// The group that the tasks of a query commit their offsets for.
  static std::string groupOf(const std::string& serviceId, const std::string& queryId);
  static std::string changelogTopic(const std::string& serviceId, const std::string& queryId,
                                    size_t part);
  /// Where the tasks of a part record what their models stand for.
  static std::string modelsTopic(const std::string& serviceId, const std::string& queryId,
                                 size_t part);

 private:
  struct Part {
    int32_t numPartitions = 0;
    std::atomic<int> finishedTasks{0};
    std::string changelogTopic;
    std::string modelsTopic;
    /// Of models behind topics: the part writes there as long as it runs. Set before its tasks.
    std::set<std::string> requestTopics;
  };
  struct Query {
    std::shared_ptr<const operators::Topology> topology;
    std::shared_ptr<QueryCounters> counters = std::make_shared<QueryCounters>();
    std::string group;
    std::unique_ptr<Membership> membership;
    std::vector<std::unique_ptr<Part>> parts;
    std::atomic<int> finishedParts{0};
    bool parked = false;
  };

  void createInternalTopics(const operators::Topology& topology, Query& query);
  void ensureCompacted(const std::string& topic, const Part& part, const std::string& queryId,
                       const std::string& policy);
  void serveMembership(Query& query);
  void addTask(Query& query, size_t part, int32_t partition);
  void removeTasks(Query& query, const std::vector<TopicPartition>& anchors);
  void taskFinished(Query& query, size_t part);
  TaskThread& threadFor(int32_t partition);
  void notifyAll();

  Broker& broker_;
  RuntimeSettings settings_;
  EndTracker ends_;
  std::shared_ptr<Wakeup> wakeup_ = std::make_shared<Wakeup>();
  std::vector<std::unique_ptr<TaskThread>> threads_;
  std::vector<std::unique_ptr<Query>> queries_;
  std::atomic<int> unfinished_{0};  // parts, transient queries and jobs
  int32_t nextThread_ = 0;
  std::vector<QueryReport> finalReports_;
  // Of stopped queries: parts that have not finished, whose sinks still count them as writers.
  std::map<std::string, std::set<size_t>> stillDeclared_;
  // By query and part: topics of requests that the part was declared a writer of.
  std::map<std::string, std::map<size_t, std::set<std::string>>> declaredRequests_;

  mutable std::mutex mutex_;  // guards failure_
  std::optional<JobFailure> failure_;
};

}  // namespace auspex::engine
