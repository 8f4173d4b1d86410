// SPDX-License-Identifier: Apache-2.0
// Reads the rows of a CSV or NDJSON file into a topic, exactly once: the position in the file is
// committed with the records.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/connectors/ConnectorPositions.h"
#include "engine/connectors/LineReader.h"
#include "engine/runtime/DeadLetterChannel.h"
#include "engine/runtime/QueryCounters.h"
#include "operators/data/Arena.h"
#include "operators/formats/Format.h"
#include "operators/functions/date/DatePattern.h"

namespace auspex::engine {

struct FileSourceSettings {
  std::string name;
  std::filesystem::path path;
  std::string topic;
  bool csv = true;
  std::optional<std::string> key;        ///< field that becomes the record key
  std::optional<std::string> timestamp;  ///< field that becomes the record timestamp
  std::optional<operators::DatePattern> timestampFormat;  ///< else milliseconds or ISO 8601
  std::optional<std::string> nullText;                    ///< a cell of this text is null
  bool follow = false;  ///< goes on when the file grows; never finished
};

/// A CSV row becomes a JSON object under the header's names: a cell that is a JSON number without
/// exponent or leading zeros is a number, an empty one null, anything else text. An NDJSON line
/// goes on as it is. Rows that cannot be read go to `<name>-dead-letters`.
class FileSource final : public Job {
 public:
  FileSource(Broker& broker, const std::string& serviceId, FileSourceSettings settings);

  std::string name() const override { return settings_.name; }
  void open(TransactionWriter& writer) override;
  bool work() override;
  bool hasUncommitted() const override { return hasUncommitted_; }
  void prepare(std::vector<GroupOffsets>& offsets) override;
  void committed() override;
  void aborted() override;
  std::optional<bool> wasCommitted() override;
  bool finished() const override;
  /// Rows read and dead letters written by committed transactions of this run.
  const std::shared_ptr<QueryCounters>& counters() const { return counters_; }

 private:
  struct Row {
    size_t valueBegin = 0;
    size_t valueSize = 0;
    std::optional<std::string> key;
    std::optional<int64_t> timestamp;
    std::string error;
  };

  void seek();
  void readHeader();
  void takeCsv(std::string_view line);
  void takeJson(std::string_view line);
  void decodeJsonFields();
  void appendCell(std::string_view cell);
  std::optional<int64_t> parseTimestamp(std::string_view text) const;
  void sendRows();
  void sendDeadLetter(std::string_view raw, const std::string& reason);
  ConnectorPosition position() const;

  Broker& broker_;
  FileSourceSettings settings_;
  ConnectorPositions positions_;
  TransactionWriter* writer_ = nullptr;
  TopicDescription topic_;
  std::unique_ptr<LineReader> reader_;
  std::vector<std::string> fieldPrefixes_;  // `"name":` per column
  std::optional<size_t> keyColumn_;
  std::optional<size_t> timestampColumn_;
  uint64_t numRows_ = 0;
  bool atEnd_ = false;
  bool hasUncommitted_ = false;
  uint64_t uncommittedRows_ = 0;
  uint64_t uncommittedDead_ = 0;
  std::shared_ptr<QueryCounters> counters_ = std::make_shared<QueryCounters>();
  DeadLetterChannel deadLetterChannel_;
  std::string bytes_;  // values of the rows at hand
  std::vector<Row> rows_;
  std::vector<std::string_view> fields_;
};

}  // namespace auspex::engine
