// SPDX-License-Identifier: Apache-2.0
// `auspex serve`: the models of programs behind the Open Inference Protocol.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/ExitCode.h"
#include "parser/Parser.h"

namespace auspex::engine {

struct ServeOptions {
  std::vector<std::filesystem::path> files;
  std::string listen;
  size_t numThreads = 0;  ///< 0: as many as cores, at most 8
  size_t maxRequestBytes = size_t{16} << 20;
  std::string productVersion;
  parser::Variables variables;  ///< --define
};

/// Executes the statements, which must be about models, and answers until SIGINT or SIGTERM; then
/// finishes what is in flight. Keeps nothing on disk.
ExitCode serveModels(const ServeOptions& options);

}  // namespace auspex::engine
