// SPDX-License-Identifier: Apache-2.0
// Where sinks write: one output topic, within the running transaction. Implemented by the engine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "operators/data/Record.h"

namespace auspex::operators {

/// A record that a topic does not take.
struct RefusedRecord {
  size_t index = 0;    ///< among the records asked about
  std::string reason;  ///< for people
};

class RecordChannel {
 public:
  virtual ~RecordChannel() = default;

  /// Number of partitions of the topic, fixed while the task runs.
  virtual int32_t numPartitions() const = 0;
  /// Appends to `refused`, in order, the records that the topic does not take: too large, without a
  /// key where one is needed, with a timestamp out of its range, or refused by the broker in an
  /// earlier try. drawIndexes: for each record the record of the draw that it comes from.
  virtual void findRefused(std::span<const OutgoingRecord> records,
                           std::span<const uint32_t> drawIndexes,
                           std::vector<RefusedRecord>& refused) const = 0;
  /// Adds records to the running transaction, in order; copies what it needs before it returns.
  /// Throws what the engine throws when the transaction is lost; the task then replays.
  virtual void send(std::span<const OutgoingRecord> records) = 0;
};

}  // namespace auspex::operators
