// SPDX-License-Identifier: Apache-2.0
// What a thread does after a failed transaction: it goes back, finds out whether an ambiguous
// commit has happened, and searches for the record that the broker refuses.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "engine/runtime/TaskThread.h"
#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

/// Failures in a row after which a transaction that the broker refuses is given up.
constexpr int kMaxFailuresInARow = 20;
/// Failures in a row after which the job that causes them gets transactions of its own.
constexpr int kFailuresUntilAlone = 3;
/// The search for a refused record: rows a transaction at first, and how much less or more after.
constexpr size_t kCautiousRows = 128;
constexpr size_t kCautiousFactor = 8;

}  // namespace

bool TaskThread::workCautiously() {
  bool worked = false, waits = false;
  for (const Slot& slot : jobs_) {
    if (isPaused(slot)) {
      continue;
    }
    slot.job->limitRows(*cautiousRows_);
    working_ = suspect_ = slot.job.get();
    const bool some = slot.job->work();
    working_ = nullptr;
    if (some) {
      commitTransaction();
    }
    worked = some || worked;
    waits = waits || slot.job->isWaiting();
  }
  suspect_ = nullptr;
  // What is searched may be among what waits: it comes in pieces as small as now.
  *cautiousRows_ *= waits ? 1 : kCautiousFactor;
  if (*cautiousRows_ > kCautiousRows || !(worked || waits)) {
    endCaution();
  }
  return worked;
}

void TaskThread::endCaution() {
  cautiousRows_.reset();
  for (const Slot& slot : jobs_) {
    slot.job->limitRows(std::numeric_limits<size_t>::max());
  }
}
void TaskThread::recover(const BrokerError& error) {
  Slot* const slot = culprit();
  const bool alone = slot != nullptr && slot->alone;
  const int failures = alone ? ++slot->failures : ++failuresInARow_;
  spdlog::warn("transaction={} job={} failure={} inARow={}: going back to the last commit",
               transactionalId_, slot == nullptr ? "" : slot->job->name(), error.what(), failures);
  if (!alone && failures >= kFailuresUntilAlone) {
    setApart(error);
  }
  if (!goBackFrom(error, failures)) {
    return;
  }
  const auto pause = settings_.retryPause * std::min(failures, kMaxFailuresInARow);
  if (alone) {
    slot->pausedUntil = std::chrono::steady_clock::now() + pause;
  } else {
    std::this_thread::sleep_for(pause);
  }
}

/// Returns whether the same may be tried again after a pause.
bool TaskThread::goBackFrom(const BrokerError& error, int failures) {
  Job* const suspect = suspect_;
  const std::string name = suspect == nullptr ? transactionalId_ : suspect->name();
  const bool wasCommitting = std::exchange(committing_, false);
  try {
    switch (error.kind()) {
      case BrokerErrorKind::Ambiguous:
        settleAmbiguous();
        break;
      case BrokerErrorKind::Unavailable:
      case BrokerErrorKind::Abortable:
      case BrokerErrorKind::Rejected:
        if (wasCommitting) {
          settleAmbiguous();
        } else {
          goBack();
        }
        suspect_ = nullptr;
        if (!broken_ && failures > kMaxFailuresInARow &&
            error.kind() != BrokerErrorKind::Unavailable) {
          fail(name, error.what());
        }
        return !broken_;
      case BrokerErrorKind::Refused:
        goBack();
        searchRefused(error);
        break;
      case BrokerErrorKind::Fenced:
      case BrokerErrorKind::OutOfRange:
      case BrokerErrorKind::Fatal:
        fail(name, error.what());
        break;
    }
    suspect_ = nullptr;
    return false;
  } catch (const BrokerError& second) {
    // The producer cannot even abort: a new one of the same id fences it and settles the rest.
    spdlog::warn("transaction={} abort failed: {}", transactionalId_, second.what());
    suspect_ = nullptr;
    producer_.reset();
    begun_ = false;
    if (second.kind() == BrokerErrorKind::Fenced || failures > kMaxFailuresInARow) {
      fail(transactionalId_, second.what());
      return false;
    }
    try {
      ensureProducer();
      abortJobs();
    } catch (const std::exception& third) {
      fail(transactionalId_, third.what());
      return false;
    }
  }
  return true;
}

/// The job that the failed transaction is known to be about: it alone wrote to it, or its own call
/// has thrown. Null when several wrote and the commit failed.
TaskThread::Slot* TaskThread::culprit() {
  const Job* const job = suspect_ != nullptr ? suspect_ : working_;
  const auto found = std::find_if(jobs_.begin(), jobs_.end(),
                                  [&](const Slot& slot) { return slot.job.get() == job; });
  return job == nullptr || found == jobs_.end() ? nullptr : &*found;
}

void TaskThread::setApart(const BrokerError& error) {
  const bool ofOneJob =
      error.kind() == BrokerErrorKind::Abortable || error.kind() == BrokerErrorKind::Rejected;
  if (!ofOneJob || jobs_.size() < 2) {
    return;
  }
  if (Slot* const slot = culprit()) {
    slot->alone = true;
    slot->failures = failuresInARow_;
    failuresInARow_ = 0;
    endCaution();  // whose search is over
    spdlog::warn("job={} has transactions of its own from now on", slot->job->name());
  } else if (!cautiousRows_) {
    cautiousRows_ = kCautiousRows;  // one job a transaction: the next failure tells which it is
  }
}

void TaskThread::goBack() {
  if (producer_ && begun_) {
    producer_->abort();
  }
  begun_ = false;
  abortJobs();
}

void TaskThread::searchRefused(const BrokerError& error) {
  if (!cautiousRows_) {
    cautiousRows_ = kCautiousRows;
  } else if (*cautiousRows_ > 1) {
    cautiousRows_ = std::max<size_t>(1, *cautiousRows_ / kCautiousFactor);
  } else if (suspect_ == nullptr || !suspect_->refuseLast(error.what())) {
    // Not a row's output, or the dead letter itself: nothing is left to set aside.
    fail(suspect_ == nullptr ? transactionalId_ : suspect_->name(), error.what());
  } else {
    failuresInARow_ = 0;
  }
}

void TaskThread::settleAmbiguous() {
  // Until it is settled nothing may be taken back: what was committed would be done again.
  for (int attempt = 1;; ++attempt) {
    try {
      settleOnce();
      return;
    } catch (const BrokerError& error) {
      if (error.kind() == BrokerErrorKind::Fenced || attempt >= kMaxFailuresInARow) {
        fail(transactionalId_, fmt::format("a commit may have happened or not; a restart will "
                                           "tell: {}",
                                           error.what()));
        return;
      }
      spdlog::warn("transaction={} settling failed: {}", transactionalId_, error.what());
    }
    std::this_thread::sleep_for(settings_.retryPause * attempt);
  }
}

void TaskThread::settleOnce() {
  // Fencing first: after it nothing of the old producer can still happen.
  producer_.reset();
  begun_ = false;
  ensureProducer();
  bool committed = false;
  bool known = false;
  for (const Slot& slot : jobs_) {
    const std::optional<bool> answer = slot.job->wasCommitted();
    if (answer) {
      AUSPEX_ASSERT(!known || committed == *answer);
      committed = *answer;
      known = true;
    }
  }
  spdlog::info("transaction={} ambiguous commit settled: {}", transactionalId_,
               committed ? "it happened" : "it did not happen");
  if (known && committed) {
    applyJobs();
  } else {
    abortJobs();
  }
}

void TaskThread::abortJobs() {
  for (const Slot& slot : jobs_) {
    // Work that a failure has cut off has taken input too, whether or not the job says so yet.
    if (slot.job->hasUncommitted() || slot.job.get() == working_) {
      slot.job->aborted();
    }
  }
  working_ = nullptr;
}
}  // namespace auspex::engine
