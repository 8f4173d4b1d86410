// SPDX-License-Identifier: Apache-2.0
// The second third of a foreign key join: where the right table lies, messages get their answers.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "operators/ForeignKeyJoin.h"
#include "operators/TableOperators.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {
namespace {

class ForeignKeyLookup final : public Operator {
 public:
  ForeignKeyLookup(const ForeignKeyJoin& join, TaskServices& services)
      : join_(join),
        codecs_{JoinSideCodec(join.sides[0]), JoinSideCodec(join.sides[1])},
        leftKeyCodec_(keptTypes(join.leftKeys, join.sides[0].types)),
        subscriptions_(services.store(join.sides[0].store)),
        partners_(services.store(join.sides[1].store)) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    if (inputs[0].numRows == 0 && inputs[1].numRows == 0) {
      return {};
    }
    auto arena = std::make_shared<Arena>();
    for (size_t side = 0; side < 2; ++side) {
      codecs_[side].encodeStamped(inputs[side], *arena, keys_[side], rows_[side]);
    }
    if (inputs[0].numRows > 0) {
      leftKeyCodec_.encodeRows(pickColumns(inputs[0].columns, join_.leftKeys), inputs[0].numRows,
                               *arena, leftKeys_);
    }
    load(*arena);
    answers_.clear();
    news_.clear();
    walkByDrawIndex(inputs, [&](size_t side, size_t row) {
      if (side == 0) {
        takeMessage(inputs[0], row);
      } else {
        takeChange(inputs[1], row, *arena);
      }
    });
    return answers_.empty() ? Batch() : emit(arena);
  }

 private:
  struct Answer {
    std::string_view left;   // typed row
    std::string_view right;  // typed row; without data when there is none
    int64_t timestamp = 0;
    uint32_t drawIndex = 0;
  };

  /// The right rows as they are before the draw, of all keys that it names.
  void load(Arena& arena) {
    partnerOf_.clear();
    std::vector<std::string_view> distinct;
    for (const std::vector<std::string_view>& keys : keys_) {
      for (const std::string_view key : keys) {
        if (partnerOf_.try_emplace(key, StampedRow()).second) {
          distinct.push_back(key);
        }
      }
    }
    std::vector<std::optional<std::string_view>> found(distinct.size());
    partners_.getBatch(distinct, found);
    for (size_t i = 0; i < distinct.size(); ++i) {
      if (found[i]) {
        partnerOf_[distinct[i]] = arena.copy(*found[i]);
      }
    }
  }

  void takeMessage(const Batch& input, size_t row) {
    const ForeignKeyNews news = newsOf(input, row);
    const bool leaves =
        news.event == ForeignKeyEvent::MovedOut || news.event == ForeignKeyEvent::Removed;
    StampedRow partner;
    if (!input.columns[join_.sides[0].key]->isNull(row)) {
      std::string key = prefixOf(keys_[0][row]);
      key += leftKeys_[row];
      if (leaves) {
        subscriptions_.erase(key);
      } else {
        std::string value;
        stateStore::appendFixed64(value, static_cast<uint64_t>(news.version));
        value += rows_[0][row];
        subscriptions_.put(key, value);
        partner = partnerOf_[keys_[0][row]];
      }
    }
    if (news.event == ForeignKeyEvent::Added && join_.kind == JoinKind::Inner &&
        partner.data() == nullptr) {
      return;
    }
    const int64_t timestamp = partner.data() == nullptr
                                  ? input.timestamps[row]
                                  : std::max(input.timestamps[row], timeOf(partner));
    add({rowOf(rows_[0][row]), rowOf(partner), timestamp, input.drawIndex[row]}, news);
  }

  void takeChange(const Batch& input, size_t row, Arena& arena) {
    const std::string_view key = keys_[1][row];
    StampedRow& partner = partnerOf_[key];
    const bool was = partner.data() != nullptr;
    partner = input.isPresent(row) ? rows_[1][row] : StampedRow();
    if (partner.data() == nullptr) {
      partners_.erase(key);
    } else {
      partners_.put(key, partner);
    }
    if (!was && partner.data() == nullptr && join_.kind == JoinKind::Inner) {
      return;
    }
    subscriptions_.scanPrefix(prefixOf(key), [&](std::string_view, std::string_view value) {
      stateStore::ByteParser parser(value, "subscription of a foreign key join");
      const auto version = static_cast<int64_t>(parser.readFixed64());
      const StampedRow left = arena.copy(parser.rest());
      add({rowOf(left), rowOf(partner), std::max(timeOf(left), input.timestamps[row]),
           input.drawIndex[row]},
          {version, ForeignKeyEvent::RightChanged});
      return true;
    });
  }

  void add(Answer answer, ForeignKeyNews news) {
    answers_.push_back(answer);
    news_.push_back(news);
  }

  static std::string prefixOf(std::string_view foreignKey) {
    std::string prefix;
    stateStore::appendText(prefix, foreignKey);
    return prefix;
  }

  Batch emit(const Owner& owner) const {
    Batch output;
    output.numRows = answers_.size();
    std::vector<std::string_view> rows[2];
    for (const Answer& answer : answers_) {
      rows[0].push_back(answer.left);
      rows[1].push_back(answer.right);
      output.timestamps.push_back(answer.timestamp);
      output.drawIndex.push_back(answer.drawIndex);
    }
    for (size_t side = 0; side < 2; ++side) {
      codecs_[side].decodeTo(rows[side], owner, output.columns);
    }
    appendNews(news_, output.columns);
    return output;
  }

  const ForeignKeyJoin& join_;
  std::array<JoinSideCodec, 2> codecs_;
  RowCodec leftKeyCodec_;
  stateStore::KeyValueStore& subscriptions_;
  stateStore::KeyValueStore& partners_;
  // Of one draw: per side and row its foreign or primary key, and the row.
  std::array<std::vector<std::string_view>, 2> keys_;
  std::array<std::vector<StampedRow>, 2> rows_;
  std::vector<std::string_view> leftKeys_;
  std::unordered_map<std::string_view, StampedRow> partnerOf_;
  std::vector<Answer> answers_;
  std::vector<ForeignKeyNews> news_;  // parallel
};

}  // namespace

std::unique_ptr<Operator> ForeignKeyLookupDescription::create(TaskServices& services) const {
  return std::make_unique<ForeignKeyLookup>(join, services);
}

std::string ForeignKeyLookupDescription::toString() const {
  return fmt::format("ForeignKeyLookup({}, stores=[{}, {}])", nameOf(join.kind),
                     join.sides[0].store, join.sides[1].store);
}

}  // namespace auspex::operators
