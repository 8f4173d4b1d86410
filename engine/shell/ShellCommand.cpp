// SPDX-License-Identifier: Apache-2.0
#include "engine/shell/ShellCommand.h"

#include <fmt/format.h>
#include <histedit.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "engine/Engine.h"
#include "engine/Signals.h"
#include "engine/shell/Shell.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

constexpr int kHistoryLines = 1000;

const char* firstPrompt(EditLine*) {
  return const_cast<char*>("auspex> ");
}
const char* nextPrompt(EditLine*) {
  return const_cast<char*>("   ...> ");
}

/// Line editing and history over libedit.
class LineEditor {
 public:
  LineEditor()
      : editor_(el_init("auspex", stdin, stdout, stderr), el_end),
        history_(history_init(), history_end) {
    HistEvent event;
    history(history_.get(), &event, H_SETSIZE, kHistoryLines);
    history(history_.get(), &event, H_SETUNIQUE, 1);
    const char* const home = std::getenv("HOME");
    if (home != nullptr) {
      file_ = std::string(home) + "/.auspex_history";
      history(history_.get(), &event, H_LOAD, file_.c_str());
    }
    el_set(editor_.get(), EL_EDITOR, "emacs");
    el_set(editor_.get(), EL_SIGNAL, 0);
    el_set(editor_.get(), EL_HIST, history, history_.get());
  }
  ~LineEditor() {
    HistEvent event;
    if (!file_.empty()) {
      history(history_.get(), &event, H_SAVE, file_.c_str());
    }
  }

  /// A line with its end; nothing at the end of input.
  std::optional<std::string> read(bool continued) {
    el_set(editor_.get(), EL_PROMPT, continued ? nextPrompt : firstPrompt);
    int count = 0;
    const char* const line = el_gets(editor_.get(), &count);
    if (line == nullptr || count <= 0) {
      return std::nullopt;
    }
    return std::string(line, static_cast<size_t>(count));
  }

  void remember(const std::string& text) {
    HistEvent event;
    history(history_.get(), &event, H_ENTER, text.c_str());
  }

 private:
  std::unique_ptr<EditLine, void (*)(EditLine*)> editor_;
  std::unique_ptr<History, void (*)(History*)> history_;
  std::string file_;
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

void interact(Shell& shell, Engine& engine) {
  std::cerr << fmt::format("{}, data in {}. Statements end with ';', exit ends.\n",
                           engine.broker().describe(), engine.options().dataDirectory.string());
  const bool terminal = isatty(STDIN_FILENO) != 0;
  std::unique_ptr<LineEditor> editor = terminal ? std::make_unique<LineEditor>() : nullptr;
  std::string pending;
  while (true) {
    std::optional<std::string> line;
    if (editor) {
      line = editor->read(!pending.empty());
    } else if (std::string text; std::getline(std::cin, text)) {
      line = text + "\n";
    }
    if (isInterrupted()) {
      clearInterrupt();
      pending.clear();
      if (line || terminal) {
        std::cerr << "\n";
        continue;
      }
    }
    if (!line || (pending.empty() && isExit(*line))) {
      break;
    }
    if (pending.empty() && isBlank(*line)) {
      continue;
    }
    pending += *line;
    if (parser::isComplete(pending)) {
      if (editor) {
        editor->remember(pending);
      }
      shell.execute(pending, false);
      pending.clear();
    }
  }
  if (!isBlank(pending)) {
    shell.execute(pending, false);  // says what is missing
  }
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

}  // namespace

ExitCode runShell(const ShellOptions& options) {
  try {
    EngineOptions engineOptions = options.engine;
    // As users of a shell expect: queries begin with what comes from now on.
    engineOptions.offsetReset = OffsetReset::Latest;
    Engine engine(engineOptions);
    engine.setEndless();
    engine.start();
    Shell shell(engine, options.output, std::cout, std::cerr);
    bool good = true;
    if (!options.file.empty()) {
      good = shell.execute(readFile(options.file), true);
    }
    if (good && !options.statements.empty()) {
      std::string text = options.statements;
      if (!parser::isComplete(text)) {
        text += ";";
      }
      good = shell.execute(text, true);
    }
    if (options.file.empty() && options.statements.empty()) {
      interact(shell, engine);
    }
    engine.stop();
    return good ? ExitCode::Success : ExitCode::StatementFailed;
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
