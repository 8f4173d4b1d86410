// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/simulated/SimulatedCore.h"

#include <fmt/format.h>

namespace auspex::engine {

void SimulatedCore::checkAlive(ProcessNumber process) const {
  if (crashed || (process != kCurrentProcess && process != currentProcess)) {
    throw SimulatedCrash();
  }
}

void SimulatedCore::tick() {
  ++calls;
  if (log.writeMarkers(calls)) {
    settled.notify_all();
    wakeReaders();
  }
}

bool SimulatedCore::chance(double probability) {
  constexpr uint64_t kResolution = 1'000'000;
  return probability > 0 && static_cast<double>(random_() % kResolution) <
                                probability * static_cast<double>(kResolution);
}

std::optional<FaultKind> SimulatedCore::nextFault(BrokerCall call) {
  for (Fault& fault : faults.planned) {
    if (fault.call != call || fault.times == 0) {
      continue;
    }
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    --fault.times;
    return fault.kind;
  }
  if (call == BrokerCall::Commit && chance(faults.ambiguousChance)) {
    return FaultKind::Ambiguous;
  }
  if ((call == BrokerCall::Send || call == BrokerCall::SendOffsets || call == BrokerCall::Commit) &&
      chance(faults.abortableChance)) {
    return FaultKind::Abortable;
  }
  if (call != BrokerCall::Poll && call != BrokerCall::PollMembership &&
      chance(faults.unavailableChance)) {
    return FaultKind::Unavailable;
  }
  return std::nullopt;
}

bool SimulatedCore::countStep() {
  ++steps;
  if (steps != faults.crashAtStep) {
    return false;
  }
  if (!faults.crashAfterEffect) {
    crashed = true;
    throw SimulatedCrash();
  }
  return true;
}

StepVerdict SimulatedCore::enter(ProcessNumber process, BrokerCall call) {
  checkAlive(process);
  tick();
  StepVerdict verdict;
  verdict.crashAfter = countStep();
  verdict.fault = nextFault(call);
  if (verdict.fault) {
    const std::string where = fmt::format("simulated fault at step {}", steps);
    switch (*verdict.fault) {
      case FaultKind::Unavailable:
        throw BrokerError(BrokerErrorKind::Unavailable, where);
      case FaultKind::Abortable:
        throw BrokerError(BrokerErrorKind::Abortable, where);
      case FaultKind::Rejected:
      case FaultKind::Fenced:
      case FaultKind::Ambiguous:
      case FaultKind::AmbiguousApplied:
      case FaultKind::AmbiguousLost:
      case FaultKind::MembershipLost:
        break;
    }
  }
  return verdict;
}

void SimulatedCore::leave(const StepVerdict& verdict) {
  if (verdict.crashAfter) {
    crashed = true;
    throw SimulatedCrash();
  }
}

void SimulatedCore::wakeReaders() {
  std::erase_if(wakeups, [](const std::weak_ptr<Wakeup>& waiting) {
    const std::shared_ptr<Wakeup> wakeup = waiting.lock();
    if (wakeup != nullptr) {
      wakeup->notify();
    }
    return wakeup == nullptr;
  });
}

std::map<TopicPartition, uint64_t> SimulatedCore::markerPlan(
    const SimulatedTransaction& transaction) {
  std::map<TopicPartition, uint64_t> plan;
  for (const TopicPartition& partition : transaction.partitions) {
    plan[partition] =
        faults.markerDelay == 0 ? 0 : calls + random_() % (uint64_t{faults.markerDelay} + 1);
  }
  return plan;
}

}  // namespace auspex::engine
