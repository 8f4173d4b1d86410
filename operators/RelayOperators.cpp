// SPDX-License-Identifier: Apache-2.0
#include "operators/RelayOperators.h"

#include <fmt/format.h>

#include <utility>

#include "operators/Outbox.h"
#include "operators/data/Arena.h"
#include "operators/data/RowCodec.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {
namespace {

constexpr uint8_t kIsPresent = 1;
constexpr uint8_t kHasOldSide = 2;
constexpr uint8_t kIsOldPresent = 4;

class RelaySink final : public Operator {
 public:
  RelaySink(const RelaySinkDescription& description, TaskServices& services)
      : description_(description),
        channel_(services.channel(description.topic)),
        partition_(services.partition()),
        codec_(description.keptTypes) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    Arena arena(input.numRows * 64);
    codec_.encodeRows(pickColumns(input.columns, description_.kept), input.numRows, arena, rows_);
    if (input.carriesOld) {
      codec_.encodeRows(pickColumns(input.oldColumns, description_.kept), input.numRows, arena,
                        oldRows_);
    }
    outbox_.clear();
    for (uint32_t row = 0; row < input.numRows; ++row) {
      OutgoingRecord record;
      record.value = arena.copy(encode(input, row));
      record.timestamp = input.timestamps[row];
      record.headers = context.draw.records[input.drawIndex[row]].record->headers;
      record.partition = partition_;
      outbox_.add(std::move(record), input.drawIndex[row]);
    }
    outbox_.sendTo(channel_, description_.topic, context);
    return {};
  }

 private:
  std::string encode(const Batch& input, uint32_t row) const {
    const uint8_t flags = static_cast<uint8_t>((input.isPresent(row) ? kIsPresent : 0) |
                                               (input.carriesOld ? kHasOldSide : 0) |
                                               (input.isOldPresent(row) ? kIsOldPresent : 0));
    std::string value(1, static_cast<char>(flags));
    if (input.carriesOld) {
      stateStore::appendText(value, rows_[row]);
      value += oldRows_[row];
    } else {
      value += rows_[row];
    }
    return value;
  }

  const RelaySinkDescription& description_;
  RecordChannel& channel_;
  int32_t partition_;
  RowCodec codec_;
  std::vector<std::string_view> rows_;
  std::vector<std::string_view> oldRows_;
  Outbox outbox_;
};

class RelaySource final : public Operator {
 public:
  explicit RelaySource(const RelaySourceDescription& description)
      : description_(description), codec_(description.keptTypes) {}

  Batch process(std::span<Batch>, DrawContext& context) override {
    Batch batch;
    rows_.clear();
    oldRows_.clear();
    for (uint32_t i = 0; i < context.draw.records.size(); ++i) {
      const DrawnRecord& drawn = context.draw.records[i];
      if (drawn.source == description_.source) {
        take(drawn.record->value.value_or(std::string_view()), batch);
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
    if (batch.carriesOld) {
      batch.oldColumns = decode(oldRows_, owner);
    } else {
      batch.oldPresent.clear();
    }
    return batch;
  }

 private:
  void take(std::string_view value, Batch& batch) {
    stateStore::ByteParser parser(value, description_.topic);
    const uint8_t flags = parser.readByte();
    const bool hasOldSide = (flags & kHasOldSide) != 0;
    if (flags > (kIsPresent | kHasOldSide | kIsOldPresent) ||
        (!rows_.empty() && hasOldSide != batch.carriesOld)) {
      parser.fail("no sides of a row");
    }
    batch.carriesOld = hasOldSide;
    batch.present.push_back((flags & kIsPresent) != 0 ? 1 : 0);
    batch.oldPresent.push_back((flags & kIsOldPresent) != 0 ? 1 : 0);
    rows_.push_back(hasOldSide ? parser.readText() : parser.rest());
    oldRows_.push_back(hasOldSide ? parser.rest() : std::string_view());
  }

  std::vector<ColumnPtr> decode(const std::vector<std::string_view>& rows, const Owner& owner) {
    return placeColumns(codec_.decode(rows, owner), description_.kept, description_.numColumns);
  }

  const RelaySourceDescription& description_;
  RowCodec codec_;
  std::vector<std::string_view> rows_;
  std::vector<std::string_view> oldRows_;
};

}  // namespace

std::unique_ptr<Operator> RelaySinkDescription::create(TaskServices& services) const {
  return std::make_unique<RelaySink>(*this, services);
}

std::string RelaySinkDescription::toString() const {
  return fmt::format("Relay(topic={})", topic);
}

std::unique_ptr<Operator> RelaySourceDescription::create(TaskServices&) const {
  return std::make_unique<RelaySource>(*this);
}

std::string RelaySourceDescription::toString() const {
  return fmt::format("RelaySource(topic={})", topic);
}

}  // namespace auspex::operators
