// SPDX-License-Identifier: Apache-2.0
// The command line: what `auspex` can be asked to do.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

#include "engine/ModelCommand.h"
#include "engine/PropertyFile.h"
#include "engine/RunCommand.h"
#include "engine/Signals.h"
#include "engine/TopicsCommand.h"
#include "engine/serving/ServeCommand.h"
#include "engine/shell/ShellCommand.h"
#include "engine/testing/TestCommand.h"
#include "engine/testing/qtt/QttCommand.h"

namespace {

using namespace auspex::engine;

/// Options that everything which opens a broker shares.
struct EngineArguments {
  EngineOptions options;
  std::vector<std::string> settings;
  std::string config;

  void addTo(CLI::App& command) {
    command.add_option("--bootstrap-server", options.bootstrapServers,
                       "Kafka at HOST:PORT; without it the embedded broker is used");
    command.add_option("--data-dir", options.dataDirectory,
                       "where the embedded broker and state live (default ./auspex-data)");
    command.add_option("--service-id", options.serviceId,
                       "prefixes groups, transactional ids and internal topics");
  }

  void addRunning(CLI::App& command) {
    command.add_flag("--fresh", options.fresh, "empty the data directory first");
    command.add_option("--threads", options.numThreads, "worker threads (default: cores, up to 8)");
    command.add_option("--set", settings, "name=value: a property, as SET would set it");
    command
        .add_option("--config", config, "a file of properties, name=value; --set goes before it")
        ->check(CLI::ExistingFile);
  }

  EngineOptions take() {
    for (const std::string& setting : settings) {
      const size_t equals = setting.find('=');
      if (equals == std::string::npos) {
        throw CLI::ValidationError("--set", "'" + setting + "' is not name=value");
      }
      options.properties[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
    if (!config.empty()) {
      readProperties(config, options);
    }
    return options;
  }
};

auspex::parser::Variables takeVariables(const std::vector<std::string>& given) {
  auspex::parser::Variables variables;
  for (const std::string& define : given) {
    const size_t equals = define.find('=');
    if (equals == std::string::npos) {
      throw CLI::ValidationError("--define", "'" + define + "' is not NAME=value");
    }
    variables[define.substr(0, equals)] = define.substr(equals + 1);
  }
  return variables;
}

/// Each command adds itself and what it does when chosen.
class CommandLine {
 public:
  CommandLine() : app_("Auspex: streaming SQL with machine learning in the language", "auspex") {
    app_.set_version_flag("--version", "auspex " AUSPEX_VERSION);
    app_.require_subcommand(1);
    addRun();
    addShell();
    addTest();
    addExplain();
    addTopics();
    addModel();
    addServe();
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
      return static_cast<int>(action_());
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error, std::cout, std::cerr);
      return code == 0 ? 0 : static_cast<int>(ExitCode::WrongUsage);
    } catch (const std::invalid_argument& error) {
      std::cerr << "auspex: " << error.what() << "\n";
      return static_cast<int>(ExitCode::WrongUsage);
    }
  }

 private:
  void addRun() {
    CLI::App* const command = app_.add_subcommand("run", "run programs without a person");
    command->add_option("files", runFiles_, "SQL files, in order")->required();
    engine_.addTo(*command);
    engine_.addRunning(*command);
    command
        ->add_option("--until", until_, "end | stopped (default: end when all inputs are finite)")
        ->check(CLI::IsMember({"end", "stopped"}));
    command->add_option("--output", output_, "table | json | csv")
        ->check(CLI::IsMember({"table", "json", "csv"}));
    command->add_option("--define", defines_, "NAME=value: a variable for ${NAME}");
    command->callback([this] {
      action_ = [this] {
        RunOptions options;
        options.engine = engine_.take();
        options.files.assign(runFiles_.begin(), runFiles_.end());
        options.until = until_.empty()    ? RunUntil::Automatic
                        : until_ == "end" ? RunUntil::End
                                          : RunUntil::Stopped;
        options.output = parseOutputFormat(output_);
        options.variables = takeVariables(defines_);
        return runProgram(options);
      };
    });
  }

  void addShell() {
    CLI::App* const command = app_.add_subcommand("shell", "type statements, see results");
    engine_.addTo(*command);
    engine_.addRunning(*command);
    command->add_option("-e,--execute", shell_.statements, "execute these statements and end");
    command->add_option("-f,--file", shell_.file, "execute this file and end");
    command->add_option("--output", output_, "table | json | csv")
        ->check(CLI::IsMember({"table", "json", "csv"}));
    command->callback([this] {
      action_ = [this] {
        shell_.engine = engine_.take();
        shell_.output = parseOutputFormat(output_);
        return runShell(shell_);
      };
    });
  }

  void addTest() {
    CLI::App* const command =
        app_.add_subcommand("test", "run .test files or query-validation files");
    command->add_option("paths", test_.paths, "files or folders")->required();
    command->add_option("--only", test_.only, "only tests whose name contains this text");
    command->add_option("--draw-rows", test_.drawRows, "rows per draw (default: 1, 2, 7 and 1024)");
    CLI::Option* const qtt = command->add_flag(
        "--qtt", isQtt_, "the paths are ksqlDB's query-validation JSON files or folders of them");
    command->add_option("--failed", failedFile_, "write the failing cases to this file")
        ->needs(qtt);
    command->add_flag("--by-file", isByFile_, "tell of each file how many of its cases pass")
        ->needs(qtt);
    command
        ->add_flag("--printed", isPrinted_, "run what the printer makes of each statement instead")
        ->needs(qtt);
    command->callback([this] {
      action_ = [this] {
        return isQtt_ ? runQtt({test_.paths, test_.only, failedFile_, isByFile_, isPrinted_})
                      : runTests(test_);
      };
    });
  }

  void addExplain() {
    CLI::App* const command =
        app_.add_subcommand("explain", "print how a program's queries would run");
    command->add_option("files", runFiles_, "SQL files, in order")->required();
    command->add_option("--define", defines_, "NAME=value: a variable for ${NAME}");
    command->callback([this] {
      action_ = [this] {
        RunOptions options;
        options.files.assign(runFiles_.begin(), runFiles_.end());
        options.variables = takeVariables(defines_);
        return explainProgram(options);
      };
    });
  }

  void addTopics() {
    CLI::App* const topics = app_.add_subcommand("topics", "look at topics");
    topics->require_subcommand(1);
    CLI::App* const list = topics->add_subcommand("list", "all topics");
    engine_.addTo(*list);
    list->callback([this] { chooseTopics(listTopics); });
    CLI::App* const print = topics->add_subcommand("print", "the records of a topic as JSON lines");
    print->add_option("topic", topics_.topic)->required();
    print->add_option("--limit", topics_.limit, "at most so many records");
    print->add_flag("--follow", topics_.fromEnd, "only what comes from now on");
    engine_.addTo(*print);
    print->callback([this] { chooseTopics(printTopic); });
    CLI::App* const produce =
        topics->add_subcommand("produce", "lines of standard input to a topic");
    produce->add_option("topic", topics_.topic)->required();
    produce->add_option("--key-separator", topics_.keySeparator,
                        "splits a line into key and value");
    engine_.addTo(*produce);
    produce->callback([this] { chooseTopics(produceTopic); });
  }

  void chooseTopics(ExitCode (*command)(const TopicsOptions&)) {
    action_ = [this, command] {
      topics_.engine = engine_.take();
      return command(topics_);
    };
  }

  void addModel() {
    CLI::App* const model = app_.add_subcommand("model", "look at model files");
    model->require_subcommand(1);
    CLI::App* const inspect = model->add_subcommand("inspect", "what a model file holds");
    inspect->add_option("file", score_.model)->required();
    inspect->add_option("--output", modelOutput_, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    inspect->callback([this] {
      action_ = [this] { return inspectModel(score_.model, modelOutput_ == "json"); };
    });
    CLI::App* const score = model->add_subcommand("score", "what a model gives for rows of a file");
    score->add_option("file", score_.model)->required();
    score->add_option("--input", score_.input, "CSV with a header, or NDJSON")->required();
    score->add_option("--as", score_.form, "value, proba, margin, leaf or contributions")
        ->check(CLI::IsMember({"value", "proba", "margin", "leaf", "contributions"}));
    score->callback([this] { action_ = [this] { return scoreFile(score_); }; });
  }

  void addServe() {
    CLI::App* const command = app_.add_subcommand(
        "serve", "answer the Open Inference Protocol (HTTP and gRPC) for the models of programs");
    command->add_option("files", runFiles_, "SQL files with statements about models, in order")
        ->required();
    command->add_option("--listen", listen_, "HOST:PORT (default 127.0.0.1:8080; port 0: any)");
    command->add_option("--threads", serve_.numThreads, "threads (default: cores, up to 8)")
        ->check(CLI::Range(1, 256));
    command
        ->add_option("--max-request-bytes", serve_.maxRequestBytes,
                     "bytes of a request's body (default 16777216)")
        ->check(CLI::Range(size_t{1}, size_t{1} << 30));
    command->add_option("--define", defines_, "NAME=value: a variable for ${NAME}");
    command->callback([this] {
      action_ = [this] {
        serve_.files.assign(runFiles_.begin(), runFiles_.end());
        serve_.listen = listen_;
        serve_.productVersion = AUSPEX_VERSION;
        serve_.variables = takeVariables(defines_);
        return serveModels(serve_);
      };
    });
  }

  CLI::App app_;
  std::function<ExitCode()> action_;
  EngineArguments engine_;
  std::vector<std::string> runFiles_;
  std::string until_;
  std::string output_ = "table";
  std::vector<std::string> defines_;
  ShellOptions shell_;
  TestOptions test_;
  bool isQtt_ = false;
  std::string failedFile_;
  bool isByFile_ = false;
  bool isPrinted_ = false;
  TopicsOptions topics_;
  ScoreOptions score_;
  std::string modelOutput_ = "text";
  ServeOptions serve_;
  std::string listen_ = "127.0.0.1:8080";
};

}  // namespace

int main(int argc, char** argv) {
  // Standard output is for results.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("auspex"));
  installSignalHandlers();
  return CommandLine().run(argc, argv);
}
