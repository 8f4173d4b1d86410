// SPDX-License-Identifier: Apache-2.0
#include "operators/SinkOperator.h"

#include <fmt/format.h>

#include <utility>

#include "operators/Outbox.h"
#include "operators/data/KeyHash.h"

namespace auspex::operators {
namespace {

using Encoded = std::vector<std::optional<std::string_view>>;

int32_t choosePartition(const std::optional<std::string_view>& key, const DrawnRecord& drawn,
                        int32_t numPartitions) {
  return key ? partitionOf(*key, numPartitions) : drawn.origin->partition % numPartitions;
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
    const size_t numValues = description_.schema.size() - numKeys;
    keyEncoder_->encode(columns.first(numKeys), input.numRows, arena, keys_, errors_);
    valueEncoder_->encode(columns.subspan(numKeys, numValues), input.numRows, arena, values_,
                          errors_);
    if (description_.window) {
      addWindows(input, arena);
    }
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
  /// Puts the window behind each key.
  void addWindows(const Batch& input, Arena& arena) {
    const size_t first = description_.schema.size();
    const auto starts = input.columns[first]->values<int64_t>();
    const auto ends = input.columns[first + 1]->values<int64_t>();
    for (size_t row = 0; row < input.numRows; ++row) {
      std::string key(keys_[row].value_or(std::string_view()));
      appendBounds(key, *description_.window, {starts[row], ends[row]});
      keys_[row] = arena.copy(key);
    }
  }

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

}  // namespace

std::unique_ptr<Operator> SinkDescription::create(TaskServices& services) const {
  return std::make_unique<SinkOperator>(*this, services.channel(topic));
}

std::string SinkDescription::toString() const {
  return fmt::format("Sink(topic={}, key={}, value={})", topic, keyFormat->name(),
                     valueFormat->name());
}

}  // namespace auspex::operators
