// SPDX-License-Identifier: Apache-2.0
// What an engine is started with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "engine/runtime/Task.h"

namespace auspex::engine {

struct EngineOptions {
  std::string bootstrapServers;  ///< empty: the embedded broker
  std::string serviceId = "default_";
  std::filesystem::path dataDirectory;   ///< empty: the default place
  std::filesystem::path basePath = ".";  ///< what paths in statements are relative to
  bool fresh = false;
  OffsetReset offsetReset = OffsetReset::Earliest;
  int numThreads = 0;                             ///< 0: as many as cores, at most 8
  std::map<std::string, std::string> properties;  ///< --set
};

}  // namespace auspex::engine
