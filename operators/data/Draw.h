// SPDX-License-Identifier: Apache-2.0
// Up to N records over all inputs of a task, in the order in which they are to be processed.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "operators/data/Record.h"

namespace auspex::operators {

/// One record of a draw. Pointers live as long as the draw's buffers.
struct DrawnRecord {
  const Record* record = nullptr;
  const FetchedRecords* origin = nullptr;  ///< topic and partition
  uint32_t source = 0;                     ///< index of the task's source it belongs to
};

/// What a task processes at once. Record i has ordinal `firstOrdinal + i` in its task, which is the
/// order of a single-record engine; results never depend on where draws are cut.
struct Draw {
  uint64_t firstOrdinal = 0;
  std::vector<DrawnRecord> records;
  std::vector<std::shared_ptr<const FetchedRecords>> buffers;

  /// What columns hold on to whose strings lie in the records.
  Owner keepAlive() const {
    return std::make_shared<const std::vector<std::shared_ptr<const FetchedRecords>>>(buffers);
  }
};

}  // namespace auspex::operators
