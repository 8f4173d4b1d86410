// SPDX-License-Identifier: Apache-2.0
// What shall go wrong in the simulated broker, and when. Everything follows from the seed and the
// order of calls, so a failing run can be repeated.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "operators/data/Record.h"

namespace auspex::engine {

/// Thrown out of the call in which the process "dies", and from then on out of every call of a
/// handle of that process. Not a BrokerError: no handler of the engine may swallow it.
class SimulatedCrash final : public std::exception {
 public:
  const char* what() const noexcept override { return "simulated crash of the process"; }
};

/// The calls that count as steps. Polls count when they hand out something.
enum class BrokerCall : uint8_t {
  Topics,      ///< topic(), topics(), createTopic(), deleteTopic(), deleteRecords()
  AskOffsets,  ///< beginOffset(), endOffset(), committedOffsets()
  OpenReader,
  Poll,  ///< of a reader
  OpenProducer,
  Begin,
  Send,
  SendOffsets,
  Commit,
  Abort,
  Join,
  PollMembership,
  Confirm,
  Leave
};

enum class FaultKind : uint8_t {
  Unavailable,       ///< the call does nothing and throws Unavailable
  Abortable,         ///< the call does nothing; the transaction must be aborted
  Rejected,          ///< the same as if the broker refused it for good
  Fenced,            ///< somebody else opens the producer's transactional id just before
  Ambiguous,         ///< of Commit: happens or not, by seed, and throws Ambiguous
  AmbiguousApplied,  ///< of Commit: happens and throws Ambiguous
  AmbiguousLost,     ///< of Commit: does not happen and throws Ambiguous
  MembershipLost     ///< of PollMembership: the whole group loses its partitions
};

/// Hits `times` calls of that kind after letting `skip` of them pass.
struct Fault {
  FaultKind kind = FaultKind::Unavailable;
  BrokerCall call = BrokerCall::Commit;
  uint32_t skip = 0;
  uint32_t times = 1;
};

struct Faults {
  uint64_t crashAtStep = 0;       ///< the first step since the last restart() is 1; 0: never
  bool crashAfterEffect = false;  ///< the step still takes effect, but its caller never hears of it
  std::vector<Fault> planned;
  double unavailableChance = 0;  ///< per step of any kind but polls
  double abortableChance = 0;    ///< per Send, SendOffsets and Commit
  double ambiguousChance = 0;    ///< per Commit
  /// Records for which it holds are refused, as Kafka does: only the commit says so.
  std::function<bool(const std::string& topic, const operators::OutgoingRecord& record)> refuses;
  /// Topics for which it holds take nothing: every send is refused for good, as without permission.
  std::function<bool(const std::string& topic)> rejects;
  /// The same, but only the commit says so, as where records are sent in the background.
  std::function<bool(const std::string& topic)> rejectsAtCommit;
  uint32_t markerDelay = 0;  ///< commits show in a partition up to that many calls later
};

}  // namespace auspex::engine
