// SPDX-License-Identifier: Apache-2.0
#include "engine/Script.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "parser/SyntaxError.h"

namespace auspex::engine {
namespace {

std::string readFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::invalid_argument(fmt::format("cannot read '{}'", path.string()));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void applyDefinition(const parser::Statement& statement, parser::Variables& variables) {
  if (const auto* const define = std::get_if<parser::DefineVariable>(&statement.node)) {
    variables[define->name] = define->value;
  } else if (const auto* const undefine = std::get_if<parser::UndefineVariable>(&statement.node)) {
    variables.erase(undefine->name);
  }
}

}  // namespace

Script readScript(const std::filesystem::path& path, parser::Variables& variables) {
  Script script;
  script.path = path;
  script.text = readFile(path);
  parser::StatementReader reader(script.text);
  while (true) {
    try {
      std::optional<parser::ParsedStatement> statement = reader.next(variables);
      if (!statement) {
        return script;
      }
      applyDefinition(statement->statement, variables);
      script.statements.push_back(std::move(*statement));
    } catch (const parser::SyntaxError& error) {
      script.errors.push_back({error.span(), error.message()});
      script.unread.push_back({script.statements.size(), reader.failedNames()});
    }
  }
}

void checkScripts(const queries::StatementExecutor& executor, std::span<Script> scripts) {
  std::vector<parser::ParsedStatement> statements;
  std::vector<queries::UnreadStatement> unread;
  size_t numTold = 0;
  for (Script& script : scripts) {
    for (const queries::UnreadStatement& one : script.unread) {
      unread.push_back({statements.size() + one.position, one.names});
    }
    statements.insert(statements.end(), script.statements.begin(), script.statements.end());
    // The errors of the scripts before it are the first ones of the list again.
    const std::vector<queries::StatementError> errors = executor.check(statements, unread);
    for (; numTold < errors.size(); ++numTold) {
      script.errors.push_back({errors[numTold].span(), errors[numTold].what()});
    }
  }
}

bool reportErrors(const Script& script) {
  std::vector<ScriptError> errors = script.errors;
  std::stable_sort(errors.begin(), errors.end(), [](const auto& left, const auto& right) {
    return left.span.begin < right.span.begin;
  });
  for (const ScriptError& error : errors) {
    reportError(script, error.span, error.message);
  }
  return !errors.empty();
}

void reportError(const Script& script, parser::Span span, std::string_view message) {
  std::cerr << parser::renderError(message, span, script.text, script.path.string()) << "\n";
}

}  // namespace auspex::engine
