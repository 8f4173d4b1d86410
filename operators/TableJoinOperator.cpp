// SPDX-License-Identifier: Apache-2.0
#include "operators/TableJoinOperator.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace auspex::operators {
namespace {

/// One change of the result: the rows of both sides before and after it.
struct JoinedChange {
  std::array<StampedRow, 2> before;
  std::array<StampedRow, 2> after;
  bool wasThere = false;
  bool isThere = false;
  uint32_t drawIndex = 0;
  int64_t timestamp = 0;
};

/// One side's part of a draw.
struct TableSideDraw {
  std::vector<std::string_view> keys;
  std::vector<std::string_view> rows;
  std::vector<uint32_t> keyOfRow;  // place among the draw's distinct keys
};

class TableJoinOperator final : public Operator {
 public:
  TableJoinOperator(const TableJoinDescription& description, TaskServices& services)
      : description_(description),
        codecs_{JoinSideCodec(description.sides[0]), JoinSideCodec(description.sides[1])},
        stores_{&services.store(description.sides[0].store),
                &services.store(description.sides[1].store)} {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    auto arena = std::make_shared<Arena>();
    keys_.clear();
    keyPlaces_.clear();
    for (size_t side = 0; side < 2; ++side) {
      encode(inputs[side], side, *arena);
    }
    if (keys_.empty()) {
      return {};
    }
    load(*arena);
    std::vector<JoinedChange> changes;
    walk(inputs, changes);
    save();
    return emit(changes, arena);
  }

 private:
  void encode(const Batch& input, size_t side, Arena& arena) {
    TableSideDraw& draw = draws_[side];
    draw.keyOfRow.clear();
    codecs_[side].encodeStamped(input, arena, draw.keys, draw.rows);
    for (const std::string_view text : draw.keys) {
      const auto [entry, isNew] = keyPlaces_.try_emplace(text, static_cast<uint32_t>(keys_.size()));
      if (isNew) {
        keys_.push_back(text);
      }
      draw.keyOfRow.push_back(entry->second);
    }
  }

  void load(Arena& arena) {
    for (size_t side = 0; side < 2; ++side) {
      std::vector<std::optional<std::string_view>> values(keys_.size());
      stores_[side]->getBatch(keys_, values);
      current_[side].assign(keys_.size(), StampedRow());
      changed_[side].assign(keys_.size(), 0);
      for (size_t i = 0; i < values.size(); ++i) {
        // The store's views hold until the commit, but the new row may replace them sooner: copy.
        current_[side][i] = values[i] ? arena.copy(*values[i]) : StampedRow();
      }
    }
  }

  void walk(std::span<const Batch> inputs, std::vector<JoinedChange>& changes) {
    walkByDrawIndex(inputs, [&](size_t side, size_t row) {
      const Batch& input = inputs[side];
      if (!input.columns[description_.sides[side].key]->isNull(row)) {
        take(side, row, input, changes);
      }
    });
  }

  void take(size_t side, size_t row, const Batch& input, std::vector<JoinedChange>& changes) {
    const uint32_t key = draws_[side].keyOfRow[row];
    JoinedChange change;
    change.before = {current_[0][key], current_[1][key]};
    current_[side][key] = input.isPresent(row) ? draws_[side].rows[row] : StampedRow();
    changed_[side][key] = 1;
    change.after = {current_[0][key], current_[1][key]};
    change.wasThere = isResult(change.before);
    change.isThere = isResult(change.after);
    change.drawIndex = input.drawIndex[row];
    const StampedRow partner = current_[1 - side][key];
    change.timestamp = partner.data() == nullptr ? input.timestamps[row]
                                                 : std::max(input.timestamps[row], timeOf(partner));
    if (change.wasThere || change.isThere) {
      changes.push_back(change);
    }
  }

  bool isResult(const std::array<StampedRow, 2>& rows) const {
    const bool left = rows[0].data() != nullptr;
    const bool right = rows[1].data() != nullptr;
    switch (description_.kind) {
      case JoinKind::Inner:
        return left && right;
      case JoinKind::Left:
        return left;
      case JoinKind::Right:
        return right;
      case JoinKind::Full:
        return left || right;
    }
    return false;
  }

  void save() {
    for (size_t side = 0; side < 2; ++side) {
      for (size_t i = 0; i < keys_.size(); ++i) {
        if (changed_[side][i] == 0) {
          continue;
        }
        if (current_[side][i].data() == nullptr) {
          stores_[side]->erase(keys_[i]);
        } else {
          stores_[side]->put(keys_[i], current_[side][i]);
        }
      }
    }
  }

  Batch emit(const std::vector<JoinedChange>& changes, const Owner& owner) const {
    if (changes.empty()) {
      return {};
    }
    Batch output;
    output.numRows = changes.size();
    output.carriesOld = true;
    for (const JoinedChange& change : changes) {
      output.present.push_back(change.isThere ? 1 : 0);
      output.oldPresent.push_back(change.wasThere ? 1 : 0);
      output.drawIndex.push_back(change.drawIndex);
      output.timestamps.push_back(change.timestamp);
    }
    for (size_t side = 0; side < 2; ++side) {
      std::vector<std::string_view> rows;
      std::vector<std::string_view> oldRows;
      for (const JoinedChange& change : changes) {
        // A deleted row keeps its old columns, for its key.
        rows.push_back(rowOf(change.isThere ? change.after[side] : change.before[side]));
        oldRows.push_back(rowOf(change.before[side]));
      }
      codecs_[side].decodeTo(rows, owner, output.columns);
      codecs_[side].decodeTo(oldRows, owner, output.oldColumns);
    }
    return output;
  }

  const TableJoinDescription& description_;
  std::array<JoinSideCodec, 2> codecs_;
  std::array<stateStore::KeyValueStore*, 2> stores_;
  // Of one draw: its distinct keys, and per key what each side has and whether it has changed.
  std::vector<std::string_view> keys_;
  std::unordered_map<std::string_view, uint32_t> keyPlaces_;
  std::array<TableSideDraw, 2> draws_;
  std::array<std::vector<StampedRow>, 2> current_;
  std::array<std::vector<uint8_t>, 2> changed_;
};

}  // namespace

std::unique_ptr<Operator> TableJoinDescription::create(TaskServices& services) const {
  return std::make_unique<TableJoinOperator>(*this, services);
}

std::string TableJoinDescription::toString() const {
  return fmt::format("TableJoin({}, stores=[{}, {}])", nameOf(kind), sides[0].store,
                     sides[1].store);
}

}  // namespace auspex::operators
