// SPDX-License-Identifier: Apache-2.0
#include "engine/RunCommand.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>

#include "engine/Engine.h"
#include "engine/Signals.h"
#include "engine/brokers/simulated/SimulatedBroker.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

using Clock = std::chrono::steady_clock;

/// A script with its text, for messages that show the place.
struct Script {
  std::filesystem::path path;
  std::string text;
  std::vector<parser::ParsedStatement> statements;
};

void say(const std::string& line) {
  std::cerr << line << "\n";
}

std::string readFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::invalid_argument(fmt::format("cannot read '{}'", path.string()));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Parses a script; reports every statement in error. Returns false when there was one.
bool parseScript(Script& script, parser::Variables& variables) {
  parser::StatementReader reader(script.text);
  bool good = true;
  while (true) {
    try {
      std::optional<parser::ParsedStatement> statement = reader.next(variables);
      if (!statement) {
        return good;
      }
      if (const auto* const define =
              std::get_if<parser::DefineVariable>(&statement->statement.node)) {
        variables[define->name] = define->value;
      } else if (const auto* const undefine =
                     std::get_if<parser::UndefineVariable>(&statement->statement.node)) {
        variables.erase(undefine->name);
      }
      script.statements.push_back(std::move(*statement));
    } catch (const parser::SyntaxError& error) {
      say(parser::renderError(error.message(), error.span(), script.text, script.path.string()));
      good = false;
    }
  }
}

class Program {
 public:
  explicit Program(const RunOptions& options) : options_(options) {}

  ExitCode run() {
    if (!parseAll()) {
      return ExitCode::StatementFailed;
    }
    Engine engine(engineOptions());
    engine_ = &engine;
    say(fmt::format("auspex: {}, data in {}", engine.broker().describe(),
                    engine.options().dataDirectory.string()));
    if (!checkAll()) {
      return ExitCode::StatementFailed;
    }
    executeAll();
    const bool finite = engine.allInputsFinite();
    const bool toEnd =
        options_.until == RunUntil::End || (options_.until == RunUntil::Automatic && finite);
    if (!toEnd) {
      engine.setEndless();
    }
    engine.start();
    const bool completed = toEnd ? runToEnd() : runUntilStopped();
    engine.stop();
    report();
    if (!completed) {
      say("auspex: interrupted. What is done is committed; run the same command to go on.");
      return ExitCode::Interrupted;
    }
    return ExitCode::Success;
  }

 private:
  bool parseAll() {
    parser::Variables variables = options_.variables;
    bool good = true;
    for (const std::filesystem::path& path : options_.files) {
      scripts_.push_back({path, readFile(path), {}});
      good = parseScript(scripts_.back(), variables) && good;
    }
    return good;
  }

  EngineOptions engineOptions() const {
    EngineOptions options = options_.engine;
    options.basePath = scripts_[0].path.parent_path();
    return options;
  }

  bool checkAll() {
    bool good = true;
    std::vector<parser::ParsedStatement> all;
    std::vector<const Script*> owners;
    for (const Script& script : scripts_) {
      for (const queries::StatementError& error : engine_->executor().check(script.statements)) {
        say(parser::renderError(error.what(), error.span(), script.text, script.path.string()));
        good = false;
      }
    }
    return good;
  }

  void executeAll() {
    for (const Script& script : scripts_) {
      try {
        for (const parser::ParsedStatement& statement : script.statements) {
          take(engine_->executor().executeOnce(statement));
        }
      } catch (const queries::StatementError& error) {
        say(parser::renderError(error.what(), error.span(), script.text, script.path.string()));
        throw;
      }
    }
  }

  void take(queries::StatementResult result) {
    if (result.query) {
      selects_.push_back(std::move(*result.query));
      return;
    }
    // Listings and descriptions are results; acknowledgements of changes are not.
    if (result.table) {
      if (!result.message.empty()) {
        std::cout << result.message << "\n";
      }
      writeTable(*result.table, std::cout);
    } else if (result.message.find('\n') != std::string::npos) {
      std::cout << result.message << "\n";
    } else if (!result.message.empty()) {
      say(result.message);
    }
  }

  /// Serves the runtime until `done` holds; false when interrupted.
  template <typename Done>
  bool serve(Done done) {
    auto nextProgress = Clock::now() + std::chrono::seconds(1);
    const bool terminal = isatty(STDERR_FILENO) != 0;
    bool shown = false;
    while (!done()) {
      if (isInterrupted() || !std::cout) {
        return false;
      }
      engine_->runtime().poll();
      if (terminal && Clock::now() >= nextProgress) {
        showProgress();
        shown = true;
        nextProgress = Clock::now() + std::chrono::milliseconds(500);
      }
      if (!done()) {
        engine_->runtime().wait(std::chrono::milliseconds(20));
      }
    }
    if (shown) {
      std::cerr << "\r\x1b[K";
    }
    return true;
  }

  void showProgress() {
    uint64_t in = 0;
    for (const QueryReport& report : engine_->runtime().reports()) {
      in += report.counters->rowsIn.load();
    }
    std::cerr << fmt::format("\r\x1b[K{} rows processed", in) << std::flush;
  }

  bool runToEnd() {
    Runtime& runtime = engine_->runtime();
    if (!serve([&] { return runtime.allFinished(); })) {
      return false;
    }
    for (const queries::TransientQuery& select : selects_) {
      const RunningSelect running =
          engine_->startSelect(select, options_.output, false, std::cout, OffsetReset::Earliest);
      if (!serve([&] { return running.finished->load(); })) {
        return false;
      }
      engine_->stopSelect(running);
      running.collector->finish();
    }
    return true;
  }

  bool runUntilStopped() {
    say("auspex: running until stopped (Ctrl-C).");
    std::vector<RunningSelect> running;
    for (const queries::TransientQuery& select : selects_) {
      running.push_back(engine_->startSelect(select, options_.output, true, std::cout,
                                             options_.engine.offsetReset));
    }
    serve([] { return false; });
    for (const RunningSelect& select : running) {
      select.collector->finish();
    }
    return false;
  }

  void report() const {
    for (const QueryReport& query : engine_->runtime().finalReports()) {
      const QueryCounters& counters = *query.counters;
      say(fmt::format("{}: {} rows in, {} out, {} dead", query.queryId, counters.rowsIn.load(),
                      counters.rowsOut.load(), counters.deadLetters.load()));
      if (counters.expressionErrors.load() > 0) {
        say(fmt::format("  {} expressions failed and gave NULL", counters.expressionErrors.load()));
      }
      if (counters.deadLetters.load() > 0) {
        say(fmt::format("  dead letters: {}", readCommand(query.queryId + "-dead-letters")));
      }
      if (const auto topic = engine_->sinkTopicOf(query.queryId)) {
        say(fmt::format("  topic {} holds {} records: {}", *topic, countRecords(*topic),
                        readCommand(*topic)));
      }
    }
    for (const Engine::SinkFile& file : engine_->sinkFiles()) {
      say(fmt::format("{}: wrote {}", file.connector, file.path));
    }
  }

  /// End offsets, which count control records too on Kafka.
  int64_t countRecords(const std::string& topic) const {
    int64_t count = 0;
    const auto description = engine_->broker().topic(topic);
    for (int32_t i = 0; description && i < description->numPartitions; ++i) {
      const TopicPartition partition{topic, i};
      count += engine_->broker().endOffset(partition, Isolation::ReadCommitted) -
               engine_->broker().beginOffset(partition);
    }
    return count;
  }

  std::string readCommand(const std::string& topic) const {
    std::string command = fmt::format("./auspex topics print {} --limit 10", topic);
    const EngineOptions& given = options_.engine;
    if (!given.bootstrapServers.empty()) {
      command += " --bootstrap-server " + given.bootstrapServers;
    } else if (!given.dataDirectory.empty()) {
      command += " --data-dir " + given.dataDirectory.string();
    }
    return command;
  }

  const RunOptions& options_;
  std::vector<Script> scripts_;
  Engine* engine_ = nullptr;
  std::vector<queries::TransientQuery> selects_;
};

}  // namespace

ExitCode explainProgram(const RunOptions& options) {
  // On a broker of its own in memory, so that nothing outside is touched or asked for.
  auto broker = std::make_shared<SimulatedBroker>();
  parser::Variables variables = options.variables;
  for (const std::filesystem::path& path : options.files) {
    Script script{path, readFile(path), {}};
    if (!parseScript(script, variables)) {
      return ExitCode::StatementFailed;
    }
    EngineOptions engineOptions = options.engine;
    engineOptions.basePath = path.parent_path();
    engineOptions.numThreads = -1;
    Engine engine(engineOptions, broker, nullptr);
    try {
      for (const parser::ParsedStatement& statement : script.statements) {
        if (const auto* const create =
                std::get_if<parser::CreateSource>(&statement.statement.node)) {
          for (const parser::Property& property : create->properties) {
            if (property.name.name == "KAFKA_TOPIC" && !broker->topic(property.text)) {
              broker->createTopic({property.text, 1, -1, {}});
            }
          }
        }
        const queries::StatementResult result = engine.executor().execute(statement);
        if (result.query) {
          std::cout << result.query->text << ";\n"
                    << engine.executor().explain(result.query->plan) << "\n";
        }
      }
    } catch (const queries::StatementError& error) {
      say(parser::renderError(error.what(), error.span(), script.text, script.path.string()));
      return ExitCode::StatementFailed;
    }
    for (const auto& [id, query] : engine.executor().catalog().queries) {
      const auto parsed = parser::parse("EXPLAIN " + id + ";");
      std::cout << engine.executor().execute(parsed[0]).message << "\n";
    }
  }
  return ExitCode::Success;
}

ExitCode runProgram(const RunOptions& options) {
  try {
    return Program(options).run();
  } catch (const queries::StatementError& error) {
    say(fmt::format("auspex: {}", error.what()));
    return ExitCode::StatementFailed;
  } catch (const stateStore::StoreError& error) {
    say(fmt::format("auspex: {}", error.what()));
    return ExitCode::Unavailable;
  } catch (const BrokerError& error) {
    say(fmt::format("auspex: {}", error.what()));
    return ExitCode::Unavailable;
  } catch (const std::invalid_argument& error) {
    say(fmt::format("auspex: {}", error.what()));
    return ExitCode::WrongUsage;
  } catch (const std::exception& error) {
    say(fmt::format("auspex: {}", error.what()));
    return ExitCode::QueryFailed;
  }
}

}  // namespace auspex::engine
