// SPDX-License-Identifier: Apache-2.0
#include "operators/SinkOperator.h"

#include <fmt/format.h>

#include "operators/data/Assert.h"
#include "operators/data/KeyHash.h"
#include "operators/data/RowCodec.h"

namespace auspex::operators {
namespace {

/// What a record costs beside its key, value and headers, at most.
constexpr size_t kRecordOverheadBytes = 128;

using Encoded = std::vector<std::optional<std::string_view>>;

int32_t choosePartition(const std::optional<std::string_view>& key, const DrawnRecord& drawn,
                        int32_t numPartitions) {
  return key ? partitionOf(*key, numPartitions) : drawn.origin->partition % numPartitions;
}

size_t sizeOf(const OutgoingRecord& record) {
  size_t size = kRecordOverheadBytes + (record.key ? record.key->size() : 0) +
                (record.value ? record.value->size() : 0);
  for (const Header& header : record.headers) {
    size += header.key.size() + (header.value ? header.value->size() : 0) + 8;
  }
  return size;
}

class SinkOperator final : public Operator {
 public:
  SinkOperator(const SinkDescription& description, RecordChannel& channel)
      : description_(description), channel_(channel) {
    const std::span<const SchemaColumn> all(description.schema.columns());
    const size_t numKeys = description.schema.numKeys();
    const Format& keyFormat = numKeys == 0 ? *findFormat("NONE") : *description.keyFormat;
    keyEncoder_ = keyFormat.makeEncoder(all.first(numKeys), description.keyOptions);
    valueEncoder_ =
        description.valueFormat->makeEncoder(all.subspan(numKeys), description.valueOptions);
  }

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    const size_t numKeys = description_.schema.numKeys();
    const std::span<const ColumnPtr> columns(input.columns);
    Arena arena(input.numRows * 64);
    errors_.clear();
    keyEncoder_->encode(columns.first(numKeys), input.numRows, arena, keys_, errors_);
    valueEncoder_->encode(columns.subspan(numKeys), input.numRows, arena, values_, errors_);
    bad_.assign(input.numRows, 0);
    for (const FormatRowError& error : errors_) {
      reject(input, error.row, error.message, context);
    }
    records_.clear();
    const int32_t numPartitions = channel_.numPartitions();
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (bad_[row] != 0) {
        continue;
      }
      const DrawnRecord& drawn = context.draw.records[input.drawIndex[row]];
      OutgoingRecord record;
      record.key = numKeys == 0 ? std::nullopt : keys_[row];
      record.value = input.isPresent(row) ? values_[row] : std::nullopt;
      record.timestamp = input.timestamps[row];
      record.headers = drawn.record->headers;
      record.partition = choosePartition(record.key, drawn, numPartitions);
      const size_t size = sizeOf(record);
      if (size > channel_.maxRecordBytes()) {
        reject(input, row,
               fmt::format("the record of about {} bytes is larger than topic '{}' takes ({})",
                           size, description_.topic, channel_.maxRecordBytes()),
               context);
        continue;
      }
      records_.push_back(std::move(record));
    }
    if (!records_.empty()) {
      channel_.send(records_);
    }
    return {};
  }

 private:
  void reject(const Batch& input, uint32_t row, const std::string& message, DrawContext& context) {
    if (bad_[row] == 0) {
      bad_[row] = 1;
      context.errors.add(input.drawIndex[row], RowErrorKind::DeadLetter,
                         "write to " + description_.topic, message);
    }
  }

  const SinkDescription& description_;
  RecordChannel& channel_;
  std::unique_ptr<Encoder> keyEncoder_;
  std::unique_ptr<Encoder> valueEncoder_;
  Encoded keys_;
  Encoded values_;
  std::vector<FormatRowError> errors_;
  std::vector<uint8_t> bad_;
  std::vector<OutgoingRecord> records_;
};

class RepartitionSink final : public Operator {
 public:
  RepartitionSink(const RepartitionSinkDescription& description, RecordChannel& channel)
      : description_(description),
        channel_(channel),
        codec_(description.keptTypes),
        keyEncoder_(
            description.keyFormat->makeEncoder(description.keyColumns, description.keyOptions)) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    Arena arena(input.numRows * 64);
    errors_.clear();
    const std::vector<ColumnPtr> keyColumns = pick(input, description_.keyPositions);
    keyEncoder_->encode(keyColumns, input.numRows, arena, keys_, errors_);
    codec_.encodeRows(pick(input, description_.kept), input.numRows, arena, values_);
    std::vector<uint8_t> skip(input.numRows, 0);
    for (const FormatRowError& error : errors_) {
      skip[error.row] = 1;
      context.errors.add(input.drawIndex[error.row], RowErrorKind::DeadLetter,
                         "key of " + description_.topic, error.message);
    }
    records_.clear();
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (skip[row] != 0 || !input.isPresent(row)) {
        continue;
      }
      if (hasNullKey(keyColumns, row) || !keys_[row]) {
        context.errors.add(input.drawIndex[row], RowErrorKind::Expression,
                           "key of " + description_.topic, "a key column is NULL: row dropped");
        continue;
      }
      OutgoingRecord record;
      record.key = keys_[row];
      record.value = values_[row];
      record.timestamp = input.timestamps[row];
      record.headers = context.draw.records[input.drawIndex[row]].record->headers;
      record.partition = partitionOf(*record.key, channel_.numPartitions());
      records_.push_back(std::move(record));
    }
    if (!records_.empty()) {
      channel_.send(records_);
    }
    return {};
  }

 private:
  static std::vector<ColumnPtr> pick(const Batch& batch, const std::vector<size_t>& positions) {
    std::vector<ColumnPtr> columns;
    for (const size_t position : positions) {
      columns.push_back(batch.columns[position]);
    }
    return columns;
  }

  static bool hasNullKey(std::span<const ColumnPtr> keys, size_t row) {
    for (const ColumnPtr& key : keys) {
      if (key->isNull(row)) {
        return true;
      }
    }
    return false;
  }

  const RepartitionSinkDescription& description_;
  RecordChannel& channel_;
  RowCodec codec_;
  std::unique_ptr<Encoder> keyEncoder_;
  Encoded keys_;
  std::vector<std::string_view> values_;
  std::vector<FormatRowError> errors_;
  std::vector<OutgoingRecord> records_;
};

class RepartitionSource final : public Operator {
 public:
  explicit RepartitionSource(const RepartitionSourceDescription& description)
      : description_(description), codec_(description.keptTypes) {}

  Batch process(std::span<Batch>, DrawContext& context) override {
    Batch batch;
    rows_.clear();
    for (uint32_t i = 0; i < context.draw.records.size(); ++i) {
      const DrawnRecord& drawn = context.draw.records[i];
      if (drawn.source == description_.source) {
        rows_.push_back(drawn.record->value.value_or(std::string_view()));
        batch.timestamps.push_back(drawn.record->timestamp);
        batch.drawIndex.push_back(i);
      }
    }
    batch.numRows = rows_.size();
    if (batch.numRows > 0) {
      using Buffers = std::vector<std::shared_ptr<const FetchedRecords>>;
      const std::vector<ColumnPtr> kept =
          codec_.decode(rows_, std::make_shared<const Buffers>(context.draw.buffers));
      batch.columns.resize(description_.numColumns);
      for (size_t i = 0; i < kept.size(); ++i) {
        batch.columns[description_.kept[i]] = kept[i];
      }
    }
    return batch;
  }

 private:
  const RepartitionSourceDescription& description_;
  RowCodec codec_;
  std::vector<std::string_view> rows_;
};

}  // namespace

std::unique_ptr<Operator> SinkDescription::create(TaskServices& services) const {
  return std::make_unique<SinkOperator>(*this, services.channel(topic));
}

std::string SinkDescription::toString() const {
  return fmt::format("Sink(topic={}, key={}, value={})", topic, keyFormat->name(),
                     valueFormat->name());
}

std::unique_ptr<Operator> RepartitionSinkDescription::create(TaskServices& services) const {
  AUSPEX_ASSERT(keyColumns.size() == keyPositions.size());
  return std::make_unique<RepartitionSink>(*this, services.channel(topic));
}

std::string RepartitionSinkDescription::toString() const {
  std::string keys;
  for (const SchemaColumn& column : keyColumns) {
    keys += (keys.empty() ? "" : ", ") + column.name;
  }
  return fmt::format("Repartition(topic={}, by=[{}])", topic, keys);
}

std::unique_ptr<Operator> RepartitionSourceDescription::create(TaskServices&) const {
  return std::make_unique<RepartitionSource>(*this);
}

std::string RepartitionSourceDescription::toString() const {
  return fmt::format("RepartitionSource(topic={})", topic);
}

}  // namespace auspex::operators
