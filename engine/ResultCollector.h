// SPDX-License-Identifier: Apache-2.0
// Takes the rows of a transient query and shows them: an aligned table, or JSON or CSV lines.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "operators/data/Schema.h"
#include "operators/ports/RowReceiver.h"
#include "queries/StatementResult.h"
#include "queries/planning/Plan.h"

namespace auspex::engine {

enum class OutputFormat : uint8_t { Table, Json, Csv };

/// The format of that name; throws std::invalid_argument naming the known ones.
OutputFormat parseOutputFormat(const std::string& name);

/// Rows are taken on a task's thread and shown by the thread that calls finish() (or, when `live`,
/// as they come). At most kTableRows rows of a table are shown, then how many more there are.
class ResultCollector final : public operators::RowReceiver {
 public:
  static constexpr size_t kTableRows = 20;

  /// live: each row is written as it comes (push queries), tables without knowing later widths.
  ResultCollector(const queries::QueryPlan& plan, OutputFormat format, bool live,
                  std::ostream& output);

  void receive(const operators::Batch& rows) override;
  /// LIMIT is reached: nothing more is wanted.
  bool isFull() const { return full_.load(); }
  /// Called (on the task's thread) when the limit is reached.
  void onFull(std::function<void()> callback) { onFull_ = std::move(callback); }
  /// Writes what is still to be shown. Returns the number of rows of the result.
  uint64_t finish();

 private:
  using Row = std::vector<std::string>;

  void takeRow(Row row, const std::string& key, bool present);
  Row renderRow(const operators::Batch& rows, size_t row) const;
  void writeLine(const Row& row);

  operators::Schema schema_;
  size_t numHiddenKeys_;
  std::vector<bool> isKey_;  // of a table, per column: shown of a deletion too
  bool upserts_;             // a table without EMIT CHANGES: the newest row per key counts
  std::optional<int64_t> limit_;
  OutputFormat format_;
  bool live_;
  std::ostream& output_;
  std::function<void()> onFull_;
  std::atomic<bool> full_{false};

  std::mutex mutex_;  // guards what follows
  uint64_t numRows_ = 0;
  std::vector<Row> kept_;
  std::map<std::string, size_t> keptByKey_;
  std::vector<bool> deleted_;
  bool headerWritten_ = false;
};

/// Writes a table with a header line: aligned, as CSV, or as one JSON object of texts per row.
void writeTable(const queries::TextTable& table, OutputFormat format, std::ostream& output);
void writeTable(const queries::TextTable& table, std::ostream& output);

}  // namespace auspex::engine
