// SPDX-License-Identifier: Apache-2.0
// The cases of ksqlDB's query-validation files, expanded over their formats and configurations.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/testing/JsonDifference.h"

namespace auspex::engine {

/// The window of a windowed key.
struct QttWindow {
  int64_t start = 0;
  int64_t end = 0;
  bool isSession = false;
  bool operator==(const QttWindow&) const = default;
};

using QttHeaders = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// A record as a file gives it, or as it was found.
struct QttRecord {
  std::string topic;
  JsonTree key;  ///< null: no key
  JsonTree value;
  std::optional<int64_t> timestamp;
  std::optional<QttWindow> window;
  QttHeaders headers;  ///< values are bytes

  /// On one line, for people.
  std::string toText() const;
};

struct QttTopic {
  std::string name;
  int32_t numPartitions = 1;
};

/// One case; `name` is unique over all files.
struct QttCase {
  std::string name;  ///< `<file> - <name>[ - FORMAT][ - PROPERTY=value]`
  std::vector<std::string> statements;
  std::map<std::string, std::string> properties;
  std::vector<QttTopic> topics;
  std::vector<QttRecord> inputs;
  std::vector<QttRecord> outputs;
  std::optional<JsonTree> expectedException;
  std::optional<JsonTree> post;
  // Of the tests of ksqlDB's server.
  std::optional<JsonTree> responses;
  std::optional<JsonTree> expectedError;
  bool waitsForPush = false;  ///< the inputs come when the push query runs
  std::string skipped;        ///< why the case must not run; empty: it runs
  std::string broken;         ///< why the file's entry is no case; empty: it is one
};

/// Reads the cases of a file; // and block comments may stand between its values. A file that is
/// no JSON, and an entry that is no case, gives a case whose `broken` says so.
/// Source: dialect, QTT: file and case.
std::vector<QttCase> readQttFile(const std::filesystem::path& file);

/// The JSON text without its comments; texts in quotes are left alone.
std::string withoutComments(const std::string& text);

}  // namespace auspex::engine
