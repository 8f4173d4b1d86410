// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/TestRun.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <deque>
#include <memory>
#include <sstream>
#include <utility>

#include "engine/Engine.h"
#include "engine/testing/JsonDifference.h"
#include "engine/testing/RecordComparison.h"
#include "engine/testing/Settling.h"
#include "engine/testing/TopicRecords.h"
#include "parser/Parser.h"

namespace auspex::engine {
namespace {

/// Where states of tests live: in memory if the system offers it, since nothing of a test has to
/// survive a loss of power, and syncing a disk takes most of its time.
std::filesystem::path temporaryRoot() {
  const char* const memory = "/dev/shm";
  const bool chosen = getenv("TMPDIR") != nullptr;
  return !chosen && access(memory, W_OK | X_OK) == 0 ? memory
                                                     : std::filesystem::temp_directory_path();
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (temporaryRoot() / "auspex-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error(fmt::format("cannot create a directory like {}", name));
    }
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// How a statement failed, and where when it says so.
struct StatementFailure {
  std::string message;
  uint32_t line = 0;
  uint32_t column = 0;
};

class TestRun {
 public:
  TestRun(const std::filesystem::path& file, size_t drawRows)
      : drawRows_(drawRows),
        states_(directory_.path()),
        broker_(std::make_shared<SimulatedBroker>()),
        records_(*broker_) {
    options_.basePath = file.parent_path();
    options_.numThreads = -1;
    options_.properties["auspex.draw.rows"] = std::to_string(drawRows);
    options_.properties["commit.interval.ms"] = kCommitIntervalMs;
    startEngine();
  }

  std::optional<TestFailure> run(const std::vector<TestStep>& steps) {
    size_t line = 0;
    std::string title;
    try {
      for (const TestStep& step : steps) {
        line = step.line;
        title = step.title;
        if (auto text =
                std::visit([this](const auto& action) { return perform(action); }, step.action)) {
          return TestFailure{line, title + "\n" + *text};
        }
      }
      settle();
      if (auto text = findUnexpected()) {
        return TestFailure{line, *text};
      }
      engine_->stop();
    } catch (const TestFileError& error) {
      return TestFailure{error.line(), error.what()};
    } catch (const std::exception& error) {
      return TestFailure{line, fmt::format("{}\n    {}\n", title, error.what())};
    }
    return std::nullopt;
  }

 private:
  using Outcome = std::optional<std::string>;

  void startEngine() {
    engine_ = std::make_unique<Engine>(options_, broker_, &states_);
    engine_->setEndless();
    engine_->start();
  }

  /// Runs everything given so far to its end, through the crashes that were asked for.
  void settle() {
    armCrash();
    int quiet = 0;
    for (int round = 0; quiet < kQuietRounds; ++round) {
      if (round == kMaxRounds) {
        throw std::runtime_error("the queries do not come to rest");
      }
      try {
        quiet = engine_->runtime().poll() || isWaiting() ? 0 : quiet + 1;
      } catch (const std::exception&) {
        if (!broker_->crashed()) {
          throw;
        }
        startAfterCrash();
        quiet = 0;
      }
    }
    broker_->setFaults({});
    crashes_.clear();
  }

  /// Scores come by themselves.
  bool isWaiting() {
    const bool waits = engine_->runtime().isWaiting();
    if (waits) {
      engine_->runtime().wait(std::chrono::milliseconds(1));
    }
    return waits;
  }

  void armCrash() {
    Faults faults;
    if (!crashes_.empty()) {
      faults.crashAtStep = broker_->steps() + crashes_.front();
      faults.crashAfterEffect = crashAfterEffect_;
      crashes_.pop_front();
    }
    broker_->setFaults(faults);
  }

  void startAfterCrash() {
    while (broker_->crashed()) {
      engine_.reset();
      broker_->restart();
      armCrash();
      try {
        startEngine();
      } catch (const std::exception&) {
        if (!broker_->crashed()) {
          throw;
        }
      }
    }
  }

  /// Executes statements up to the first that fails; `last` gets the last one's answer.
  std::optional<StatementFailure> execute(const std::string& sql, queries::StatementResult& last) {
    parser::StatementReader reader(sql);
    try {
      while (const auto statement = reader.next(variables_)) {
        if (const auto* const define =
                std::get_if<parser::DefineVariable>(&statement->statement.node)) {
          variables_[define->name] = define->value;
        } else if (const auto* const undefine =
                       std::get_if<parser::UndefineVariable>(&statement->statement.node)) {
          variables_.erase(undefine->name);
        }
        last = engine_->executor().execute(*statement);
        engine_->start();
      }
    } catch (const parser::SyntaxError& error) {
      return StatementFailure{error.message(), error.span().line, error.span().column};
    } catch (const queries::StatementError& error) {
      return StatementFailure{error.what(), error.span().line, error.span().column};
    } catch (const std::exception& error) {
      return StatementFailure{error.what()};
    }
    return std::nullopt;
  }

  static std::string shown(const StatementFailure& failure) {
    return failure.line == 0
               ? failure.message
               : fmt::format("{}:{} {}", failure.line, failure.column, failure.message);
  }

  Outcome perform(const StatementStep& step) {
    settle();
    queries::StatementResult last;
    const std::optional<StatementFailure> failure = execute(step.sql, last);
    if (step.succeeds) {
      return failure ? Outcome(fmt::format("    expected: no error\n    found:    {}\n",
                                           shown(*failure)))
                     : std::nullopt;
    }
    const std::string wanted = step.errorLine == 0 ? step.message
                                                   : fmt::format("{}:{} {}", step.errorLine,
                                                                 step.errorColumn, step.message);
    if (!failure) {
      return fmt::format("    expected: {}\n    found:    no error\n", wanted);
    }
    const bool placed = step.errorLine == 0 ||
                        (step.errorLine == failure->line && step.errorColumn == failure->column);
    if (placed && failure->message.find(step.message) != std::string::npos) {
      return std::nullopt;
    }
    return fmt::format("    expected: {}\n    found:    {}\n", wanted, shown(*failure));
  }

  Outcome perform(const QueryStep& step) {
    settle();
    queries::StatementResult result;
    if (const auto failure = execute(step.sql, result)) {
      return fmt::format("    expected: rows\n    found:    {}\n", shown(*failure));
    }
    if (result.query) {
      if (auto difference = compareRows(step.rows, select(*result.query), step.rules)) {
        return difference;
      }
      return compareReads(step.rules);
    }
    if (result.table) {
      std::vector<FoundRow> rows;
      for (const std::vector<std::string>& row : result.table->rows) {
        rows.push_back({row});
      }
      return compareRows(step.rows, rows, step.rules);
    }
    return compareLines(step.rows, result.message);
  }

  Outcome compareReads(const ComparisonRules& rules) const {
    if (!rules.maxReads || (rowsRead_ && *rowsRead_ <= *rules.maxReads)) {
      return std::nullopt;
    }
    return fmt::format("    expected: at most {} rows of state are read\n    found:    {}\n",
                       *rules.maxReads,
                       rowsRead_ ? std::to_string(*rowsRead_) : std::string("no pull query"));
  }

  /// Runs a SELECT over what is there.
  std::vector<FoundRow> select(const queries::TransientQuery& query) {
    std::ostringstream output;
    RunningSelect running =
        engine_->startSelect(query, OutputFormat::Json, false, output, OffsetReset::Earliest);
    settle();
    engine_->stopSelect(running);
    running.check();
    running.collector->finish();
    rowsRead_ = running.pull ? std::optional(running.pull->rowsRead()) : std::nullopt;
    std::vector<FoundRow> rows;
    std::istringstream lines(output.str());
    for (std::string line; std::getline(lines, line);) {
      FoundRow& row = rows.emplace_back();
      const std::optional<JsonTree> tree = JsonTree::parse(line);
      if (!tree) {
        throw std::runtime_error(fmt::format("a row of the result is no JSON: {}", line));
      }
      for (const auto& [name, value] : tree->members) {
        row.cells.push_back(value.toText());
      }
    }
    return rows;
  }

  Outcome perform(const TopicStep& step) {
    records_.createTopic(step.topic, step.numPartitions, step.config);
    return std::nullopt;
  }

  Outcome perform(const InputStep& step) {
    records_.write(step, engine_->executor().catalog());
    return std::nullopt;
  }

  Outcome perform(const OutputStep& step) {
    settle();
    return compareRecords(step.records, records_.takeNew(step.topic, engine_->executor().catalog()),
                          step.rules);
  }

  Outcome perform(const DeadLettersStep& step) {
    settle();
    return compareDeadLetters(step.records, records_.takeNew(step.query + "-dead-letters",
                                                             engine_->executor().catalog()));
  }

  static uint64_t counterOf(const QueryCounters& counters, const std::string& name) {
    const std::pair<const char*, const std::atomic<uint64_t>*> known[] = {
        {"rowsIn", &counters.rowsIn},
        {"rowsOut", &counters.rowsOut},
        {"deadLetters", &counters.deadLetters},
        {"expressionErrors", &counters.expressionErrors},
        {"draws", &counters.draws},
        {"commits", &counters.commits}};
    for (const auto& [known_, value] : known) {
      if (name == known_) {
        return value->load();
      }
    }
    throw std::runtime_error(
        fmt::format("'{}' is no metric. Known are: rowsIn, rowsOut, "
                    "deadLetters, expressionErrors, draws, commits",
                    name));
  }

  Outcome perform(const MetricStep& step) {
    settle();
    if (step.atDrawRows && *step.atDrawRows != drawRows_) {
      return std::nullopt;
    }
    uint64_t found = 0;
    bool any = false;
    for (const QueryReport& report : engine_->runtime().reports()) {
      if (step.query.empty() || step.query == report.queryId) {
        found += counterOf(*report.counters, step.name);
        any = true;
      }
    }
    if (!any) {
      throw std::runtime_error(fmt::format("no query '{}' runs", step.query));
    }
    const uint64_t bound = step.perDraw ? (step.bound + drawRows_ - 1) / drawRows_ : step.bound;
    const bool holds = step.comparison == "<="   ? found <= bound
                       : step.comparison == ">=" ? found >= bound
                       : step.comparison == "<"  ? found < bound
                       : step.comparison == ">"  ? found > bound
                                                 : found == bound;
    return holds ? std::nullopt
                 : Outcome(fmt::format("    expected: {} {}\n    found:    {}\n", step.comparison,
                                       bound, found));
  }

  Outcome perform(const RestartStep&) {
    settle();
    engine_->stop();
    engine_.reset();
    broker_->restart();
    startEngine();
    return std::nullopt;
  }

  Outcome perform(const CrashStep& step) {
    settle();
    crashes_.assign(step.atSteps.begin(), step.atSteps.end());
    crashAfterEffect_ = step.afterEffect;
    return std::nullopt;
  }

  Outcome perform(const ProcessStep&) {
    settle();
    return std::nullopt;
  }

  /// Records of a checked topic that no step of the test expects.
  Outcome findUnexpected() {
    for (const std::string& topic : records_.readTopics()) {
      const auto left = records_.takeNew(topic, engine_->executor().catalog());
      if (const auto text = compareRecords({}, left, {})) {
        return fmt::format("end of the test: '{}' holds more than its outputs expect\n{}", topic,
                           *text);
      }
    }
    return std::nullopt;
  }

  size_t drawRows_;
  TemporaryDirectory directory_;
  stateStore::StateDirectory states_;
  std::shared_ptr<SimulatedBroker> broker_;
  TopicRecords records_;
  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
  parser::Variables variables_;
  std::deque<uint64_t> crashes_;
  bool crashAfterEffect_ = false;
  std::optional<uint64_t> rowsRead_;  // of state, by the last SELECT if it was a pull query
};

}  // namespace

std::optional<TestFailure> runTest(const std::filesystem::path& file,
                                   const std::vector<TestStep>& steps, size_t drawRows) {
  try {
    return TestRun(file, drawRows).run(steps);
  } catch (const std::exception& error) {
    return TestFailure{1, fmt::format("the test cannot run: {}\n", error.what())};
  }
}

}  // namespace auspex::engine
