// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/Scope.h"

#include <fmt/format.h>

#include <algorithm>

#include "operators/SourceOperator.h"
#include "parser/NearestName.h"
#include "queries/StatementError.h"

namespace auspex::queries {

bool isReservedColumnName(std::string_view name) {
  const auto& pseudo = operators::kPseudoColumnNames;
  return std::find(std::begin(pseudo), std::end(pseudo), name) != std::end(pseudo);
}

void checkColumnName(const std::string& name, const parser::Span& span) {
  if (isReservedColumnName(name)) {
    throw StatementError(
        fmt::format("'{}' is a reserved column name. You cannot use it as a name for a column.",
                    name),
        span);
  }
}

void Scope::checkSource(const parser::Identifier& source) const {
  const std::vector<std::string> known = sources();
  if (std::find(known.begin(), known.end(), source.name) != known.end()) {
    return;
  }
  std::string message = fmt::format("'{}' is not a valid stream/table name or alias.", source.name);
  if (const auto nearest = parser::nearestName(source.name, known)) {
    message += fmt::format(" Did you mean '{}'?", *nearest);
  }
  throw StatementError(message, source.span);
}

std::string Scope::shownName(const ScopeColumn& column) const {
  return column.source.empty() || sources().size() < 2 ? column.name
                                                       : column.source + "_" + column.name;
}

const ScopeColumn& Scope::resolve(const parser::ColumnReference& reference,
                                  const parser::Span& span, const std::string& clause) const {
  const std::string& name = reference.name.name;
  if (reference.source) {
    checkSource(*reference.source);
  }
  const ScopeColumn* found = nullptr;
  for (const ScopeColumn& column : columns_) {
    if (column.name != name || (reference.source && column.source != reference.source->name)) {
      continue;
    }
    if (found != nullptr && !column.isPseudo) {
      throw StatementError(fmt::format("Column '{}' is ambiguous. Could be {}.{} or {}.{}.", name,
                                       found->source, name, column.source, name),
                           span);
    }
    found = found == nullptr ? &column : found;
  }
  if (found != nullptr) {
    return *found;
  }
  std::vector<std::string> names;
  for (const ScopeColumn& column : columns_) {
    names.push_back(column.name);
  }
  const std::string written = reference.source ? reference.source->name + "." + name : name;
  std::string message = fmt::format("{} column '{}' cannot be resolved.", clause, written);
  if (const auto nearest = parser::nearestName(name, names)) {
    message += fmt::format(" Did you mean '{}'?", *nearest);
  }
  throw StatementError(message, span);
}

void Scope::addJoinKey(const operators::SqlType& type, size_t position) {
  std::string name = "ROWKEY";
  for (size_t number = 1; std::any_of(columns_.begin(), columns_.end(),
                                      [&](const auto& column) { return column.name == name; });
       ++number) {
    name = fmt::format("ROWKEY_{}", number);
  }
  columns_.insert(columns_.begin(), {"", name, type, true, false, position});
}

void Scope::removeJoinKey() {
  std::erase_if(columns_, [](const ScopeColumn& column) { return column.source.empty(); });
}

bool Scope::isShared(const std::string& name) const {
  return std::count_if(columns_.begin(), columns_.end(),
                       [&](const ScopeColumn& column) { return column.name == name; }) > 1;
}

std::vector<std::string> Scope::sources() const {
  std::vector<std::string> names;
  for (const ScopeColumn& column : columns_) {
    if (!column.source.empty() &&
        std::find(names.begin(), names.end(), column.source) == names.end()) {
      names.push_back(column.source);
    }
  }
  return names;
}

}  // namespace auspex::queries
