// SPDX-License-Identifier: Apache-2.0
// `auspex shell`: statements typed by a person, or given by -e and -f.
#pragma once

#include <string>

#include "engine/EngineOptions.h"
#include "engine/ExitCode.h"
#include "engine/ResultCollector.h"

namespace auspex::engine {

struct ShellOptions {
  EngineOptions engine;
  std::string statements;  ///< -e
  std::string file;        ///< -f
  OutputFormat output = OutputFormat::Table;
};

/// Runs until the end of input, `exit`, or the end of the given statements.
ExitCode runShell(const ShellOptions& options);

}  // namespace auspex::engine
