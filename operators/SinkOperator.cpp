// SPDX-License-Identifier: Apache-2.0
#include "operators/SinkOperator.h"

#include <fmt/format.h>

#include <utility>

#include "operators/data/Assert.h"
#include "operators/data/KeyHash.h"
#include "operators/data/RowCodec.h"

namespace auspex::operators {
namespace {

using Encoded = std::vector<std::optional<std::string_view>>;

int32_t choosePartition(const std::optional<std::string_view>& key, const DrawnRecord& drawn,
                        int32_t numPartitions) {
  return key ? partitionOf(*key, numPartitions) : drawn.origin->partition % numPartitions;
}

/// Records of one draw on their way into a topic, each with the drawn record it comes from.
class Outbox {
 public:
  void clear() {
    records_.clear();
    drawIndexes_.clear();
  }
  void add(OutgoingRecord record, uint32_t drawIndex) {
    records_.push_back(std::move(record));
    drawIndexes_.push_back(drawIndex);
  }
  /// Sends what the topic takes; the rest is reported.
  void sendTo(RecordChannel& channel, const std::string& topic, DrawContext& context) {
    if (records_.empty()) {
      return;
    }
    refused_.clear();
    channel.findRefused(records_, drawIndexes_, refused_);
    if (!refused_.empty()) {
      dropRefused(topic, context);
    }
    if (!records_.empty()) {
      channel.send(records_);
    }
  }

 private:
  void dropRefused(const std::string& topic, DrawContext& context) {
    size_t numKept = 0;
    size_t next = 0;
    for (size_t i = 0; i < records_.size(); ++i) {
      if (next < refused_.size() && refused_[next].index == i) {
        context.errors.add(drawIndexes_[i], RowErrorKind::Unwritable, "write to " + topic,
                           refused_[next].reason);
        ++next;
      } else {
        records_[numKept++] = std::move(records_[i]);
      }
    }
    AUSPEX_ASSERT(next == refused_.size());
    records_.resize(numKept);
  }

  std::vector<OutgoingRecord> records_;
  std::vector<uint32_t> drawIndexes_;
  std::vector<RefusedRecord> refused_;
};

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
    if (description.timestamp) {
      timestampReader_.emplace(*description.timestamp);
    }
  }

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    const size_t numKeys = description_.schema.numKeys();
    const std::span<const ColumnPtr> columns(input.columns);
    Arena arena(input.numRows * 64);
    errors_.clear();
    keyEncoder_->encode(columns.first(numKeys), input.numRows, arena, keys_, errors_);
    valueEncoder_->encode(columns.subspan(numKeys), input.numRows, arena, values_, errors_);
    if (timestampReader_) {
      timestampReader_->read(*input.columns[description_.timestamp->index], input.present,
                             input.timestamps, errors_);
    }
    bad_.assign(input.numRows, 0);
    for (const FormatRowError& error : errors_) {
      reject(input, error.row, error.message, context);
    }
    outbox_.clear();
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
      outbox_.add(std::move(record), input.drawIndex[row]);
    }
    outbox_.sendTo(channel_, description_.topic, context);
    return {};
  }

 private:
  void reject(const Batch& input, uint32_t row, const std::string& message, DrawContext& context) {
    if (bad_[row] == 0) {
      bad_[row] = 1;
      context.errors.add(input.drawIndex[row], RowErrorKind::Unwritable,
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
  Outbox outbox_;
  std::optional<TimestampReader> timestampReader_;
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
      context.errors.add(input.drawIndex[error.row], RowErrorKind::Unwritable,
                         "key of " + description_.topic, error.message);
    }
    outbox_.clear();
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
      outbox_.add(std::move(record), input.drawIndex[row]);
    }
    outbox_.sendTo(channel_, description_.topic, context);
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
  Outbox outbox_;
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
