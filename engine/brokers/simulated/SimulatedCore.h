// SPDX-License-Identifier: Apache-2.0
// What the simulated broker and its handles share: the log, the groups, the faults and the count of
// steps, under one mutex.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/local/GroupCoordinator.h"
#include "engine/brokers/simulated/Faults.h"
#include "engine/brokers/simulated/SimulatedLog.h"

namespace auspex::engine {

using ProcessNumber = uint64_t;
inline constexpr ProcessNumber kCurrentProcess = 0;  // whichever is alive

/// What a step may still have to do wrong after it passed the gate.
struct StepVerdict {
  bool crashAfter = false;
  std::optional<FaultKind> fault;  ///< Fenced, Ambiguous..., MembershipLost: for the caller to play
};

class SimulatedCore {
 public:
  explicit SimulatedCore(uint64_t seed) : random_(seed) {}

  /// A step of whichever process is the current one: the broker object itself outlives them.
  template <typename Effect>
  auto stepNow(BrokerCall call, Effect effect) {
    return step(kCurrentProcess, call, effect);
  }

  /// Runs `effect` as a step of `process` and returns what it returns. Throws what the faults say
  /// before it, or SimulatedCrash after it. `effect` gets the StepVerdict and runs under the lock.
  template <typename Effect>
  auto step(ProcessNumber process, BrokerCall call, Effect effect) {
    const std::lock_guard lock(mutex);
    const StepVerdict verdict = enter(process, call);
    try {
      if constexpr (std::is_void_v<decltype(effect(verdict))>) {
        effect(verdict);
        leave(verdict);
      } else {
        auto result = effect(verdict);
        leave(verdict);
        return result;
      }
    } catch (const BrokerError&) {
      leave(verdict);
      throw;
    }
  }

  /// The current process; throws SimulatedCrash when it is dead. Call with mutex held.
  void checkAlive(ProcessNumber process) const;
  /// A call that is no step still lets time pass: markers that are due are written.
  void tick();
  /// Counts a step and dies in it if it is the one; true: to die after its effect. Mutex held.
  bool countStep();
  /// What the faults plan for this call. Mutex held.
  std::optional<FaultKind> nextFault(BrokerCall call);
  /// Wakes all readers: something may have become visible. Mutex held.
  void wakeReaders();
  /// Decides at which calls the markers of a commit are written, by seed and Faults::markerDelay.
  std::map<TopicPartition, uint64_t> markerPlan(const SimulatedTransaction& transaction);
  bool chance(double probability);

  mutable std::mutex mutex;         // guards everything below
  std::condition_variable settled;  // a transaction ended
  SimulatedLog log;
  std::shared_ptr<GroupCoordinator> groups = std::make_shared<GroupCoordinator>();
  Faults faults;
  ProcessNumber currentProcess = 1;
  bool crashed = false;
  uint64_t steps = 0;
  uint64_t calls = 0;
  std::chrono::milliseconds pendingOffsetsTimeout{1000};
  std::vector<std::weak_ptr<Wakeup>> wakeups;
  std::map<std::string, int64_t, std::less<>> readLimits;  // by topic: what is not yet to be read

 private:
  StepVerdict enter(ProcessNumber process, BrokerCall call);
  void leave(const StepVerdict& verdict);

  std::mt19937_64 random_;
};

/// Handles of the simulated broker; see Broker.h for their contracts.
std::unique_ptr<PartitionReader> makeSimulatedReader(std::shared_ptr<SimulatedCore> core,
                                                     ProcessNumber process,
                                                     TopicPartition partition, int64_t position,
                                                     Isolation isolation);
std::unique_ptr<TransactionalProducer> makeSimulatedProducer(std::shared_ptr<SimulatedCore> core,
                                                             ProcessNumber process,
                                                             std::string transactionalId,
                                                             uint64_t epoch);
std::unique_ptr<RecordProducer> makeSimulatedRecordProducer(std::shared_ptr<SimulatedCore> core,
                                                            ProcessNumber process);
std::unique_ptr<Membership> makeSimulatedMembership(std::shared_ptr<SimulatedCore> core,
                                                    ProcessNumber process,
                                                    std::unique_ptr<Membership> membership);

}  // namespace auspex::engine
