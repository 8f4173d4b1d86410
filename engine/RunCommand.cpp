// SPDX-License-Identifier: Apache-2.0
#include "engine/RunCommand.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <fstream>
#include <iostream>
#include <span>
#include <sstream>
#include <thread>

#include "engine/Engine.h"
#include "engine/Signals.h"
#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/shell/ShellServer.h"
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

/// How serving the runtime came to its end.
enum class Outcome : uint8_t { Completed, Interrupted, OutputClosed };

/// After Ctrl-C the process is gone within two seconds, whatever a broker or a disk keeps it
/// waiting for: what was not committed by then is replayed by the next run.
void endSoonAnyway() {
  std::thread([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1800));
    constexpr std::string_view kMessage =
        "auspex: the last commit takes too long; ending without it. What was committed before is "
        "safe.\n";
    static_cast<void>(!write(STDERR_FILENO, kMessage.data(), kMessage.size()));
    _exit(static_cast<int>(ExitCode::Interrupted));
  }).detach();
}

/// Whoever read standard output has gone (`| head`), as opposed to a full disk.
bool isReaderGone() {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

/// As a shell reads it back.
std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./:,+=@%").find(c) != std::string_view::npos;
  });
  if (plain) {
    return word;
  }
  std::string text = "'";
  for (const char c : word) {
    text += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return text + "'";
}

/// What a person types to run this program again: the launcher if it is where it belongs.
std::string commandName() {
  std::error_code error;
  const std::filesystem::path binary = std::filesystem::read_symlink("/proc/self/exe", error);
  // <root>/build/<preset>/engine/auspex
  const std::filesystem::path root = binary.parent_path().parent_path().parent_path().parent_path();
  if (!std::filesystem::is_regular_file(root / "auspex", error)) {
    return error && binary.empty() ? "./auspex" : quoted(binary.string());
  }
  return root == std::filesystem::current_path(error) ? "./auspex"
                                                      : quoted((root / "auspex").string());
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
    if (!executeAll()) {
      return ExitCode::StatementFailed;
    }
    const bool finite = engine.allInputsFinite();
    const bool toEnd =
        options_.until == RunUntil::End || (options_.until == RunUntil::Automatic && finite);
    if (!toEnd) {
      engine.setEndless();
    }
    engine.start();
    listen();
    const Outcome outcome = toEnd ? runToEnd() : runUntilStopped();
    if (outcome == Outcome::Interrupted) {
      endSoonAnyway();
    }
    server_.reset();
    engine.stop();
    return conclude(outcome);
  }

 private:
  ExitCode conclude(Outcome outcome) {
    std::cout.flush();
    if (!std::cout && !isReaderGone()) {
      say("auspex: the results cannot be written to standard output");
      return ExitCode::Unavailable;
    }
    if (outcome == Outcome::OutputClosed || !std::cout) {
      return ExitCode::Success;  // `| head` has seen what it wanted
    }
    report();
    if (outcome == Outcome::Interrupted) {
      say(fmt::format(
          "auspex: interrupted. What is done is committed; run the same command{} to go "
          "on.",
          options_.engine.fresh ? " without --fresh" : ""));
      return ExitCode::Interrupted;
    }
    return ExitCode::Success;
  }

  /// Shells may look in while it runs; where that is not possible, it runs all the same.
  void listen() {
    try {
      server_.emplace(*engine_);
    } catch (const std::runtime_error& error) {
      say(fmt::format("auspex: no shell can be attached: {}", error.what()));
    }
  }

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

  /// Checks scripts of one folder together before any of them is executed; paths in statements
  /// start at the script's folder, so a script of another folder is checked once those before it
  /// have been executed. Nothing is started before all are.
  bool executeAll() {
    for (size_t begin = 0, end = 0; begin < scripts_.size(); begin = end) {
      const std::filesystem::path folder = scripts_[begin].path.parent_path();
      for (end = begin; end < scripts_.size() && scripts_[end].path.parent_path() == folder;) {
        ++end;
      }
      engine_->setBasePath(folder);
      const std::span<const Script> group(scripts_.data() + begin, end - begin);
      if (!checkTogether(group)) {
        return false;
      }
      for (const Script& script : group) {
        if (!execute(script)) {
          return false;
        }
      }
    }
    return true;
  }

  /// Reports every independent error. Each script is checked after those before it, whose errors,
  /// the first ones of the list, have been reported already.
  bool checkTogether(std::span<const Script> scripts) {
    std::vector<parser::ParsedStatement> statements;
    size_t numReported = 0;
    for (const Script& script : scripts) {
      statements.insert(statements.end(), script.statements.begin(), script.statements.end());
      const std::vector<queries::StatementError> errors = engine_->executor().check(statements);
      for (; numReported < errors.size(); ++numReported) {
        sayError(errors[numReported], script);
      }
    }
    return numReported == 0;
  }

  bool execute(const Script& script) {
    try {
      for (const parser::ParsedStatement& statement : script.statements) {
        take(engine_->executor().executeOnce(statement));
      }
      return true;
    } catch (const queries::StatementError& error) {
      sayError(error, script);
      return false;
    }
  }

  static void sayError(const queries::StatementError& error, const Script& script) {
    say(parser::renderError(error.what(), error.span(), script.text, script.path.string()));
  }

  void take(queries::StatementResult result) {
    if (result.query) {
      selects_.push_back(std::move(*result.query));
      return;
    }
    // Listings and descriptions are results; acknowledgements of changes are not.
    const bool isText = result.table || result.message.find('\n') != std::string::npos;
    if (!result.message.empty()) {
      std::ostream& output =
          isText && options_.output == OutputFormat::Table ? std::cout : std::cerr;
      output << result.message << "\n";
    }
    if (result.table) {
      writeTable(*result.table, options_.output, std::cout);
    }
  }

  /// Serves the runtime, and shells, until `done` holds.
  template <typename Done>
  Outcome serve(Done done) {
    auto nextProgress = Clock::now() + std::chrono::seconds(1);
    const bool terminal = isatty(STDERR_FILENO) != 0;
    bool shown = false;
    while (!done()) {
      if (isInterrupted()) {
        return Outcome::Interrupted;
      }
      if (!std::cout) {
        return Outcome::OutputClosed;
      }
      engine_->runtime().poll();
      if (server_) {
        server_->serve();
      }
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
    return Outcome::Completed;
  }

  void showProgress() {
    uint64_t in = 0;
    for (const QueryReport& report : engine_->runtime().reports()) {
      in += report.counters->rowsIn.load();
    }
    std::cerr << fmt::format("\r\x1b[K{} rows processed", in) << std::flush;
  }

  Outcome runToEnd() {
    Runtime& runtime = engine_->runtime();
    Outcome outcome = serve([&] { return runtime.allFinished(); });
    if (outcome != Outcome::Completed) {
      return outcome;
    }
    for (const queries::TransientQuery& select : selects_) {
      const RunningSelect running =
          engine_->startSelect(select, options_.output, false, std::cout, OffsetReset::Earliest);
      outcome = serve([&] { return running.finished->load(); });
      engine_->stopSelect(running);
      if (outcome != Outcome::Completed) {
        return outcome;
      }
      running.collector->finish();
    }
    return Outcome::Completed;
  }

  Outcome runUntilStopped() {
    say("auspex: running until stopped (Ctrl-C).");
    std::vector<RunningSelect> running;
    for (const queries::TransientQuery& select : selects_) {
      running.push_back(engine_->startSelect(select, options_.output, true, std::cout,
                                             options_.engine.offsetReset));
    }
    const Outcome outcome = serve([] { return false; });
    for (const RunningSelect& select : running) {
      engine_->stopSelect(select);
      select.collector->finish();
    }
    return outcome;
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
        say(fmt::format("  topic {}{}: {}", *topic, countRecords(*topic), readCommand(*topic)));
      }
    }
    for (const Engine::SourceFile& file : engine_->sourceFiles()) {
      const uint64_t numDead = file.counters->deadLetters.load();
      say(fmt::format("{}: {} rows read from {}, {} dead", file.connector,
                      file.counters->rowsIn.load(), file.path, numDead));
      if (numDead > 0) {
        say(fmt::format("  dead letters: {}", readCommand(file.connector + "-dead-letters")));
      }
    }
    for (const Engine::SinkFile& file : engine_->sinkFiles()) {
      say(fmt::format("{}: wrote {}", file.connector, file.path));
    }
  }

  /// " holds 12 records". On Kafka offsets count control records too, so they tell nothing.
  std::string countRecords(const std::string& topic) const {
    if (!options_.engine.bootstrapServers.empty()) {
      return "";
    }
    int64_t count = 0;
    const auto description = engine_->broker().topic(topic);
    for (int32_t i = 0; description && i < description->numPartitions; ++i) {
      const TopicPartition partition{topic, i};
      count += engine_->broker().endOffset(partition, Isolation::ReadCommitted) -
               engine_->broker().beginOffset(partition);
    }
    return fmt::format(" holds {} records", count);
  }

  std::string readCommand(const std::string& topic) const {
    std::string command =
        fmt::format("{} topics print {} --limit 10", commandName(), quoted(topic));
    const EngineOptions& given = options_.engine;
    if (!given.bootstrapServers.empty()) {
      command += " --bootstrap-server " + quoted(given.bootstrapServers);
    } else if (!given.dataDirectory.empty()) {
      command += " --data-dir " + quoted(given.dataDirectory.string());
    }
    return command;
  }

  const RunOptions& options_;
  std::vector<Script> scripts_;
  Engine* engine_ = nullptr;
  std::optional<ShellServer> server_;
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
    return isInterrupted() ? ExitCode::Interrupted : ExitCode::Unavailable;
  } catch (const std::invalid_argument& error) {
    say(fmt::format("auspex: {}", error.what()));
    return ExitCode::WrongUsage;
  } catch (const std::exception& error) {
    say(fmt::format("auspex: {}", error.what()));
    return ExitCode::QueryFailed;
  }
}

}  // namespace auspex::engine
