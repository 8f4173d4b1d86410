// SPDX-License-Identifier: Apache-2.0
#include "operators/RepartitionOperators.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "operators/Outbox.h"
#include "operators/data/Assert.h"
#include "operators/data/KeyHash.h"
#include "operators/data/RowCodec.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {
namespace {

using Encoded = std::vector<std::optional<std::string_view>>;

constexpr char kNewSide = 1;
constexpr char kOldSide = 2;

/// One side of a batch's rows, encoded: a key where the row is there and can be keyed.
struct Side {
  Encoded keys;
  std::vector<std::string_view> rows;
};

class RepartitionSink final : public Operator {
 public:
  RepartitionSink(const RepartitionSinkDescription& description, RecordChannel& channel)
      : description_(description),
        channel_(channel),
        codec_(description.keptTypes),
        spreadCodec_(typesOf(description, description.spreadNullsBy)),
        keyEncoder_(
            description.keyFormat->makeEncoder(description.keyColumns, description.keyOptions)) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    Arena arena(input.numRows * 64);
    outbox_.clear();
    encode(input, false, arena, context, new_);
    if (description_.isTable) {
      encode(input, true, arena, context, old_);
    }
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (description_.isTable) {
        addChange(input, row, arena, context);
      } else if (new_.keys[row]) {
        add(input, row, *new_.keys[row], new_.rows[row], context);
      } else if (!description_.spreadNullsBy.empty() && isNullKey_[row] != 0) {
        addWithoutKey(input, row, context);
      }
    }
    outbox_.sendTo(channel_, description_.topic, context);
    return {};
  }

 private:
  void encode(const Batch& input, bool oldSide, Arena& arena, DrawContext& context, Side& side) {
    const std::vector<ColumnPtr>& columns = oldSide ? input.oldColumns : input.columns;
    const std::vector<ColumnPtr> keyColumns = pickColumns(columns, description_.keyPositions);
    errors_.clear();
    keyEncoder_->encode(keyColumns, input.numRows, arena, side.keys, errors_);
    codec_.encodeRows(pickColumns(columns, description_.kept), input.numRows, arena, side.rows);
    std::vector<uint8_t> failed(input.numRows, 0);
    isNullKey_.assign(input.numRows, 0);
    for (const FormatRowError& error : errors_) {
      failed[error.row] = 1;
      side.keys[error.row] = std::nullopt;
      // The old side has been reported when it was new.
      if (!oldSide) {
        context.errors.add(input.drawIndex[error.row], RowErrorKind::Unwritable,
                           "key of " + description_.topic, error.message);
      }
    }
    for (uint32_t row = 0; row < input.numRows; ++row) {
      const bool isThere = oldSide ? input.isOldPresent(row) : input.isPresent(row);
      if (isThere && failed[row] == 0 && (!side.keys[row] || hasNull(keyColumns, row))) {
        side.keys[row] = std::nullopt;
        isNullKey_[row] = 1;
        if (!oldSide && description_.spreadNullsBy.empty()) {
          context.errors.add(input.drawIndex[row], RowErrorKind::Expression,
                             "key of " + description_.topic, "a key column is NULL: row dropped");
        }
      }
      if (!isThere) {
        side.keys[row] = std::nullopt;
      }
    }
  }

  static bool hasNull(const std::vector<ColumnPtr>& columns, size_t row) {
    return std::any_of(columns.begin(), columns.end(),
                       [row](const ColumnPtr& column) { return column->isNull(row); });
  }

  void addChange(const Batch& input, uint32_t row, Arena& arena, DrawContext& context) {
    const std::optional<std::string_view>& newKey = new_.keys[row];
    const std::optional<std::string_view>& oldKey = old_.keys[row];
    if (newKey && oldKey && *newKey == *oldKey) {
      std::string both(1, kNewSide | kOldSide);
      stateStore::appendText(both, new_.rows[row]);
      both += old_.rows[row];
      add(input, row, *newKey, arena.copy(both), context);
      return;
    }
    if (oldKey) {
      add(input, row, *oldKey, arena.copy(kOldSide + std::string(old_.rows[row])), context);
    }
    if (newKey) {
      add(input, row, *newKey, arena.copy(kNewSide + std::string(new_.rows[row])), context);
    }
  }

  void add(const Batch& input, uint32_t row, std::string_view key, std::string_view value,
           DrawContext& context) {
    send(input, row, key, partitionOf(key, channel_.numPartitions()), value, context);
  }

  void addWithoutKey(const Batch& input, uint32_t row, DrawContext& context) {
    std::string spread;
    spreadCodec_.encode(pickColumns(input.columns, description_.spreadNullsBy), row, spread);
    send(input, row, std::nullopt, partitionOf(spread, channel_.numPartitions()), new_.rows[row],
         context);
  }

  void send(const Batch& input, uint32_t row, std::optional<std::string_view> key,
            int32_t partition, std::string_view value, DrawContext& context) {
    OutgoingRecord record;
    record.key = key;
    record.value = value;
    record.timestamp = input.timestamps[row];
    record.headers = context.draw.records[input.drawIndex[row]].record->headers;
    record.partition = partition;
    outbox_.add(std::move(record), input.drawIndex[row]);
  }

  /// Types of columns that are among those kept.
  static std::vector<SqlType> typesOf(const RepartitionSinkDescription& description,
                                      const std::vector<size_t>& positions) {
    std::vector<SqlType> types;
    for (const size_t position : positions) {
      const auto kept = std::find(description.kept.begin(), description.kept.end(), position);
      AUSPEX_ASSERT(kept != description.kept.end());
      types.push_back(description.keptTypes[static_cast<size_t>(kept - description.kept.begin())]);
    }
    return types;
  }

  const RepartitionSinkDescription& description_;
  RecordChannel& channel_;
  RowCodec codec_;
  RowCodec spreadCodec_;
  std::unique_ptr<Encoder> keyEncoder_;
  Side new_;
  Side old_;
  std::vector<uint8_t> isNullKey_;
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
    oldRows_.clear();
    for (uint32_t i = 0; i < context.draw.records.size(); ++i) {
      const DrawnRecord& drawn = context.draw.records[i];
      if (drawn.source == description_.source) {
        const std::string_view value = drawn.record->value.value_or(std::string_view());
        if (description_.isTable) {
          addChange(value);
        } else {
          rows_.push_back(value);
        }
        batch.timestamps.push_back(drawn.record->timestamp);
        batch.drawIndex.push_back(i);
      }
    }
    batch.numRows = rows_.size();
    if (batch.numRows == 0) {
      return batch;
    }
    const Owner owner = context.draw.keepAlive();
    batch.columns = decode(rows_, owner);
    if (description_.isTable) {
      batch.carriesOld = true;
      batch.oldColumns = decode(oldRows_, owner);
      batch.present = presenceOf(rows_);
      batch.oldPresent = presenceOf(oldRows_);
    }
    return batch;
  }

 private:
  void addChange(std::string_view value) {
    stateStore::ByteParser parser(value, description_.topic);
    const uint8_t sides = parser.readByte();
    const bool both = sides == (kNewSide | kOldSide);
    if (!both && sides != kNewSide && sides != kOldSide) {
      parser.fail("no sides of a change");
    }
    const std::string_view first = both ? parser.readText() : parser.rest();
    rows_.push_back((sides & kNewSide) != 0 ? first : std::string_view());
    oldRows_.push_back(both ? parser.rest() : sides == kOldSide ? first : std::string_view());
  }

  std::vector<ColumnPtr> decode(const std::vector<std::string_view>& rows, const Owner& owner) {
    return placeColumns(codec_.decode(rows, owner), description_.kept, description_.numColumns);
  }

  static std::vector<uint8_t> presenceOf(const std::vector<std::string_view>& rows) {
    std::vector<uint8_t> present(rows.size());
    for (size_t row = 0; row < rows.size(); ++row) {
      present[row] = rows[row].data() != nullptr ? 1 : 0;
    }
    return present;
  }

  const RepartitionSourceDescription& description_;
  RowCodec codec_;
  std::vector<std::string_view> rows_;
  std::vector<std::string_view> oldRows_;
};

}  // namespace

std::unique_ptr<Operator> RepartitionSinkDescription::create(TaskServices& services) const {
  AUSPEX_ASSERT(keyColumns.size() == keyPositions.size());
  return std::make_unique<RepartitionSink>(*this, services.channel(topic));
}

std::string RepartitionSinkDescription::toString() const {
  std::string keys;
  for (const SchemaColumn& column : keyColumns) {
    keys += (keys.empty() ? "" : ", ") + column.name;
  }
  return fmt::format("{}(topic={}, by=[{}])", isTable ? "TableRepartition" : "Repartition", topic,
                     keys);
}

std::unique_ptr<Operator> RepartitionSourceDescription::create(TaskServices&) const {
  return std::make_unique<RepartitionSource>(*this);
}

std::string RepartitionSourceDescription::toString() const {
  return fmt::format("RepartitionSource(topic={})", topic);
}

}  // namespace auspex::operators
