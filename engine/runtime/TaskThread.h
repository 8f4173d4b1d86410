// SPDX-License-Identifier: Apache-2.0
// Runs several jobs with one transactional producer: work, and every so often one commit over all.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/runtime/Job.h"

namespace auspex::engine {

/// How a thread commits.
struct CommitSettings {
  std::chrono::milliseconds interval{100};
  /// After a failed transaction, times the number of failures in a row.
  std::chrono::milliseconds retryPause{50};
  /// For a test that shows that the checks see it: offsets go in a transaction of their own after
  /// the outputs, and state is applied before the broker's commit.
  bool brokenOrder = false;
};

/// What ended a job before its time.
struct JobFailure {
  std::string job;
  std::string message;
};

/// A loop over jobs on one thread (or driven step by step by a test). The thread owns the producer;
/// a failed transaction takes all of its jobs back to their last commit, and nothing else. When the
/// broker has refused a record, the thread searches it with ever smaller transactions and tells its
/// job, which makes a dead letter of it. A job that fails three transactions running gets
/// transactions of its own, so that its failures no longer take the others back.
class TaskThread final : private TransactionWriter {
 public:
  /// onFailure is called on this thread when a job or the thread itself cannot go on.
  TaskThread(Broker& broker, std::string transactionalId, CommitSettings settings,
             std::shared_ptr<Wakeup> wakeup, std::function<void(const JobFailure&)> onFailure);
  ~TaskThread() override;

  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  const std::shared_ptr<Wakeup>& wakeup() const { return wakeup_; }

  /// Any thread. The job is opened by the loop. onFinished is called once, on the loop's thread,
  /// when the job has finished and committed.
  void add(std::unique_ptr<Job> job, std::function<void()> onFinished = {});
  /// Any thread: commits, then takes out the jobs for which `which` holds and destroys them.
  /// Returns when that is done (at once when the loop is not running: on the caller's thread).
  void remove(const std::function<bool(const Job&)>& which);
  /// Any thread: calls `look` for each open job between two pieces of work, without a commit. All
  /// jobs are as of one commit. Returns when that is done, as remove().
  void inspect(const std::function<void(const Job&)>& look);

  void start();
  /// Commits what is done, takes the jobs out and ends the thread.
  void stop();
  /// One round: takes over new jobs, works, commits when due. Returns whether anything was done.
  /// For runs without a thread of its own.
  bool step();
  /// Commits now. On the loop's thread or without one.
  void commit();

  /// All jobs given so far are open, finished and committed.
  bool allFinished() const { return allFinished_.load(); }

 private:
  struct Slot {
    std::unique_ptr<Job> job;
    std::function<void()> onFinished;
    bool reported = false;
    bool alone = false;  // has transactions of its own
    int failures = 0;    // of those, in a row
    std::chrono::steady_clock::time_point pausedUntil{};
  };
  struct Request {
    Slot add;
    std::function<bool(const Job&)> remove;
    std::function<void(const Job&)> look;
    bool done = false;
  };

  void send(const std::string& topic, std::span<const operators::OutgoingRecord> records) override;
  void loop(const std::stop_token& token);
  void takeRequests();
  void doRequest(Request asked);
  void openJob(Job& job);
  bool workOnce();
  bool workAlone();
  bool workAlone(Slot& slot);
  bool waitForPaused();
  bool hasUncommitted() const;
  bool commitDue() const;
  void commitTransaction();
  void commitInBrokenOrder();
  std::vector<GroupOffsets> prepareJobs();
  void sendOffsets(const std::vector<GroupOffsets>& offsets);
  void applyJobs();
  void ensureProducer();
  void ensureBegun();
  bool workCautiously();
  void endCaution();
  static bool isPaused(const Slot& slot);
  void recover(const BrokerError& error);
  bool goBackFrom(const BrokerError& error, int failures);
  void goBack();
  Slot* culprit();
  void setApart(const BrokerError& error);
  void searchRefused(const BrokerError& error);
  void settleAmbiguous();
  void settleOnce();
  void abortJobs();
  void updateFinished();
  void fail(const std::string& job, const std::string& message);

  Broker& broker_;
  const std::string transactionalId_;
  const CommitSettings settings_;
  std::shared_ptr<Wakeup> wakeup_;
  std::function<void(const JobFailure&)> onFailure_;

  std::unique_ptr<TransactionalProducer> producer_;
  bool begun_ = false;
  bool committing_ = false;
  std::vector<Slot> jobs_;
  const Job* working_ = nullptr;  // the job within work(), also when that has thrown
  // Set while a record is searched that the broker has refused: each transaction holds one piece of
  // work of one job, of at most that many rows. One row: it is found.
  std::optional<size_t> cautiousRows_;
  Job* suspect_ = nullptr;  // whose work alone the transaction holds, meanwhile or for good
  std::chrono::steady_clock::time_point lastCommit_;
  int failuresInARow_ = 0;
  bool broken_ = false;

  std::mutex mutex_;  // guards requests_
  std::condition_variable requestDone_;
  std::vector<std::shared_ptr<Request>> requests_;
  std::atomic<int> pending_{0};  // requests not yet taken over
  std::atomic<bool> allFinished_{true};
  std::jthread thread_;
};

}  // namespace auspex::engine
