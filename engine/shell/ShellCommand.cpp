// SPDX-License-Identifier: Apache-2.0
#include "engine/shell/ShellCommand.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "engine/BrokerHome.h"
#include "engine/Engine.h"
#include "engine/Signals.h"
#include "engine/shell/LineInput.h"
#include "engine/shell/Shell.h"
#include "engine/shell/ShellClient.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

/// Who executes the statements of a session.
class StatementTarget {
 public:
  virtual ~StatementTarget() = default;
  virtual std::string describe() const = 0;
  virtual ExitCode execute(const std::string& text, bool stopAtError) = 0;
  /// Called often while nothing is typed.
  virtual void idle() = 0;
  virtual bool isLost() const = 0;
};

/// An engine in this process.
class EngineTarget final : public StatementTarget {
 public:
  EngineTarget(const EngineOptions& options, OutputFormat format)
      : engine_(options), shell_(engine_, format, std::cout, std::cerr) {
    engine_.setEndless();
    engine_.start();
  }

  std::string describe() const override {
    return fmt::format("{}, data in {}", engine_.broker().describe(),
                       engine_.options().dataDirectory.string());
  }
  ExitCode execute(const std::string& text, bool stopAtError) override {
    return shell_.execute(text, stopAtError) ? ExitCode::Success : ExitCode::StatementFailed;
  }
  void idle() override { shell_.serveRuntime(); }
  bool isLost() const override { return false; }

 private:
  mutable Engine engine_;
  Shell shell_;
};

/// The run that holds the data directory.
class AttachedTarget final : public StatementTarget {
 public:
  AttachedTarget(std::unique_ptr<ShellClient> client, std::filesystem::path directory,
                 OutputFormat format)
      : client_(std::move(client)), directory_(std::move(directory)), format_(format) {}

  std::string describe() const override {
    return fmt::format("attached to the run that holds {}", directory_.string());
  }
  ExitCode execute(const std::string& text, bool stopAtError) override {
    return client_->execute(text, format_, stopAtError);
  }
  void idle() override {}
  bool isLost() const override { return client_->isLost(); }

 private:
  std::unique_ptr<ShellClient> client_;
  std::filesystem::path directory_;
  OutputFormat format_;
};

/// The words that a line may consist of instead of a statement.
bool isExit(const std::string& line) {
  std::string word;
  std::istringstream(line) >> word;
  return word == "exit" || word == "quit" || word == "exit;" || word == "quit;";
}

bool isBlank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

ExitCode interact(StatementTarget& target) {
  std::cerr << target.describe() << ". Statements end with ';', exit ends." << std::endl;
  const std::unique_ptr<LineInput> input = LineInput::open([&] { target.idle(); });
  std::string pending;
  while (!isTerminated() && !target.isLost()) {
    const std::optional<std::string> line = input->read(!pending.empty());
    if (isInterrupted()) {
      clearInterrupt();
      pending.clear();
      std::cerr << "\n";
      continue;
    }
    if (!line || (isBlank(pending) && isExit(*line))) {
      break;
    }
    pending += *line;
    if (isBlank(pending)) {
      pending.clear();
    } else if (parser::isComplete(pending)) {
      input->remember(pending);
      target.execute(pending, false);
      pending.clear();
    }
  }
  if (!isBlank(pending) && !isTerminated() && !target.isLost()) {
    target.execute(pending, false);  // says what is missing
  }
  return target.isLost() ? ExitCode::Unavailable : ExitCode::Success;
}

std::string readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::invalid_argument(fmt::format("cannot read '{}'", path));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::unique_ptr<StatementTarget> openTarget(const ShellOptions& options) {
  const std::filesystem::path directory = dataDirectoryOf(options.engine);
  if (!options.engine.fresh) {
    if (std::unique_ptr<ShellClient> client = ShellClient::attach(directory)) {
      return std::make_unique<AttachedTarget>(std::move(client), directory, options.output);
    }
  }
  EngineOptions engineOptions = options.engine;
  // As users of a shell expect: queries begin with what comes from now on.
  engineOptions.offsetReset = OffsetReset::Latest;
  return std::make_unique<EngineTarget>(engineOptions, options.output);
}

}  // namespace

ExitCode runShell(const ShellOptions& options) {
  try {
    const std::string script = options.file.empty() ? "" : readFile(options.file);
    const std::unique_ptr<StatementTarget> target = openTarget(options);
    if (options.file.empty() && options.statements.empty()) {
      return interact(*target);
    }
    ExitCode code = ExitCode::Success;
    if (!options.file.empty()) {
      code = target->execute(script, true);
    }
    if (code == ExitCode::Success && !options.statements.empty()) {
      std::string text = options.statements;
      if (!parser::isComplete(text)) {
        text += ";";
      }
      code = target->execute(text, true);
    }
    return code;
  } catch (const stateStore::StoreError& error) {
    std::cerr << "auspex: " << error.what() << "\n";
    return ExitCode::Unavailable;
  } catch (const BrokerError& error) {
    std::cerr << "auspex: " << error.what() << "\n";
    return ExitCode::Unavailable;
  } catch (const std::invalid_argument& error) {
    std::cerr << "auspex: " << error.what() << "\n";
    return ExitCode::WrongUsage;
  } catch (const std::exception& error) {
    std::cerr << "auspex: " << error.what() << "\n";
    return ExitCode::QueryFailed;
  }
}

}  // namespace auspex::engine
