// SPDX-License-Identifier: Apache-2.0
// The ordered history of statements that made the catalog what it is. Implemented by the engine
// over a topic of the service, so that a restart, and every instance, replays it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace auspex::queries {

/// One executed statement. Only text, query id and what cannot be derived again are kept.
struct Command {
  std::string object;   ///< what it defined: "STREAM PAYMENTS", "MODEL FRAUD", "INSERT 3"
  std::string text;     ///< the statement
  std::string queryId;  ///< of the query it started; else empty
  std::map<std::string, std::string> details;  ///< e.g. the checksum of a model file
};

/// A record that a statement writes itself (INSERT VALUES).
struct InsertedRecord {
  std::string topic;
  int32_t partition = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  int64_t timestamp = 0;
};

class CommandLog {
 public:
  virtual ~CommandLog() = default;
  /// All commands so far, in order.
  virtual std::vector<Command> read() = 0;
  /// Appends a command and writes its records in one transaction: both or neither.
  virtual void append(const Command& command, const std::vector<InsertedRecord>& records) = 0;
};

}  // namespace auspex::queries
