// SPDX-License-Identifier: Apache-2.0
// A pull query at work: snapshots of the tasks' committed state, read once and let go.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "engine/ResultCollector.h"
#include "engine/runtime/Runtime.h"
#include "queries/planning/PullPlanner.h"

namespace auspex::engine {

/// Reads on a thread of its own, or at once when the runtime has none. Each task's rows are those
/// of one commit; the tasks of one thread commit together and are seen together.
class PullRun {
 public:
  /// `runtime` outlives this. onFinished is called once, when all rows were handed to `collector`
  /// or the query has failed.
  PullRun(Runtime& runtime, std::shared_ptr<const queries::PullPlan> plan,
          std::shared_ptr<ResultCollector> collector, std::function<void()> onFinished);
  /// Ends what is not finished.
  ~PullRun();

  PullRun(const PullRun&) = delete;
  PullRun& operator=(const PullRun&) = delete;

  /// Why there is no result, or not all of it; empty if there is. Once finished.
  std::string failure() const;
  /// Rows that stores have handed out.
  uint64_t rowsRead() const { return rowsRead_.load(); }

 private:
  void run();
  bool tryToRead();
  std::vector<TaskSnapshot> takeSnapshots() const;
  void read(const std::vector<TaskSnapshot>& snapshots);

  Runtime& runtime_;
  std::shared_ptr<const queries::PullPlan> plan_;
  std::shared_ptr<ResultCollector> collector_;
  std::function<void()> onFinished_;
  size_t numPartitions_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> rowsRead_{0};
  bool hasRows_ = false;      // some were handed out
  mutable std::mutex mutex_;  // guards failure_
  std::string failure_;
  std::thread thread_;
};

}  // namespace auspex::engine
