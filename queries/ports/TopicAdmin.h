// SPDX-License-Identifier: Apache-2.0
// Topics as statements see them. Implemented by the engine over its broker.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace auspex::queries {

struct TopicRequest {
  std::string name;
  int32_t numPartitions = 1;
  int32_t replicas = -1;                      ///< -1: the broker's default
  std::map<std::string, std::string> config;  ///< Kafka's names
};

/// Errors are the broker's own exceptions.
class TopicAdmin {
 public:
  virtual ~TopicAdmin() = default;
  /// Number of partitions; nothing when there is no such topic.
  virtual std::optional<int32_t> numPartitions(const std::string& topic) = 0;
  virtual void create(const TopicRequest& request) = 0;
  virtual void remove(const std::string& topic) = 0;
  virtual std::vector<std::string> list() = 0;
};

}  // namespace auspex::queries
