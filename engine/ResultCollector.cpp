// SPDX-License-Identifier: Apache-2.0
#include "engine/ResultCollector.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "operators/formats/json/JsonText.h"

namespace auspex::engine {
namespace {

/// Number of characters a text takes on a terminal: code points, without regard to wide ones.
size_t widthOf(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string csvCell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

std::string padded(const std::string& text, size_t width) {
  const size_t used = widthOf(text);
  return text + std::string(used < width ? width - used : 0, ' ');
}

/// Which columns show what identifies a row, and so behind them stand once more.
std::vector<bool> keyColumnsOf(const queries::QueryPlan& plan) {
  std::vector<bool> isKey(plan.schema.size(), false);
  const auto* const project = std::get_if<queries::ProjectPlan>(&plan.root->step);
  for (size_t i = 0; project != nullptr && i < isKey.size(); ++i) {
    for (size_t hidden = 0; hidden < plan.numHiddenKeys; ++hidden) {
      isKey[i] = isKey[i] || operators::isSame(*project->expressions[i],
                                               *project->expressions[isKey.size() + hidden]);
    }
  }
  return isKey;
}

}  // namespace

OutputFormat parseOutputFormat(const std::string& name) {
  if (name == "table") {
    return OutputFormat::Table;
  }
  if (name == "json") {
    return OutputFormat::Json;
  }
  if (name == "csv") {
    return OutputFormat::Csv;
  }
  throw std::invalid_argument(fmt::format("unknown output format '{}': table, json or csv", name));
}

ResultCollector::ResultCollector(const queries::QueryPlan& plan, OutputFormat format, bool live,
                                 std::ostream& output)
    : schema_(plan.schema),
      numHiddenKeys_(plan.numHiddenKeys),
      isKey_(keyColumnsOf(plan)),
      upserts_(plan.isTable && !plan.emitChanges && !plan.isPull),
      limit_(plan.limit),
      format_(format),
      live_(live && !upserts_),
      output_(output) {
  full_ = limit_ && *limit_ <= 0;
}

ResultCollector::Row ResultCollector::renderRow(const operators::Batch& rows, size_t row) const {
  Row cells;
  for (size_t i = 0; i < schema_.size(); ++i) {
    std::string cell;
    const bool isGone = !rows.isPresent(row) && !isKey_[i];
    const bool isNull = isGone || rows.columns[i]->isNull(row);
    if (isNull) {
      cell = format_ == OutputFormat::Csv ? "" : "null";
    } else if (format_ == OutputFormat::Json) {
      operators::appendJson(*rows.columns[i], row, cell);
    } else {
      operators::appendDisplayText(*rows.columns[i], row, cell);
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

void ResultCollector::receive(const operators::Batch& rows) {
  for (size_t row = 0; row < rows.numRows && !full_.load(); ++row) {
    std::string key;
    for (size_t i = 0; i < numHiddenKeys_; ++i) {
      operators::appendJson(*rows.columns[schema_.size() + i], row, key);
      key += '\x1f';
    }
    takeRow(renderRow(rows, row), key, rows.isPresent(row));
  }
}

void ResultCollector::takeRow(Row row, const std::string& key, bool present) {
  const std::lock_guard lock(mutex_);
  if (upserts_) {
    const auto [entry, isNew] = keptByKey_.try_emplace(key, kept_.size());
    if (isNew) {
      kept_.emplace_back();
      deleted_.push_back(false);
    }
    kept_[entry->second] = std::move(row);
    deleted_[entry->second] = !present;
    return;
  }
  ++numRows_;
  if (live_ || format_ != OutputFormat::Table) {
    writeLine(row);
  } else if (kept_.size() < kTableRows) {
    kept_.push_back(std::move(row));
  }
  if (limit_ && numRows_ >= static_cast<uint64_t>(*limit_)) {
    full_ = true;
    if (onFull_) {
      onFull_();
    }
  }
}

void ResultCollector::writeLine(const Row& row) {
  std::string line;
  if (format_ == OutputFormat::Json) {
    for (size_t i = 0; i < row.size(); ++i) {
      line += i == 0 ? "{" : ",";
      operators::appendJsonString(line, schema_[i].name);
      line += ":" + row[i];
    }
    output_ << line << "}\n";
  } else {
    if (!std::exchange(headerWritten_, true)) {
      for (size_t i = 0; i < schema_.size(); ++i) {
        line += (i == 0 ? "" : ",") + csvCell(schema_[i].name);
      }
      line += "\n";
    }
    for (size_t i = 0; i < row.size(); ++i) {
      line += (i == 0 ? "" : ",") + csvCell(row[i]);
    }
    output_ << line << "\n";
  }
  if (live_) {
    output_.flush();
  }
}

uint64_t ResultCollector::finish() {
  const std::lock_guard lock(mutex_);
  if (upserts_) {
    std::vector<Row> rows;
    for (const auto& [key, index] : keptByKey_) {
      if (!deleted_[index] && (!limit_ || rows.size() < static_cast<size_t>(*limit_))) {
        rows.push_back(std::move(kept_[index]));
      }
    }
    numRows_ = rows.size();
    if (format_ != OutputFormat::Table) {
      for (const Row& row : rows) {
        writeLine(row);
      }
    }
    rows.resize(std::min(rows.size(), kTableRows));
    kept_ = std::move(rows);
  }
  if (format_ == OutputFormat::Table && !live_) {
    queries::TextTable table;
    for (const operators::SchemaColumn& column : schema_.columns()) {
      table.columns.push_back(column.name);
    }
    table.rows = kept_;
    writeTable(table, output_);
    if (numRows_ > kept_.size()) {
      output_ << fmt::format("... and {} more rows\n", numRows_ - kept_.size());
    }
  }
  output_.flush();
  return numRows_;
}

void writeTable(const queries::TextTable& table, OutputFormat format, std::ostream& output) {
  if (format == OutputFormat::Table) {
    writeTable(table, output);
    return;
  }
  const auto writeCsv = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
      output << (i == 0 ? "" : ",") << csvCell(cells[i]);
    }
    output << "\n";
  };
  if (format == OutputFormat::Csv) {
    writeCsv(table.columns);
    std::for_each(table.rows.begin(), table.rows.end(), writeCsv);
    return;
  }
  for (const auto& row : table.rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += i == 0 ? "{" : ",";
      operators::appendJsonString(line, table.columns[i]);
      line += ":";
      operators::appendJsonString(line, row[i]);
    }
    output << line << "}\n";
  }
}

void writeTable(const queries::TextTable& table, std::ostream& output) {
  std::vector<size_t> widths;
  for (const std::string& column : table.columns) {
    widths.push_back(widthOf(column));
  }
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], widthOf(row[i]));
    }
  }
  const auto writeRow = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      line += (i == 0 ? " " : " | ") + padded(cells[i], widths[i]);
    }
    while (!line.empty() && line.back() == ' ') {
      line.pop_back();
    }
    output << line << "\n";
  };
  writeRow(table.columns);
  std::string rule;
  for (size_t i = 0; i < widths.size(); ++i) {
    rule += (i == 0 ? "" : "+") + std::string(widths[i] + 2, '-');
  }
  output << rule << "\n";
  for (const auto& row : table.rows) {
    writeRow(row);
  }
}

}  // namespace auspex::engine
