// SPDX-License-Identifier: Apache-2.0
// `auspex run`: executes programs without a person, to their end or until stopped.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/EngineOptions.h"
#include "engine/ExitCode.h"
#include "engine/ResultCollector.h"
#include "parser/Parser.h"

namespace auspex::engine {

enum class RunUntil : uint8_t { Automatic, End, Stopped };

struct RunOptions {
  EngineOptions engine;
  std::vector<std::filesystem::path> files;
  RunUntil until = RunUntil::Automatic;
  OutputFormat output = OutputFormat::Table;
  parser::Variables variables;  ///< --define
};

/// Results go to standard output, everything else to standard error.
ExitCode runProgram(const RunOptions& options);

/// `auspex explain`: prints the topology of each query of the programs; starts and keeps nothing.
ExitCode explainProgram(const RunOptions& options);

}  // namespace auspex::engine
