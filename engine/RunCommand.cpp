// SPDX-License-Identifier: Apache-2.0
#include "engine/RunCommand.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <iostream>
#include <set>
#include <span>
#include <thread>

#include "engine/BrokerHome.h"
#include "engine/Engine.h"
#include "engine/Script.h"
#include "engine/Signals.h"
#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/shell/ShellServer.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

using Clock = std::chrono::steady_clock;

void say(const std::string& line) {
  std::cerr << line << "\n";
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
    parser::Variables variables = options_.variables;
    for (const std::filesystem::path& path : options_.files) {
      scripts_.push_back(readScript(path, variables));
    }
    if (hasErrors()) {
      tellAllErrors();
      return ExitCode::StatementFailed;
    }
    Engine engine(engineOptions());
    engine_ = &engine;
    engine.executor().variables() = options_.variables;
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

  bool hasErrors() const {
    return std::any_of(scripts_.begin(), scripts_.end(),
                       [](const Script& script) { return !script.errors.empty(); });
  }

  /// The scripts from `begin` on that lie in one folder.
  std::span<Script> scriptsOfOneFolder(size_t begin) {
    const std::filesystem::path folder = scripts_[begin].path.parent_path();
    size_t end = begin;
    while (end < scripts_.size() && scripts_[end].path.parent_path() == folder) {
      ++end;
    }
    return std::span(scripts_).subspan(begin, end - begin);
  }

  /// Some statements could not be read, so nothing will run: what is wrong with the others is told
  /// in the same round. A folder's scripts need those before them to have run.
  void tellAllErrors() {
    try {
      EngineOptions options = engineOptions();
      const bool embedded = options.bootstrapServers.empty();
      if (!embedded) {
        tellErrors();  // at once: the broker may have to be waited for
      }
      const bool empty = options.fresh || !std::filesystem::exists(dataDirectoryOf(options));
      options.fresh = false;
      options.numThreads = -1;
      // What would be empty is looked at in memory, and nothing is made or emptied for it.
      const auto engine =
          embedded && empty
              ? std::make_unique<Engine>(options, std::make_shared<SimulatedBroker>(), nullptr)
              : std::make_unique<Engine>(options);
      checkScripts(engine->executor(), scriptsOfOneFolder(0));
    } catch (const std::exception& error) {
      say(fmt::format("auspex: only the syntax was checked: {}", error.what()));
    }
    tellErrors();
  }

  void tellErrors() {
    for (Script& script : scripts_) {
      reportErrors(script);
      script.errors.clear();
    }
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
    for (size_t begin = 0; begin < scripts_.size();) {
      const std::span<Script> group = scriptsOfOneFolder(begin);
      begin += group.size();
      engine_->setBasePath(group[0].path.parent_path());
      checkScripts(engine_->executor(), group);
      bool good = true;
      for (const Script& script : group) {
        good = !reportErrors(script) && good;
      }
      good = good && std::all_of(group.begin(), group.end(),
                                 [this](const Script& script) { return execute(script); });
      if (!good) {
        return false;
      }
    }
    return true;
  }

  bool execute(const Script& script) {
    try {
      for (const parser::ParsedStatement& statement : script.statements) {
        take(engine_->executor().executeOnce(statement));
      }
      return true;
    } catch (const queries::StatementError& error) {
      reportError(script, error.span(), error.what());
      return false;
    }
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
        endSoonAnyway();
        return Outcome::Interrupted;
      }
      if (!std::cout) {
        return Outcome::OutputClosed;
      }
      engine_->poll();
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
      RunningSelect running =
          engine_->startSelect(select, options_.output, false, std::cout, OffsetReset::Earliest);
      outcome = serve([&] { return running.finished->load(); });
      engine_->stopSelect(running);
      if (outcome != Outcome::Completed) {
        return outcome;
      }
      running.check();
      running.collector->finish();
    }
    return Outcome::Completed;
  }

  Outcome runUntilStopped() {
    say("auspex: running until stopped (Ctrl-C).");
    std::vector<RunningSelect> running;
    for (const queries::TransientQuery& select : selects_) {
      if (!select.pull) {
        running.push_back(engine_->startSelect(select, options_.output, true, std::cout,
                                               options_.engine.offsetReset));
      }
    }
    const Outcome outcome = serve([] { return false; });
    for (RunningSelect& select : running) {
      engine_->stopSelect(select);
      select.collector->finish();
    }
    if (outcome == Outcome::Interrupted) {
      showTables();
    }
    return outcome;
  }

  /// Pull queries of a program that runs until stopped: the tables as they are when it is.
  void showTables() {
    for (const queries::TransientQuery& select : selects_) {
      if (!select.pull) {
        continue;
      }
      RunningSelect running =
          engine_->startSelect(select, options_.output, false, std::cout, OffsetReset::Earliest);
      while (!running.finished->load() && std::cout) {
        engine_->runtime().poll();
        engine_->runtime().wait(std::chrono::milliseconds(5));
      }
      engine_->stopSelect(running);
      running.check();
      running.collector->finish();
    }
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

const std::string* findProperty(const std::vector<parser::Property>& properties,
                                std::string_view name) {
  for (const parser::Property& property : properties) {
    if (property.name.name == name) {
      return &property.text;
    }
  }
  return nullptr;
}

/// The topics that a script only names, and does not make itself, are there for its explanation.
void createTopics(const Script& script, Broker& broker) {
  std::set<std::string> made;
  for (const parser::ParsedStatement& statement : script.statements) {
    if (const auto* const select = std::get_if<parser::CreateAsSelect>(&statement.statement.node)) {
      const std::string* const topic = findProperty(select->properties, "KAFKA_TOPIC");
      made.insert(topic != nullptr ? *topic : select->name.name);
    } else if (const auto* const create =
                   std::get_if<parser::CreateSource>(&statement.statement.node)) {
      const std::string* const topic = findProperty(create->properties, "KAFKA_TOPIC");
      if (topic == nullptr || made.contains(*topic) || broker.topic(*topic)) {
        continue;
      }
      if (findProperty(create->properties, "PARTITIONS") != nullptr) {
        made.insert(*topic);
      } else {
        broker.createTopic({*topic, 1, -1, {}});
      }
    }
  }
}

/// Executes a checked script and shows the topology of each of its queries.
bool explainScript(const Script& script, Engine& engine) {
  try {
    for (const parser::ParsedStatement& statement : script.statements) {
      const queries::StatementResult result = engine.executor().execute(statement);
      if (result.query) {
        std::cout << result.query->text << ";\n"
                  << engine.executor().explain(*result.query) << "\n";
      }
    }
  } catch (const queries::StatementError& error) {
    reportError(script, error.span(), error.what());
    return false;
  }
  for (const auto& [id, query] : engine.executor().catalog().queries) {
    const auto parsed = parser::parse("EXPLAIN " + id + ";");
    std::cout << engine.executor().execute(parsed[0]).message << "\n";
  }
  return true;
}

}  // namespace

ExitCode explainProgram(const RunOptions& options) {
  // On a broker of its own in memory, so that nothing outside is touched or asked for.
  auto broker = std::make_shared<SimulatedBroker>();
  parser::Variables variables = options.variables;
  for (const std::filesystem::path& path : options.files) {
    Script script = readScript(path, variables);
    EngineOptions engineOptions = options.engine;
    engineOptions.basePath = path.parent_path();
    engineOptions.numThreads = -1;
    Engine engine(engineOptions, broker, nullptr);
    createTopics(script, *broker);
    checkScripts(engine.executor(), {&script, 1});
    if (reportErrors(script) || !explainScript(script, engine)) {
      return ExitCode::StatementFailed;
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
