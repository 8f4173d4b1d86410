// SPDX-License-Identifier: Apache-2.0
#include "engine/PullRun.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <stdexcept>
#include <utility>

#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

/// Rows that are decoded at once.
constexpr size_t kChunkRows = 1024;
/// How long the state of a query that is just starting, or restoring, is waited for.
constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kBetweenLooks{20};
/// How often a state is read that is closed meanwhile.
constexpr int kMaxTries = 10;

/// How long a model server is waited for.
constexpr std::chrono::seconds kServerPatience{30};

/// The steps of a pull query keep no state and write nothing; they score with what models stand for
/// now.
class PullServices final : public operators::TaskServices {
 public:
  /// Throws ModelError.
  PullServices(const std::vector<operators::ModelUse>& models, std::shared_ptr<Wakeup> wakeup)
      : wakeup_(std::move(wakeup)) {
    for (const operators::ModelUse& use : models) {
      models_.emplace(use.reference, use.serve());
    }
  }

  int32_t partition() const override { return 0; }
  stateStore::KeyValueStore& store(const std::string&) override {
    AUSPEX_ASSERT(false);
    std::abort();
  }
  operators::RecordChannel& channel(const std::string&) override {
    AUSPEX_ASSERT(false);
    std::abort();
  }
  const std::shared_ptr<const operators::ServedModel>& servedModel(
      const std::string& reference) override {
    return models_.at(reference);
  }
  std::function<void()> waker() override {
    return [wakeup = wakeup_] { wakeup->notify(); };
  }

 private:
  std::shared_ptr<Wakeup> wakeup_;
  std::map<std::string, std::shared_ptr<const operators::ServedModel>> models_;
};

/// The steps of a plan as operators.
class Steps {
 public:
  /// Throws ModelError.
  explicit Steps(const queries::PullPlan& plan) : services_(plan.models, wakeup_) {
    for (const auto& step : plan.steps) {
      operators_.push_back(step->create(services_));
    }
  }

  /// isStopped: nobody wants the rows any more. Throws std::runtime_error when a server does not
  /// answer.
  operators::Batch apply(operators::Batch rows, const std::atomic<bool>& isStopped) {
    operators::RowErrors errors;  // of expressions, which give NULL
    const operators::Draw noRecords;
    operators::DrawContext context{noRecords, errors};
    for (const auto& step : operators_) {
      auto* const late = dynamic_cast<operators::LateOperator*>(step.get());
      rows = late == nullptr ? step->process({&rows, 1}, context)
                             : waitFor(*late, std::move(rows), context, isStopped);
    }
    return rows;
  }

 private:
  operators::Batch waitFor(operators::LateOperator& step, operators::Batch rows,
                           operators::DrawContext& context, const std::atomic<bool>& isStopped) {
    const auto end = std::chrono::steady_clock::now() + kServerPatience;
    step.submit({&rows, 1}, context);
    while (!isStopped) {
      if (std::optional<operators::Batch> scored = step.poll(context)) {
        return std::move(*scored);
      }
      if (std::chrono::steady_clock::now() >= end) {
        throw std::runtime_error("the model's server does not answer");
      }
      wakeup_->wait(kBetweenLooks);
    }
    step.forget();
    return {};
  }

  std::shared_ptr<Wakeup> wakeup_ = std::make_shared<Wakeup>();
  PullServices services_;
  std::vector<std::unique_ptr<operators::Operator>> operators_;
};

}  // namespace

PullRun::PullRun(Runtime& runtime, std::shared_ptr<const queries::PullPlan> plan,
                 std::shared_ptr<ResultCollector> collector, std::function<void()> onFinished)
    : runtime_(runtime),
      plan_(std::move(plan)),
      collector_(std::move(collector)),
      onFinished_(std::move(onFinished)),
      numPartitions_(runtime.numTasks(plan_->queryId, plan_->part)) {
  if (runtime_.settings().numThreads == 0) {
    run();
  } else {
    thread_ = std::thread([this] { run(); });
  }
}

PullRun::~PullRun() {
  stop_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::string PullRun::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void PullRun::run() {
  try {
    int numTries = 1;
    while (!tryToRead() && numTries < kMaxTries) {
      ++numTries;
    }
  } catch (const std::exception& error) {
    const std::lock_guard lock(mutex_);
    failure_ = error.what();
  }
  onFinished_();
}

/// A task that ends or moves takes its state along; as long as no row was handed out, its next one
/// is asked instead. Returns false then.
bool PullRun::tryToRead() {
  const std::vector<TaskSnapshot> snapshots = takeSnapshots();
  try {
    read(snapshots);
  } catch (const stateStore::StoreError& error) {
    if (hasRows_ || stop_) {
      throw;
    }
    const std::lock_guard lock(mutex_);
    failure_ = error.what();
    return false;
  }
  const std::lock_guard lock(mutex_);
  failure_.clear();
  return true;
}

std::vector<TaskSnapshot> PullRun::takeSnapshots() const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  const bool waits = runtime_.settings().numThreads != 0;
  while (true) {
    std::vector<TaskSnapshot> snapshots = runtime_.taskSnapshots(plan_->queryId, plan_->part);
    if (numPartitions_ > 0 && snapshots.size() == numPartitions_) {
      std::sort(snapshots.begin(), snapshots.end(),
                [](const auto& left, const auto& right) { return left.task < right.task; });
      return snapshots;
    }
    if (stop_ || !waits || std::chrono::steady_clock::now() >= end) {
      throw std::runtime_error(fmt::format(
          "{} cannot be read: this process holds {} of the {} partitions of its state ({}). The "
          "others are with other processes of the service, or still being restored.",
          plan_->table, snapshots.size(), numPartitions_, plan_->queryId));
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

void PullRun::read(const std::vector<TaskSnapshot>& snapshots) {
  Steps steps(*plan_);
  for (const TaskSnapshot& snapshot : snapshots) {
    operators::StateView view(*snapshot.state);
    operators::readState(*plan_->state, view, plan_->range, kChunkRows, [&](operators::Batch rows) {
      const operators::Batch result = steps.apply(std::move(rows), stop_);
      hasRows_ = hasRows_ || result.numRows > 0;
      collector_->receive(result);
      return !collector_->isFull() && !stop_;
    });
    rowsRead_ += view.rowsRead();
    if (collector_->isFull() || stop_) {
      return;
    }
  }
}

}  // namespace auspex::engine
