// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/TestCommand.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "engine/testing/FindFiles.h"
#include "engine/testing/TestFile.h"
#include "engine/testing/TestRun.h"

namespace auspex::engine {
namespace {

/// A file with what came of it at each number of rows a draw.
struct TestedFile {
  std::filesystem::path path;
  std::vector<std::optional<TestFailure>> failures;  // in the order of drawRows
};

std::vector<std::filesystem::path> findTests(const TestOptions& options) {
  std::vector<std::filesystem::path> files = findFiles(options.paths, ".test");
  std::erase_if(files, [&](const std::filesystem::path& file) {
    return file.string().find(options.only) == std::string::npos;
  });
  return files;
}

void runFile(TestedFile& file, const std::vector<size_t>& drawRows) {
  file.failures.assign(drawRows.size(), std::nullopt);
  std::ifstream stream(file.path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  try {
    const std::vector<TestStep> steps = parseTestFile(text.str());
    for (size_t i = 0; i < drawRows.size(); ++i) {
      file.failures[i] = runTest(file.path, steps, drawRows[i]);
    }
  } catch (const TestFileError& error) {
    file.failures.assign(drawRows.size(),
                         TestFailure{error.line(), std::string(error.what()) + "\n"});
  }
}

/// Prints each failure once, with the numbers of rows at which it came.
void report(const TestedFile& file, const std::vector<size_t>& drawRows) {
  std::vector<bool> told(drawRows.size(), false);
  for (size_t i = 0; i < drawRows.size(); ++i) {
    if (!file.failures[i] || told[i]) {
      continue;
    }
    std::string at;
    for (size_t j = i; j < drawRows.size(); ++j) {
      if (file.failures[j] == file.failures[i]) {
        told[j] = true;
        at += (at.empty() ? "" : ", ") + std::to_string(drawRows[j]);
      }
    }
    const std::string& text = file.failures[i]->text;
    std::cout << fmt::format("{}:{}: {}{}    at {} rows a draw\n\n", file.path.string(),
                             file.failures[i]->line, text, text.ends_with('\n') ? "" : "\n", at);
  }
}

}  // namespace

ExitCode runTests(const TestOptions& options) {
  // Faults that a test asks for make the engine warn of what it then overcomes.
  spdlog::set_level(spdlog::level::off);
  std::vector<TestedFile> files;
  for (std::filesystem::path& path : findTests(options)) {
    files.push_back({std::move(path), {}});
  }
  if (files.empty() || options.drawRows.empty()) {
    throw std::invalid_argument("no .test file to run");
  }
  for (const size_t rows : options.drawRows) {
    if (rows == 0) {
      throw std::invalid_argument("a draw has at least one row");
    }
  }
  std::atomic<size_t> next{0};
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
      workers.emplace_back([&] {
        for (size_t index = next++; index < files.size(); index = next++) {
          runFile(files[index], options.drawRows);
        }
      });
    }
  }
  size_t numPassed = 0;
  size_t numFailed = 0;
  for (const TestedFile& file : files) {
    report(file, options.drawRows);
    for (const std::optional<TestFailure>& failure : file.failures) {
      ++(failure ? numFailed : numPassed);
    }
  }
  std::cout << fmt::format("{} passed, {} failed, 0 skipped\n", numPassed, numFailed);
  return numFailed == 0 ? ExitCode::Success : ExitCode::StatementFailed;
}

}  // namespace auspex::engine
