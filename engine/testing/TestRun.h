// SPDX-License-Identifier: Apache-2.0
// Runs one .test file at one number of rows a draw: production's engine without threads on a
// simulated broker and a temporary state directory of its own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/testing/TestFile.h"

namespace auspex::engine {

/// The first step that did not do what it should.
struct TestFailure {
  size_t line = 0;
  std::string text;
  bool operator==(const TestFailure&) const = default;
};

/// Runs the steps of a file; paths in its statements are relative to its folder. Returns how it
/// failed, or nothing. Any thread, several at once.
std::optional<TestFailure> runTest(const std::filesystem::path& file,
                                   const std::vector<TestStep>& steps, size_t drawRows);

}  // namespace auspex::engine
