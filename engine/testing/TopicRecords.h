// SPDX-License-Identifier: Apache-2.0
// Records of a test's topics: from the texts of a .test file to bytes and back, as the formats of
// the stream or table over the topic ask for.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/testing/TestFile.h"
#include "queries/catalog/Catalog.h"

namespace auspex::engine {

/// A record as it was found, with key and value as text.
struct FoundRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  int64_t timestamp = 0;
  int32_t partition = 0;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;

  /// As a .test file would write it.
  std::string text() const;
  std::string headerText(const std::string& name) const;
};

/// One thread.
class TopicRecords {
 public:
  explicit TopicRecords(SimulatedBroker& broker) : broker_(broker) {}

  /// Creates the topic unless it exists.
  void createTopic(const std::string& topic, int32_t numPartitions,
                   const std::map<std::string, std::string>& config = {});
  /// Writes records; a topic that does not exist gets one partition. Throws TestFileError when a
  /// text does not fit the format.
  void write(const InputStep& input, const queries::Catalog& catalog);
  /// What committed transactions have written to the topic since the last call for it. Partitions
  /// are merged: of their next records the earliest goes first, ties by partition.
  std::vector<FoundRecord> takeNew(const std::string& topic, const queries::Catalog& catalog);
  /// Topics that takeNew() was called for.
  std::vector<std::string> readTopics() const;

 private:
  SimulatedBroker& broker_;
  std::map<std::string, std::vector<size_t>> numTaken_;  // per partition
};

}  // namespace auspex::engine
