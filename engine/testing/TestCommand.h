// SPDX-License-Identifier: Apache-2.0
// `auspex test`: runs .test files, each at several numbers of rows a draw, and reports.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/ExitCode.h"

namespace auspex::engine {

struct TestOptions {
  std::vector<std::string> paths;                  ///< files, or folders searched for *.test
  std::string only;                                ///< only files whose path contains this text
  std::vector<size_t> drawRows = {1, 2, 7, 1024};  ///< each file runs once at each
};

/// Runs the tests; failures and the closing line 'N passed, N failed, N skipped' go to standard
/// output. A test is one file at one number of rows a draw. docs/testing.md describes the files.
ExitCode runTests(const TestOptions& options);

}  // namespace auspex::engine
