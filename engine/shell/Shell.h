// SPDX-License-Identifier: Apache-2.0
// Executes what a session types, over an engine in this process: the same executor as `run`.
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "engine/Engine.h"

namespace auspex::engine {

/// One session. Results go to `output`, everything else to `messages`. Never waits, so that one
/// thread can serve several sessions beside the runtime: whoever owns it calls step() in between.
/// One thread.
class Shell {
 public:
  Shell(Engine& engine, OutputFormat format, std::ostream& output, std::ostream& messages);
  ~Shell();

  void setFormat(OutputFormat format) { format_ = format; }

  /// Takes a text to execute; goes on after a statement in error unless `stopAtError`. Not while
  /// an earlier text is at work.
  void begin(std::string text, bool stopAtError);
  /// Executes one statement or takes a look at the one that runs. Returns false when the text is
  /// done. Throws nothing that a statement causes.
  bool step();
  /// Ends the SELECT or PRINT that runs now, if one does; its rows so far are shown.
  void cancel();
  /// A SELECT or PRINT is running: the next step() has nothing to do before something arrives.
  bool isWaiting() const { return select_.has_value() || print_ != nullptr; }
  /// All statements of the last text went well.
  bool succeeded() const { return good_; }

  /// begin(), and step() to its end beside the engine's runtime. Ctrl-C cancels what runs.
  bool execute(const std::string& text, bool stopAtError);
  /// Serves the runtime once; a failed query or connector is told once and ends nothing else.
  void serveRuntime();

 private:
  struct Select {
    RunningSelect running;
    bool push = false;
    int quietRounds = 0;
  };
  struct Print;

  void executeStatement(const parser::ParsedStatement& statement);
  queries::StatementResult executeWithProperties(const parser::ParsedStatement& statement);
  void startSelect(const queries::TransientQuery& query);
  void stepSelect();
  void startPrint(const parser::PrintTopic& print);
  void stepPrint();
  OffsetReset offsetReset() const;
  void fail(const std::string& message);

  Engine& engine_;
  OutputFormat format_;
  std::ostream& output_;
  std::ostream& messages_;
  parser::Variables variables_;
  queries::SessionProperties properties_;  // of this session alone

  std::string text_;
  std::unique_ptr<parser::StatementReader> reader_;  // over text_; null: no text at work
  bool stopAtError_ = false;
  bool good_ = true;
  std::optional<Select> select_;
  std::unique_ptr<Print> print_;
  std::string lastFailure_;
};

}  // namespace auspex::engine
