// SPDX-License-Identifier: Apache-2.0
// INSERT INTO ... VALUES: constants to records.
#include <fmt/format.h>

#include "operators/data/KeyHash.h"
#include "operators/expressions/ExpressionFactory.h"
#include "queries/StatementRun.h"
#include "queries/planning/ExpressionBinder.h"

namespace auspex::queries {
namespace {

using operators::SqlType;
using operators::Value;

/// For each given value the schema column it is for; the schema's size means ROWTIME.
std::vector<size_t> targetColumns(const parser::InsertValues& insert, const DataSource& target) {
  std::vector<size_t> columns;
  for (const parser::Identifier& name : insert.columns) {
    if (name.name == "ROWTIME") {
      columns.push_back(target.schema.size());
      continue;
    }
    const auto column = target.schema.find(name.name);
    if (!column) {
      throw StatementError(fmt::format("Column name `{}` does not exist.", name.name), name.span);
    }
    columns.push_back(*column);
  }
  if (insert.columns.empty()) {
    for (size_t i = 0; i < target.schema.size(); ++i) {
      columns.push_back(i);
    }
  }
  return columns;
}

void refuseHeaders(const std::vector<size_t>& columns, const DataSource& target,
                   const parser::Span& span) {
  std::string names;
  for (const size_t column : columns) {
    if (column < target.schema.size() && target.schema[column].isHeader) {
      names += (names.empty() ? "" : ", ") + target.schema[column].name;
    }
  }
  if (!names.empty()) {
    throw StatementError("Cannot insert into HEADER columns: " + names, span);
  }
}

/// Those of the values that the record's value holds.
std::vector<Value> storedValuesOf(const operators::Schema& schema,
                                  const std::vector<Value>& values) {
  std::vector<Value> stored;
  for (size_t i = schema.numKeys(); i < values.size(); ++i) {
    if (!schema[i].isHeader) {
      stored.push_back(values[i]);
    }
  }
  return stored;
}

Value constantOf(const ExpressionBinder& binder, const parser::ExpressionPtr& written,
                 const SqlType& type) {
  try {
    const operators::ExpressionPtr bound = operators::coerce(binder.bind(*written), type);
    if (auto value = operators::constantValue(*bound)) {
      return *value;
    }
  } catch (const operators::TypeError& error) {
    throw StatementError(error.what(), written->span);
  }
  throw StatementError("Only constant values are allowed in INSERT VALUES.", written->span);
}

std::optional<std::string> encode(const operators::Format& format,
                                  const operators::FormatOptions& options,
                                  std::span<const operators::SchemaColumn> columns,
                                  std::span<const Value> values, const parser::Span& span) {
  std::vector<operators::ColumnPtr> row;
  for (size_t i = 0; i < columns.size(); ++i) {
    row.push_back(operators::makeConstant(columns[i].type, values[i], 1));
  }
  operators::Arena arena;
  std::vector<std::optional<std::string_view>> encoded;
  std::vector<operators::FormatRowError> errors;
  format.makeEncoder(columns, options)->encode(row, 1, arena, encoded, errors);
  if (!errors.empty()) {
    throw StatementError(errors[0].message, span);
  }
  return encoded[0] ? std::optional<std::string>(*encoded[0]) : std::nullopt;
}

}  // namespace

StatementResult StatementRun::handle(const parser::InsertValues& insert) {
  const DataSource* const target = catalog().findSource(insert.target.name);
  if (target == nullptr) {
    failUnknown("Source", insert.target, namesOf(catalog().sources));
  }
  if (target->readOnly) {
    throw StatementError(
        fmt::format("Cannot insert values into read-only source: {}", target->name),
        insert.target.span);
  }
  if (target->window) {
    throw StatementError("Cannot insert values into windowed stream/table!", insert.target.span);
  }
  if (replayed_ != nullptr) {
    return {};  // its records are in the topic
  }
  const std::vector<size_t> columns = targetColumns(insert, *target);
  refuseHeaders(columns, *target, insert.target.span);
  const Scope nothing;
  const ExpressionBinder binder(nothing, catalog(), executor_.functions_, "INSERT VALUES");
  const int32_t numPartitions = executor_.ports_.topics.numPartitions(target->topic).value_or(1);
  const size_t numKeys = target->schema.numKeys();
  const std::span<const operators::SchemaColumn> all(target->schema.columns());
  std::vector<InsertedRecord> records;
  for (const std::vector<parser::ExpressionPtr>& row : insert.rows) {
    if (row.size() != columns.size()) {
      throw StatementError(
          insert.columns.empty()
              ? fmt::format(
                    "Expected a value for each column. Expected Columns: {}. Got {} values.",
                    target->schema.toString(), row.size())
              : "Expected number columns and values to match.",
          row.empty() ? insert.target.span : row[0]->span);
    }
    InsertedRecord record;
    record.topic = target->topic;
    record.timestamp = executor_.settings_.now();
    std::vector<Value> values(target->schema.size());
    for (size_t i = 0; i < row.size(); ++i) {
      if (columns[i] == target->schema.size()) {
        const Value time = constantOf(binder, row[i], SqlType::bigint());
        record.timestamp = time.isNull() ? record.timestamp : std::get<int64_t>(time.data);
        continue;
      }
      values[columns[i]] = constantOf(binder, row[i], target->schema[columns[i]].type);
    }
    for (size_t key = 0; target->isTable() && key < numKeys; ++key) {
      if (values[key].isNull()) {
        throw StatementError(
            fmt::format("Failed to insert values into '{}'. Value for primary key column(s) {} is "
                        "required for tables",
                        target->name, target->schema[key].name),
            insert.target.span);
      }
    }
    const std::span<const Value> given(values);
    if (numKeys > 0) {
      record.key = encode(*target->keyFormat, target->keyOptions, all.first(numKeys),
                          given.first(numKeys), insert.target.span);
    }
    record.value = encode(*target->valueFormat, target->valueOptions, target->schema.storedValues(),
                          storedValuesOf(target->schema, values), insert.target.span);
    record.partition = record.key ? operators::partitionOf(*record.key, numPartitions) : 0;
    records.push_back(std::move(record));
  }
  log("", {}, records);
  return {};
}

}  // namespace auspex::queries
