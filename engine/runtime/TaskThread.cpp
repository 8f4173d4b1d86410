// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/TaskThread.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/runtime/KillPoints.h"
#include "operators/data/Assert.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

/// How long an idle loop sleeps when nobody wakes it.
constexpr std::chrono::milliseconds kIdleWait{50};

}  // namespace

TaskThread::TaskThread(Broker& broker, std::string transactionalId, CommitSettings settings,
                       std::shared_ptr<Wakeup> wakeup,
                       std::function<void(const JobFailure&)> onFailure)
    : broker_(broker),
      transactionalId_(std::move(transactionalId)),
      settings_(settings),
      wakeup_(std::move(wakeup)),
      onFailure_(std::move(onFailure)),
      lastCommit_(std::chrono::steady_clock::now()) {
}

TaskThread::~TaskThread() {
  stop();
}

void TaskThread::add(std::unique_ptr<Job> job, std::function<void()> onFinished) {
  auto request = std::make_shared<Request>();
  request->add.job = std::move(job);
  request->add.onFinished = std::move(onFinished);
  {
    const std::lock_guard lock(mutex_);
    allFinished_ = false;
    ++pending_;
    requests_.push_back(std::move(request));
  }
  wakeup_->notify();
}

void TaskThread::remove(const std::function<bool(const Job&)>& which) {
  doRequest({{}, which, {}});
}

void TaskThread::inspect(const std::function<void(const Job&)>& look) {
  doRequest({{}, {}, look});
}

void TaskThread::doRequest(Request asked) {
  const auto request = std::make_shared<Request>(std::move(asked));
  {
    const std::lock_guard lock(mutex_);
    ++pending_;
    requests_.push_back(request);
  }
  if (!thread_.joinable()) {
    takeRequests();
    return;
  }
  wakeup_->notify();
  std::unique_lock lock(mutex_);
  requestDone_.wait(lock, [&] { return request->done; });
}

void TaskThread::start() {
  thread_ = std::jthread([this](const std::stop_token& token) { loop(token); });
}

void TaskThread::stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    wakeup_->notify();
    thread_.join();
  }
  jobs_.clear();
}

void TaskThread::loop(const std::stop_token& token) {
  while (!token.stop_requested()) {
    if (!step()) {
      wakeup_->wait(begun_ ? std::min(settings_.interval, kIdleWait) : kIdleWait);
    }
  }
  commit();
  if (!broken_) {
    for (const Slot& slot : jobs_) {
      slot.job->closing();
    }
  }
  takeRequests();
}

bool TaskThread::step() {
  takeRequests();
  if (broken_) {
    return false;
  }
  bool worked = false;
  try {
    worked = workOnce();
    if (commitDue()) {
      commitTransaction();
    }
    if (!hasUncommitted()) {
      worked = workAlone() || worked;
    }
    worked = worked || waitForPaused();
  } catch (const BrokerError& error) {
    recover(error);
    worked = true;
  } catch (const std::exception& error) {
    fail(transactionalId_, error.what());
  }
  updateFinished();
  return worked;
}

void TaskThread::commit() {
  if (broken_) {
    return;
  }
  try {
    commitTransaction();
  } catch (const BrokerError& error) {
    recover(error);
  }
  updateFinished();
}

void TaskThread::takeRequests() {
  if (pending_.load() == 0) {
    return;
  }
  std::vector<std::shared_ptr<Request>> requests;
  {
    const std::lock_guard lock(mutex_);
    requests.swap(requests_);
  }
  for (const std::shared_ptr<Request>& request : requests) {
    if (request->add.job) {
      jobs_.push_back(std::move(request->add));
      openJob(*jobs_.back().job);
    } else if (request->look) {
      for (const Slot& slot : jobs_) {
        request->look(*slot.job);
      }
    } else {
      commit();
      std::erase_if(jobs_, [&](const Slot& slot) { return request->remove(*slot.job); });
    }
    const std::lock_guard lock(mutex_);
    --pending_;
    request->done = true;
    requestDone_.notify_all();
  }
  updateFinished();
}

void TaskThread::openJob(Job& job) {
  try {
    // Before the job looks at committed offsets: initialising the producer settles what an earlier
    // process with this id left open.
    ensureProducer();
    job.open(*this);
  } catch (const std::exception& error) {
    fail(job.name(), error.what());
  }
}

bool TaskThread::workOnce() {
  if (cautiousRows_) {
    return workCautiously();
  }
  bool worked = false;
  for (const Slot& slot : jobs_) {
    if (slot.alone) {
      continue;
    }
    working_ = slot.job.get();
    worked = slot.job->work() || worked;
    working_ = nullptr;
    if (slot.job->wantsCommit()) {
      commitTransaction();
    }
  }
  return worked;
}

bool TaskThread::workAlone() {
  bool worked = false;
  for (Slot& slot : jobs_) {
    if (slot.alone && !isPaused(slot)) {
      worked = workAlone(slot) || worked;
    }
  }
  return worked;
}

/// With nothing else to do: a job that pauses after a failure still has work, so the round counts.
bool TaskThread::waitForPaused() {
  const bool any = std::any_of(jobs_.begin(), jobs_.end(), isPaused);
  if (any) {
    std::this_thread::sleep_for(settings_.retryPause);
  }
  return any;
}

bool TaskThread::workAlone(Slot& slot) {
  const auto end = std::chrono::steady_clock::now() + settings_.interval;
  bool worked = false;
  bool some = true;
  working_ = suspect_ = slot.job.get();
  while (some && !slot.job->wantsCommit() && std::chrono::steady_clock::now() < end) {
    some = slot.job->work();
    worked = worked || some;
  }
  working_ = nullptr;
  if (hasUncommitted()) {
    commitTransaction();
    slot.failures = 0;
  }
  suspect_ = nullptr;
  return worked;
}

bool TaskThread::isPaused(const Slot& slot) {
  return slot.alone && std::chrono::steady_clock::now() < slot.pausedUntil;
}

bool TaskThread::hasUncommitted() const {
  return std::any_of(jobs_.begin(), jobs_.end(),
                     [](const Slot& slot) { return slot.job->hasUncommitted(); });
}

bool TaskThread::commitDue() const {
  return hasUncommitted() && std::chrono::steady_clock::now() - lastCommit_ >= settings_.interval;
}

void TaskThread::ensureProducer() {
  if (!producer_) {
    producer_ = broker_.openProducer(transactionalId_);
    begun_ = false;
  }
}

void TaskThread::ensureBegun() {
  ensureProducer();
  if (!begun_) {
    producer_->begin();
    begun_ = true;
  }
}

void TaskThread::send(const std::string& topic,
                      std::span<const operators::OutgoingRecord> records) {
  ensureBegun();
  producer_->send(topic, records);
}

std::vector<GroupOffsets> TaskThread::prepareJobs() {
  std::vector<GroupOffsets> offsets;
  for (const Slot& slot : jobs_) {
    if (!slot.job->hasUncommitted()) {
      continue;
    }
    std::vector<GroupOffsets> added;
    slot.job->prepare(added);
    for (GroupOffsets& group : added) {
      const auto same =
          std::find_if(offsets.begin(), offsets.end(), [&](const GroupOffsets& other) {
            return other.group == group.group && other.membership == group.membership;
          });
      if (same == offsets.end()) {
        offsets.push_back(std::move(group));
      } else {
        same->offsets.insert(group.offsets.begin(), group.offsets.end());
      }
    }
  }
  return offsets;
}

void TaskThread::sendOffsets(const std::vector<GroupOffsets>& offsets) {
  for (const GroupOffsets& group : offsets) {
    if (group.membership != nullptr) {
      producer_->sendOffsets(*group.membership, group.offsets);
    } else {
      producer_->sendOffsets(group.group, group.offsets);
    }
  }
}

void TaskThread::applyJobs() {
  for (const Slot& slot : jobs_) {
    if (slot.job->hasUncommitted()) {
      slot.job->committed();
    }
  }
}

void TaskThread::commitTransaction() {
  lastCommit_ = std::chrono::steady_clock::now();
  if (!hasUncommitted()) {
    return;
  }
  if (settings_.brokenOrder) {
    commitInBrokenOrder();
    return;
  }
  passKillPoint("commit.begin");
  committing_ = false;
  const std::vector<GroupOffsets> offsets = prepareJobs();
  passKillPoint("commit.changelogWritten");
  if (begun_ || !offsets.empty()) {
    ensureBegun();
    sendOffsets(offsets);
    passKillPoint("commit.offsetsSent");
    committing_ = true;
    producer_->commit();
    committing_ = false;
    begun_ = false;
  }
  passKillPoint("commit.committed");
  applyJobs();
  passKillPoint("commit.stateApplied");
  failuresInARow_ = 0;
  lastCommit_ = std::chrono::steady_clock::now();
  passKillPoint("commit.end");
}

void TaskThread::commitInBrokenOrder() {
  passKillPoint("commit.begin");
  const std::vector<GroupOffsets> offsets = prepareJobs();
  passKillPoint("commit.changelogWritten");
  ensureBegun();
  producer_->commit();
  begun_ = false;
  passKillPoint("commit.committed");
  ensureBegun();
  sendOffsets(offsets);
  passKillPoint("commit.offsetsSent");
  producer_->commit();
  begun_ = false;
  applyJobs();
  passKillPoint("commit.stateApplied");
  passKillPoint("commit.end");
}

void TaskThread::updateFinished() {
  if (broken_) {
    return;
  }
  bool all = true;
  for (Slot& slot : jobs_) {
    if (!slot.reported && slot.job->finished()) {
      slot.reported = true;
      if (slot.onFinished) {
        slot.onFinished();
      }
    }
    all = all && slot.reported;
  }
  allFinished_ = all && pending_.load() == 0;
}

void TaskThread::fail(const std::string& job, const std::string& message) {
  broken_ = true;
  if (producer_ && begun_) {
    try {
      producer_->abort();
    } catch (const BrokerError& error) {
      spdlog::warn("transaction={} abort failed: {}", transactionalId_, error.what());
    }
  }
  begun_ = false;
  onFailure_({job, message});
}

}  // namespace auspex::engine
