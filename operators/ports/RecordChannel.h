// SPDX-License-Identifier: Apache-2.0
// Where sinks write: one output topic, within the running transaction. Implemented by the engine.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "operators/data/Record.h"

namespace auspex::operators {

class RecordChannel {
 public:
  virtual ~RecordChannel() = default;

  /// Number of partitions of the topic, fixed while the task runs.
  virtual int32_t numPartitions() const = 0;
  /// Largest key + value + headers in bytes that the topic takes.
  virtual size_t maxRecordBytes() const = 0;
  /// Adds records to the running transaction, in order; copies what it needs before it returns.
  /// Throws what the engine throws when the transaction is lost; the task then replays.
  virtual void send(std::span<const OutgoingRecord> records) = 0;
};

}  // namespace auspex::operators
