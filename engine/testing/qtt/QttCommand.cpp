// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttCommand.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "engine/testing/FindFiles.h"
#include "engine/testing/qtt/QttCase.h"
#include "engine/testing/qtt/QttRun.h"
#include "engine/testing/qtt/QttWorkers.h"

namespace auspex::engine {
namespace {

/// The line of a failure that says most: what was found, or the first that is marked.
std::string firstReason(const std::string& text) {
  std::istringstream lines(text);
  std::string first;
  bool marked = false;
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = line.find_first_not_of(' ');
    if (begin == std::string::npos) {
      continue;
    }
    const std::string trimmed = line.substr(begin);
    if (marked || trimmed.starts_with("found:")) {
      return trimmed;
    }
    marked = trimmed.starts_with("! ");
    first = first.empty() ? trimmed : first;
  }
  return first;
}

void writeFailed(const std::string& path, const std::vector<QttCase>& cases,
                 const std::vector<QttOutcome>& outcomes) {
  std::ofstream file(path);
  for (size_t i = 0; i < cases.size(); ++i) {
    if (outcomes[i].verdict == QttVerdict::Failed) {
      file << cases[i].name << "\t" << firstReason(outcomes[i].text) << "\n";
    }
  }
  if (!file.flush()) {
    throw std::invalid_argument(fmt::format("cannot write '{}'", path));
  }
}

/// A case's name begins with that of its file.
void printByFile(const std::vector<QttCase>& cases, const std::vector<QttOutcome>& outcomes) {
  struct Count {
    size_t passed = 0;
    size_t all = 0;
  };
  std::map<std::string, Count> counts;
  for (size_t i = 0; i < cases.size(); ++i) {
    Count& count = counts[cases[i].name.substr(0, cases[i].name.find(" - "))];
    ++count.all;
    count.passed += outcomes[i].verdict == QttVerdict::Passed ? 1 : 0;
  }
  for (const auto& [file, count] : counts) {
    std::cout << fmt::format("{:4} of {:4} pass  {}\n", count.passed, count.all, file);
  }
}

}  // namespace

ExitCode runQtt(const QttOptions& options) {
  spdlog::set_level(spdlog::level::off);
  std::vector<QttCase> cases;
  for (const std::filesystem::path& file : findFiles(options.paths, ".json")) {
    for (QttCase& test : readQttFile(file)) {
      if (test.name.find(options.only) != std::string::npos) {
        cases.push_back(std::move(test));
      }
    }
  }
  if (cases.empty()) {
    throw std::invalid_argument("no query-validation case to run");
  }
  const size_t numWorkers =
      std::min<size_t>(cases.size(), std::max(1U, std::thread::hardware_concurrency()));
  const std::vector<QttOutcome> outcomes =
      runInWorkers(cases.size(), numWorkers,
                   [&](size_t index) { return runQttCase(cases[index], options.printed); });
  size_t counts[3] = {};
  for (size_t i = 0; i < cases.size(); ++i) {
    ++counts[static_cast<size_t>(outcomes[i].verdict)];
    if (outcomes[i].verdict == QttVerdict::Failed) {
      std::cout << cases[i].name << "\n" << outcomes[i].text << "\n";
    } else if (outcomes[i].verdict == QttVerdict::Skipped) {
      std::cout << fmt::format("{}\n    skipped: {}\n\n", cases[i].name, outcomes[i].text);
    }
  }
  if (!options.failedFile.empty()) {
    writeFailed(options.failedFile, cases, outcomes);
  }
  if (options.byFile) {
    printByFile(cases, outcomes);
  }
  std::cout << fmt::format("{} passed, {} failed, {} skipped\n", counts[0], counts[1], counts[2]);
  return counts[1] == 0 ? ExitCode::Success : ExitCode::StatementFailed;
}

}  // namespace auspex::engine
