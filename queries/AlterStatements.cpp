// SPDX-License-Identifier: Apache-2.0
// ALTER STREAM and TABLE, what CREATE OR REPLACE may change, and ASSERT.
#include <fmt/format.h>

#include <algorithm>

#include "queries/StatementRun.h"
#include "queries/planning/Scope.h"
#include "queries/planning/TypeBinder.h"

namespace auspex::queries {
namespace {

constexpr std::string_view kAssertProperties[] = {"PARTITIONS", "REPLICAS"};

std::string columnText(const operators::SchemaColumn& column) {
  return operators::Schema({column}).toString();
}

/// Columns of the former schema, within `begin` and `end`, that the next one has not in that place.
std::string changedColumns(const operators::Schema& former, const operators::Schema& next,
                           size_t begin, size_t end) {
  std::string changed;
  for (size_t i = begin; i < end; ++i) {
    if (i >= next.size() || !(former[i] == next[i])) {
      changed += (changed.empty() ? "" : ", ") + columnText(former[i]);
    }
  }
  return changed;
}

[[noreturn]] void refuse(const DataSource& former, const char* what, std::string_view from,
                         std::string_view to, const parser::Span& span) {
  throw StatementError(
      fmt::format("Cannot upgrade data source: DataSource '`{}`' has {} = {} which is not "
                  "upgradeable to {}",
                  former.name, what, from, to),
      span);
}

}  // namespace

void checkUpgrade(const DataSource& former, const DataSource& next, const parser::Span& span) {
  const auto check = [&](const char* what, std::string_view from, std::string_view to) {
    if (from != to) {
      refuse(former, what, from, to, span);
    }
  };
  check("type", former.kindName(), next.kindName());
  check("topic", former.topic, next.topic);
  const auto windowName = [](const DataSource& source) {
    return source.window ? operators::nameOf(source.window->type) : "none";
  };
  check("window type", windowName(former), windowName(next));
  check("TTL", fmt::format("{} ms", former.ttl), fmt::format("{} ms", next.ttl));
  check("key format", former.keyFormat->name(), next.keyFormat->name());
  check("value format", former.valueFormat->name(), next.valueFormat->name());
  const size_t numKeys = former.schema.numKeys();
  std::string reason = changedColumns(former.schema, next.schema, 0, numKeys);
  if (!reason.empty() || next.schema.numKeys() != numKeys) {
    reason = fmt::format(
        "Key columns must be identical. The following key columns are changed, "
        "missing or reordered: [{}]",
        reason);
  } else {
    reason = changedColumns(former.schema, next.schema, numKeys, former.schema.size());
    reason = reason.empty() ? ""
                            : fmt::format(
                                  "The following columns are changed, missing or "
                                  "reordered: [{}]",
                                  reason);
  }
  if (!reason.empty()) {
    refuse(former, "schema", former.schema.toString(),
           fmt::format("{}. ({})", next.schema.toString(), reason), span);
  }
}

StatementResult StatementRun::handle(const parser::AlterSource& alter) {
  const std::string& name = alter.name.name;
  const DataSource* const former = catalog().findSource(name);
  if (former == nullptr) {
    failUnknown("Source", alter.name, namesOf(catalog().sources));
  }
  if (former->isTable() != (alter.kind == parser::SourceKind::Table)) {
    throw StatementError(
        fmt::format("Incompatible data source type is {}, but statement was ALTER {}",
                    former->kindName(), former->isTable() ? "STREAM" : "TABLE"),
        alter.name.span);
  }
  if (former->readOnly) {
    const char* const kind = former->isTable() ? "table" : "stream";
    throw StatementError(
        fmt::format("Cannot alter {} '{}': ALTER operations are not supported on source {}s.", kind,
                    name, kind),
        alter.name.span);
  }
  if (!former->queryId.empty()) {
    throw StatementError("ALTER command is not supported for CREATE ... AS statements.",
                         alter.name.span);
  }
  std::vector<operators::SchemaColumn> columns = former->schema.columns();
  for (const parser::AddedColumn& added : alter.columns) {
    checkColumnName(added.name.name, added.span);
    const auto isSame = [&](const auto& column) { return column.name == added.name.name; };
    if (std::any_of(columns.begin(), columns.end(), isSame)) {
      throw StatementError(fmt::format("Cannot add column `{}` to schema. A column with the same "
                                       "name already exists.",
                                       added.name.name),
                           added.span);
    }
    columns.push_back({added.name.name, bindType(added.type, catalog())});
  }
  auto source = std::make_shared<DataSource>(*former);
  source->schema = operators::Schema(std::move(columns));
  checkFormats(*source);
  catalog().sources[name] = source;
  log();
  return {fmt::format("{} {} altered.", source->isTable() ? "Table" : "Stream", name), {}, {}};
}

StatementResult StatementRun::handle(const parser::AssertTopic& assertion) {
  const Properties properties(assertion.properties, kAssertProperties);
  const auto found = executor_.ports_.topics.numPartitions(assertion.topic);
  if (assertion.exists != found.has_value()) {
    throw StatementError(
        fmt::format("Topic {} {}", assertion.topic, found ? "exists" : "does not exist"), span());
  }
  const auto wanted = properties.integer("PARTITIONS");
  if (found && wanted && *wanted != *found) {
    throw StatementError(
        fmt::format("Mismatched configuration for topic {}: For config partitions, expected {} got "
                    "{}",
                    assertion.topic, *wanted, *found),
        properties.spanOf("PARTITIONS", span()));
  }
  return {
      fmt::format("Topic {} {}.", assertion.topic, found ? "exists" : "does not exist"), {}, {}};
}

StatementResult StatementRun::handle(const parser::AssertSchema&) {
  throw StatementError("ASSERT SCHEMA needs a schema registry, and there is none.", span());
}

}  // namespace auspex::queries
