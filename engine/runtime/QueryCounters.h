// SPDX-License-Identifier: Apache-2.0
// What a query has done so far, counted by its tasks and read by whoever reports it.
#pragma once

#include <atomic>
#include <cstdint>

namespace auspex::engine {

/// Counts of committed work. Any thread.
struct QueryCounters {
  std::atomic<uint64_t> rowsIn{0};       ///< source records processed (repartitioned ones excluded)
  std::atomic<uint64_t> rowsOut{0};      ///< records written to the query's sink
  std::atomic<uint64_t> deadLetters{0};  ///< records written to its dead-letter topic
  std::atomic<uint64_t> expressionErrors{0};  ///< columns that became NULL by an error
  std::atomic<uint64_t> draws{0};
  std::atomic<uint64_t> commits{0};
};

}  // namespace auspex::engine
