// SPDX-License-Identifier: Apache-2.0
#include "engine/ModelCommand.h"

#include <fmt/format.h>

#include <iostream>

#include "engine/ResultCollector.h"
#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"

namespace auspex::engine {

ExitCode inspectModel(const std::string& path) {
  try {
    operators::LoadOptions options;
    options.name = path;
    const auto version = operators::loadModel(path, options);
    const operators::ModelInfo& info = version->info();
    std::cout << fmt::format(
        "Format    : {}\nObjective : {}\nOutputs   : {}\nTrees     : {} of depth {}\nSize      : "
        "{} "
        "bytes\nChecksum  : {}\n",
        info.format, info.objective, info.numOutputs, info.numTrees, info.maxDepth, info.sizeBytes,
        info.checksum);
    queries::TextTable features{{"Feature", "Kind", "Categories"}, {}};
    for (const operators::FeatureInfo& feature : info.features) {
      features.rows.push_back(
          {feature.name,
           feature.kind == operators::FeatureKind::Categorical ? "categorical" : "numeric",
           feature.categories.empty() ? "" : std::to_string(feature.categories.size())});
    }
    writeTable(features, std::cout);
    return ExitCode::Success;
  } catch (const operators::ModelError& error) {
    std::cerr << fmt::format("auspex: {}: {}\n", path, error.what());
    return ExitCode::StatementFailed;
  }
}

}  // namespace auspex::engine
