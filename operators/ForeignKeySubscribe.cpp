// SPDX-License-Identifier: Apache-2.0
// The first third of a foreign key join: from changes of the left table to messages.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "operators/ForeignKeyJoin.h"
#include "operators/TableOperators.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {
namespace {

/// Where the last version stands in the store; shorter than any typed row of this first byte.
constexpr std::string_view kVersionKey = "n";

class ForeignKeySubscribe final : public Operator {
 public:
  ForeignKeySubscribe(const ForeignKeyJoin& join, stateStore::KeyValueStore& store)
      : join_(join),
        store_(store),
        keyCodec_(keptTypes(join.leftKeys, join.sides[0].types)),
        placeCodec_({join.sides[0].types[join.sides[0].key]}) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    auto arena = std::make_shared<Arena>(input.numRows * 32);
    keyCodec_.encodeRows(pickColumns(input.columns, join_.leftKeys), input.numRows, *arena, keys_);
    const ColumnPtr foreignKey[] = {input.columns[join_.sides[0].key]};
    placeCodec_.encodeRows(foreignKey, input.numRows, *arena, places_);
    walk(input, *foreignKey[0], *arena);
    return messages_.empty() ? Batch() : emit(input, arena);
  }

 private:
  /// The foreign key is the place where a left row stands.
  struct Message {
    uint32_t row = 0;
    std::string_view place;
  };

  void walk(const Batch& input, const Column& foreignKey, Arena& arena) {
    stored_.assign(input.numRows, std::nullopt);
    store_.getBatch(keys_, stored_);
    latest_.clear();
    messages_.clear();
    news_.clear();
    const auto last = store_.get(kVersionKey);
    uint64_t version =
        last ? stateStore::ByteParser(*last, "version of a left row").readFixed64() : 0;
    for (uint32_t row = 0; row < input.numRows; ++row) {
      const auto [entry, isFirst] = latest_.try_emplace(keys_[row], std::string_view());
      if (isFirst && stored_[row]) {
        entry->second = arena.copy(*stored_[row]);
      }
      const bool stands =
          input.isPresent(row) && (join_.kind == JoinKind::Left || !foreignKey.isNull(row));
      const std::string_view place = stands ? places_[row] : std::string_view();
      addMessages(row, entry->second, place, static_cast<int64_t>(++version));
      entry->second = place;
    }
    for (const auto& [key, place] : latest_) {
      if (place.data() == nullptr) {
        store_.erase(key);
      } else {
        store_.put(key, place);
      }
    }
    std::string text;
    stateStore::appendFixed64(text, version);
    store_.put(kVersionKey, text);
  }

  void addMessages(uint32_t row, std::string_view from, std::string_view to, int64_t version) {
    const bool was = from.data() != nullptr;
    const bool is = to.data() != nullptr;
    if (was && is && from != to) {
      addMessage({row, from}, {version, ForeignKeyEvent::MovedOut});
      addMessage({row, to}, {version, ForeignKeyEvent::MovedIn});
    } else if (is) {
      addMessage({row, to}, {version, was ? ForeignKeyEvent::Changed : ForeignKeyEvent::Added});
    } else if (was) {
      addMessage({row, from}, {version, ForeignKeyEvent::Removed});
    }
  }

  void addMessage(Message message, ForeignKeyNews news) {
    messages_.push_back(message);
    news_.push_back(news);
  }

  Batch emit(const Batch& input, const Owner& owner) const {
    std::vector<uint32_t> rows;
    std::vector<std::string_view> places;
    for (const Message& message : messages_) {
      rows.push_back(message.row);
      places.push_back(message.place);
    }
    Batch output = gatherRows(input, rows);
    // Messages are rows of a stream: each is there, and none has an old side.
    output.present.clear();
    output.carriesOld = false;
    output.oldColumns.clear();
    output.oldPresent.clear();
    output.columns[join_.sides[0].key] = placeCodec_.decode(places, owner)[0];
    appendNews(news_, output.columns);
    return output;
  }

  const ForeignKeyJoin& join_;
  stateStore::KeyValueStore& store_;
  RowCodec keyCodec_;
  RowCodec placeCodec_;
  // Of one draw: per row its key, where it stands, and where it stood before the draw.
  std::vector<std::string_view> keys_;
  std::vector<std::string_view> places_;
  std::vector<std::optional<std::string_view>> stored_;
  std::unordered_map<std::string_view, std::string_view> latest_;
  std::vector<Message> messages_;
  std::vector<ForeignKeyNews> news_;  // parallel
};

}  // namespace

std::unique_ptr<Operator> ForeignKeySubscribeDescription::create(TaskServices& services) const {
  return std::make_unique<ForeignKeySubscribe>(join, services.store(store));
}

std::string ForeignKeySubscribeDescription::toString() const {
  return fmt::format("ForeignKeySubscribe({}, store={})", nameOf(join.kind), store);
}

}  // namespace auspex::operators
