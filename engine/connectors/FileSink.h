// SPDX-License-Identifier: Apache-2.0
// Writes the rows of a stream or table to an NDJSON or CSV file, exactly once: the file is synced
// before a commit records its length, and cut back to that length on start.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/connectors/ConnectorPositions.h"
#include "engine/runtime/DeadLetterChannel.h"
#include "engine/runtime/EndTracker.h"
#include "engine/runtime/TaskInput.h"
#include "operators/formats/Format.h"
#include "queries/catalog/Catalog.h"

namespace auspex::engine {

struct FileSinkSettings {
  std::string name;
  std::filesystem::path path;
  bool csv = false;
  std::shared_ptr<const queries::DataSource> source;  ///< whose topic is written out
};

/// One flat object (or CSV line) per record, key columns first. A null value gives an object with
/// the key columns and nulls. Records that cannot be read go to `<name>-dead-letters`.
class FileSink final : public Job {
 public:
  FileSink(Broker& broker, EndTracker& ends, const std::string& serviceId,
           FileSinkSettings settings, std::shared_ptr<Wakeup> wakeup);
  ~FileSink() override;

  std::string name() const override { return settings_.name; }
  void open(TransactionWriter& writer) override;
  bool work() override;
  bool hasUncommitted() const override { return hasUncommitted_; }
  void prepare(std::vector<GroupOffsets>& offsets) override;
  void committed() override;
  void aborted() override;
  std::optional<bool> wasCommitted() override;
  bool finished() const override;

 private:
  void openFile();
  void openInputs();
  void writeRecords(const operators::FetchedRecords& fetched);
  void writeRows(const std::vector<operators::ColumnPtr>& columns, const std::vector<uint8_t>& bad,
                 size_t numRows);
  void sendDeadLetter(const operators::FetchedRecords& fetched, size_t row,
                      const std::string& message);
  void writeAll(std::string_view bytes);
  Offsets positions() const;
  ConnectorPosition position() const;

  Broker& broker_;
  EndTracker& ends_;
  FileSinkSettings settings_;
  ConnectorPositions committedPositions_;
  std::shared_ptr<Wakeup> wakeup_;
  std::string group_;
  TransactionWriter* writer_ = nullptr;
  int file_ = -1;
  uint64_t length_ = 0;
  std::vector<TaskInput> inputs_;
  std::unique_ptr<operators::Decoder> keyDecoder_;
  std::unique_ptr<operators::Decoder> valueDecoder_;
  std::unique_ptr<operators::Encoder> encoder_;
  bool isClaimed_ = false;  // the file's length is in the position topic
  bool hasUncommitted_ = false;
  DeadLetterChannel deadLetterChannel_;
};

}  // namespace auspex::engine
