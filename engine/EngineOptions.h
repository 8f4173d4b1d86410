// SPDX-License-Identifier: Apache-2.0
// What an engine is started with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/runtime/Task.h"
#include "operators/functions/FunctionRegistry.h"
#include "operators/ports/HttpTransport.h"

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

  /// To model servers; null: the engine's own.
  std::shared_ptr<operators::HttpTransport> transport;
  /// Makes the way to those behind the broker's topics; empty: the engine's own.
  std::function<std::shared_ptr<operators::HttpTransport>(std::shared_ptr<Broker>)>
      makeTopicTransport;

  // What `test --qtt` needs to be otherwise than in `run`.

  std::string defaultValueFormat = "JSON";  ///< empty: statements must name one
  bool countQueriesGlobally = false;        ///< query ids count over all sinks, as ksqlDB's do
  std::function<int64_t()> clock;           ///< ms since epoch; empty: the wall clock
  std::function<void(operators::FunctionRegistry&)> addFunctions;  ///< besides the built-in ones
};

}  // namespace auspex::engine
