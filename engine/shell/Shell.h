// SPDX-License-Identifier: Apache-2.0
// Executes what a session types, over an engine in this process: the same executor as `run`.
#pragma once

#include <ostream>
#include <string>

#include "engine/Engine.h"

namespace auspex::engine {

/// One session. Results go to `output`, everything else to `messages`. One thread.
class Shell {
 public:
  Shell(Engine& engine, OutputFormat format, std::ostream& output, std::ostream& messages);

  /// Executes all statements of a text; goes on after one in error unless `stopAtError`. Returns
  /// whether all went well.
  bool execute(const std::string& text, bool stopAtError);

 private:
  void executeStatement(const parser::ParsedStatement& statement);
  void runSelect(const queries::TransientQuery& query);
  void printTopic(const parser::PrintTopic& print);
  OffsetReset offsetReset() const;

  Engine& engine_;
  OutputFormat format_;
  std::ostream& output_;
  std::ostream& messages_;
  parser::Variables variables_;
};

}  // namespace auspex::engine
