// SPDX-License-Identifier: Apache-2.0
// A file of statements, read whole, with all that is wrong with it: what is told in one round.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parser/Parser.h"
#include "queries/StatementExecutor.h"

namespace auspex::engine {

/// What is wrong with a statement, and where.
struct ScriptError {
  parser::Span span;
  std::string message;
};

struct Script {
  std::filesystem::path path;
  std::string text;
  std::vector<parser::ParsedStatement> statements;
  /// The statements that could not be read; their errors are among `errors`.
  std::vector<queries::UnreadStatement> unread;
  std::vector<ScriptError> errors;
};

/// Reads all statements of a file; what cannot be read becomes an error of the script. DEFINE and
/// UNDEFINE change `variables` for what follows. Throws std::invalid_argument when the file cannot
/// be read.
Script readScript(const std::filesystem::path& path, parser::Variables& variables);

/// Checks scripts in their order against what the executor holds, and adds the errors of each.
/// Changes nothing else.
void checkScripts(const queries::StatementExecutor& executor, std::span<Script> scripts);

/// Writes a script's errors to standard error, in the order of their places. True when there were
/// any.
bool reportErrors(const Script& script);

/// Writes one error of a script to standard error, with its line and a caret.
void reportError(const Script& script, parser::Span span, std::string_view message);

}  // namespace auspex::engine
