// SPDX-License-Identifier: Apache-2.0
// `auspex topics list|print|produce`: looks at topics, and writes lines to one.
#pragma once

#include <optional>
#include <string>

#include "engine/EngineOptions.h"
#include "engine/ExitCode.h"

namespace auspex::engine {

struct TopicsOptions {
  EngineOptions engine;
  std::string topic;
  std::optional<int64_t> limit;
  bool fromEnd = false;      ///< print: only what comes from now on (Ctrl-C ends)
  std::string keySeparator;  ///< produce: splits a line into key and value; empty: no keys
};

ExitCode listTopics(const TopicsOptions& options);
/// Prints the records of a topic as JSON lines: partition, offset, timestamp, key, value, headers.
ExitCode printTopic(const TopicsOptions& options);
/// Writes each line of standard input as one record, in one transaction per thousand lines.
ExitCode produceTopic(const TopicsOptions& options);

}  // namespace auspex::engine
