// SPDX-License-Identifier: Apache-2.0
#include "operators/SourceOperator.h"

#include <fmt/format.h>

#include "operators/data/Assert.h"
#include "operators/data/ColumnBuilder.h"

namespace auspex::operators {
namespace {

/// The last header of that key.
void appendHeader(const std::vector<Header>& headers, const std::string& key,
                  ColumnBuilder& builder) {
  for (size_t i = headers.size(); i-- > 0;) {
    if (headers[i].key == key) {
      headers[i].value ? builder.append(*headers[i].value) : builder.appendNull();
      return;
    }
  }
  builder.appendNull();
}

void appendAllHeaders(const std::vector<Header>& headers, ColumnBuilder& builder) {
  ColumnBuilder& element = builder.child(0);
  for (const Header& header : headers) {
    element.child(0).append(header.key);
    header.value ? element.child(1).append(*header.value) : element.child(1).appendNull();
    element.closeRow();
  }
  builder.closeRow();
}

ColumnPtr headerColumn(const SchemaColumn& column, const std::vector<uint32_t>& drawIndex,
                       const Owner& owner, const Draw& draw) {
  ColumnBuilder builder(column.type, drawIndex.size());
  for (const uint32_t i : drawIndex) {
    const std::vector<Header>& headers = draw.records[i].record->headers;
    column.headerKey.empty() ? appendAllHeaders(headers, builder)
                             : appendHeader(headers, column.headerKey, builder);
  }
  return builder.finish({owner});
}

class SourceOperator final : public Operator {
 public:
  explicit SourceOperator(const SourceDescription& description) : description_(description) {
    const auto& columns = description.schema.columns();
    const size_t numKeys = description.schema.numKeys();
    const std::span<const SchemaColumn> all(columns);
    keyUsed_.assign(description.used.begin(),
                    description.used.begin() + static_cast<ptrdiff_t>(numKeys));
    for (size_t i = numKeys; i < columns.size(); ++i) {
      if (!columns[i].isHeader) {
        valueUsed_.push_back(description.used[i]);
      }
    }
    // A source without key columns takes nothing from its keys, whatever their format.
    const Format& keyFormat = numKeys == 0 ? *findFormat("NONE") : *description.keyFormat;
    keyDecoder_ = keyFormat.makeDecoder(all.first(numKeys), keyUsed_, description.keyOptions);
    valueDecoder_ = description.valueFormat->makeDecoder(description.schema.storedValues(),
                                                         valueUsed_, description.valueOptions);
    if (description.timestamp) {
      timestampReader_.emplace(*description.timestamp);
    }
  }

  Batch process(std::span<Batch>, DrawContext& context) override {
    Batch batch = collect(context);
    if (batch.numRows == 0) {
      return batch;
    }
    const Owner owner = context.draw.keepAlive();
    std::vector<ColumnPtr> valueColumns;
    errors_.clear();
    if (description_.window) {
      takeWindows();
    }
    keyDecoder_->decode(keys_, owner, batch.columns, errors_);
    const size_t numKeyErrors = errors_.size();
    valueDecoder_->decode(values_, owner, valueColumns, errors_);
    addValueColumns(batch, valueColumns, owner, context);
    if (timestampReader_) {
      const Column& column = *batch.columns[description_.timestamp->index];
      timestampReader_->read(column, batch.present, batch.timestamps, errors_);
    }
    addPseudoColumns(batch, context);
    return errors_.empty() ? std::move(batch) : dropErrors(batch, numKeyErrors, context);
  }

 private:
  /// Takes the windows off the keys; a key that is too short for one is unreadable.
  void takeWindows() {
    starts_.assign(keys_.size(), 0);
    ends_.assign(keys_.size(), 0);
    for (uint32_t row = 0; row < keys_.size(); ++row) {
      if (!keys_[row]) {
        continue;
      }
      const std::optional<WindowBounds> bounds = takeBounds(*keys_[row], *description_.window);
      if (!bounds) {
        errors_.push_back({row, "The key is too short to hold a window"});
        keys_[row].reset();
        continue;
      }
      starts_[row] = bounds->start;
      ends_[row] = bounds->end;
    }
  }

  /// Picks this source's records of the draw; fills keys_ and values_.
  Batch collect(const DrawContext& context) {
    Batch batch;
    keys_.clear();
    values_.clear();
    bool allPresent = true;
    const auto& records = context.draw.records;
    for (uint32_t i = 0; i < records.size(); ++i) {
      if (records[i].source != description_.source) {
        continue;
      }
      const Record& record = *records[i].record;
      if (description_.isTable && !record.key) {
        continue;
      }
      keys_.push_back(record.key);
      values_.push_back(record.value);
      allPresent = allPresent && record.value.has_value();
      batch.timestamps.push_back(record.timestamp);
      batch.drawIndex.push_back(i);
    }
    batch.numRows = keys_.size();
    if (!allPresent) {
      batch.present.resize(batch.numRows);
      for (size_t row = 0; row < batch.numRows; ++row) {
        batch.present[row] = values_[row].has_value() ? 1 : 0;
      }
    }
    return batch;
  }

  /// Decoded columns and those from headers, in the order of the schema.
  void addValueColumns(Batch& batch, const std::vector<ColumnPtr>& decoded, const Owner& owner,
                       const DrawContext& context) const {
    size_t next = 0;
    for (size_t i = description_.schema.numKeys(); i < description_.schema.size(); ++i) {
      const SchemaColumn& column = description_.schema[i];
      if (!column.isHeader) {
        batch.columns.push_back(decoded[next++]);
      } else if (!description_.used[i]) {
        batch.columns.push_back(nullptr);
      } else {
        batch.columns.push_back(headerColumn(column, batch.drawIndex, owner, context.draw));
      }
    }
  }

  void addPseudoColumns(Batch& batch, const DrawContext& context) const {
    const size_t first = description_.schema.size();
    batch.columns.resize(first + numPseudoColumns(description_.window));
    if (description_.window) {
      batch.columns[first + kNumPseudoColumns] = Column::make(SqlType::bigint(), starts_);
      batch.columns[first + kNumPseudoColumns + 1] = Column::make(SqlType::bigint(), ends_);
    }
    if (description_.used[first]) {
      batch.columns[first] = Column::make(SqlType::bigint(), batch.timestamps);
    }
    if (description_.used[first + 1]) {
      std::vector<int32_t> partitions;
      for (const uint32_t i : batch.drawIndex) {
        partitions.push_back(context.draw.records[i].origin->partition);
      }
      batch.columns[first + 1] = Column::make(SqlType::integer(), std::move(partitions));
    }
    if (description_.used[first + 2]) {
      std::vector<int64_t> offsets;
      for (const uint32_t i : batch.drawIndex) {
        offsets.push_back(context.draw.records[i].record->offset);
      }
      batch.columns[first + 2] = Column::make(SqlType::bigint(), std::move(offsets));
    }
  }

  Batch dropErrors(const Batch& batch, size_t numKeyErrors, DrawContext& context) const {
    std::vector<uint8_t> bad(batch.numRows, 0);
    for (size_t i = 0; i < errors_.size(); ++i) {
      const FormatRowError& error = errors_[i];
      if (bad[error.row] != 0) {
        continue;  // key and value both unreadable: one dead letter
      }
      bad[error.row] = 1;
      context.errors.add(
          batch.drawIndex[error.row], RowErrorKind::Unreadable,
          fmt::format("{} of {}", i < numKeyErrors ? "key" : "value", description_.name),
          error.message);
    }
    std::vector<uint32_t> good;
    for (uint32_t row = 0; row < batch.numRows; ++row) {
      if (bad[row] == 0) {
        good.push_back(row);
      }
    }
    return gatherRows(batch, good);
  }

  const SourceDescription& description_;
  std::vector<bool> keyUsed_;
  std::vector<bool> valueUsed_;
  std::unique_ptr<Decoder> keyDecoder_;
  std::unique_ptr<Decoder> valueDecoder_;
  std::vector<std::optional<std::string_view>> keys_;
  std::vector<std::optional<std::string_view>> values_;
  std::vector<int64_t> starts_;  // of the windows, per row
  std::vector<int64_t> ends_;
  std::vector<FormatRowError> errors_;
  std::optional<TimestampReader> timestampReader_;
};

}  // namespace

std::unique_ptr<Operator> SourceDescription::create(TaskServices&) const {
  AUSPEX_ASSERT(used.size() == schema.size() + numPseudoColumns(window));
  return std::make_unique<SourceOperator>(*this);
}

std::string SourceDescription::toString() const {
  std::string columns;
  for (size_t i = 0; i < used.size(); ++i) {
    if (used[i]) {
      columns += (columns.empty() ? "" : ", ") +
                 (i < schema.size() ? schema[i].name : kPseudoColumnNames[i - schema.size()]);
    }
  }
  return fmt::format("{}({}, key={}, value={}, columns=[{}])", isTable ? "TableSource" : "Source",
                     name, keyFormat->name(), valueFormat->name(), columns);
}

}  // namespace auspex::operators
