// SPDX-License-Identifier: Apache-2.0
// `auspex test --qtt`: runs ksqlDB's query-validation files and reports.
#pragma once

#include <string>
#include <vector>

#include "engine/ExitCode.h"

namespace auspex::engine {

struct QttOptions {
  std::vector<std::string> paths;  ///< JSON files, or folders searched for them
  std::string only;                ///< only cases whose name contains this text
  std::string failedFile;          ///< gets the name and first reason of each failing case
  bool byFile = false;             ///< tells of each file how many of its cases pass
  bool printed = false;            ///< runs what the printer makes of the statements
};

/// Runs the cases; failures and the closing line 'N passed, N failed, N skipped' go to standard
/// output. docs/testing.md describes it.
ExitCode runQtt(const QttOptions& options);

}  // namespace auspex::engine
