// SPDX-License-Identifier: Apache-2.0
// Results of joins of tables, read back from what the joins keep of their sides.
#include <algorithm>

#include "operators/ForeignKeyJoin.h"
#include "operators/TableJoinOperator.h"
#include "operators/TableOperators.h"

namespace auspex::operators {
namespace {

/// Rows of one side that are read ahead.
constexpr size_t kRowsAhead = 256;

/// Goes through the rows of a range of one store.
class StoreCursor {
 public:
  StoreCursor(StateView& state, const std::string& store, const KeyRange& range)
      : state_(state), store_(store), range_(range) {
    fill();
  }

  bool isAtEnd() const { return next_ == rows_.size(); }
  const std::string& key() const { return rows_[next_].first; }
  const std::string& row() const { return rows_[next_].second; }
  void advance() {
    if (++next_ == rows_.size() && !range_.isPoint) {
      range_.begin = rows_.back().first + '\0';
      fill();
    }
  }

 private:
  void fill() {
    rows_.clear();
    next_ = 0;
    state_.scan(store_, range_, [&](std::string_view key, std::string_view row) {
      rows_.emplace_back(key, row);
      return rows_.size() < kRowsAhead;
    });
  }

  StateView& state_;
  const std::string& store_;
  KeyRange range_;
  std::vector<std::pair<std::string, std::string>> rows_;
  size_t next_ = 0;
};

/// Both sides have the same keys, so they are merged.
class JoinedTable final : public StateTable {
 public:
  explicit JoinedTable(const TableJoinDescription& description)
      : description_(description),
        codecs_{JoinSideCodec(description.sides[0]), JoinSideCodec(description.sides[1])} {}

  void scan(StateView& state, const StateRange& range,
            const StateRowVisitor& visit) const override {
    for (const KeyRange& keys : range.keys) {
      if (!merge(state, keys, visit)) {
        return;
      }
    }
  }

  Batch decode(std::span<const StateRow> rows, const Owner& owner) const override {
    Batch batch;
    batch.timestamps.assign(rows.size(), std::numeric_limits<int64_t>::min());
    for (size_t side = 0; side < codecs_.size(); ++side) {
      std::vector<std::string_view> values;
      for (size_t row = 0; row < rows.size(); ++row) {
        const StampedRow stamped = rows[row].values[side];
        values.push_back(rowOf(stamped));
        if (stamped.data() != nullptr) {
          batch.timestamps[row] = std::max(batch.timestamps[row], timeOf(stamped));
        }
      }
      codecs_[side].decodeTo(values, owner, batch.columns);
    }
    return batch;
  }

  /// That of the left side, which an outer join may lack: the one key there is needs no looking up.
  std::vector<size_t> keyColumns() const override { return {description_.sides[0].key}; }
  std::vector<SqlType> keyTypes() const override {
    return {description_.sides[0].types[description_.sides[0].key]};
  }
  std::string stores() const override {
    return "[" + description_.sides[0].store + ", " + description_.sides[1].store + "]";
  }

 private:
  bool merge(StateView& state, const KeyRange& keys, const StateRowVisitor& visit) const {
    StoreCursor left(state, description_.sides[0].store, keys);
    StoreCursor right(state, description_.sides[1].store, keys);
    const bool needsLeft =
        description_.kind == JoinKind::Inner || description_.kind == JoinKind::Left;
    const bool needsRight =
        description_.kind == JoinKind::Inner || description_.kind == JoinKind::Right;
    while (!(left.isAtEnd() && right.isAtEnd())) {
      if ((needsLeft && left.isAtEnd()) || (needsRight && right.isAtEnd())) {
        return true;
      }
      const bool hasLeft = !left.isAtEnd() && (right.isAtEnd() || left.key() <= right.key());
      const bool hasRight = !right.isAtEnd() && (left.isAtEnd() || right.key() <= left.key());
      if ((hasLeft || !needsLeft) && (hasRight || !needsRight)) {
        const StateRow row{hasLeft ? left.key() : right.key(),
                           {hasLeft ? std::string_view(left.row()) : std::string_view(),
                            hasRight ? std::string_view(right.row()) : std::string_view()},
                           {}};
        if (!visit(row)) {
          return false;
        }
      }
      if (hasLeft) {
        left.advance();
      }
      if (hasRight) {
        right.advance();
      }
    }
    return true;
  }

  const TableJoinDescription& description_;
  std::array<JoinSideCodec, 2> codecs_;
};

/// The newest result of each left row, where the join has one.
class ForeignKeyTable final : public StateTable {
 public:
  explicit ForeignKeyTable(const ForeignKeyResultDescription& description)
      : description_(description),
        codecs_{JoinSideCodec(description.join.sides[0]),
                JoinSideCodec(description.join.sides[1])} {}

  void scan(StateView& state, const StateRange& range,
            const StateRowVisitor& visit) const override {
    bool goesOn = true;
    for (const KeyRange& keys : range.keys) {
      state.scan(description_.store, keys, [&](std::string_view key, std::string_view value) {
        const StoredForeignKeyRow stored = readForeignKeyRow(value, true);
        goesOn = !stored.isThere || visit({key, {value, {}}, {}});
        return goesOn;
      });
      if (!goesOn) {
        return;
      }
    }
  }

  Batch decode(std::span<const StateRow> rows, const Owner& owner) const override {
    Batch batch;
    std::array<std::vector<std::string_view>, 2> values;
    for (const StateRow& row : rows) {
      const StoredForeignKeyRow stored = readForeignKeyRow(row.values[0], true);
      batch.timestamps.push_back(stored.timestamp);
      values[0].push_back(stored.row[0]);
      values[1].push_back(stored.row[1]);
    }
    for (size_t side = 0; side < values.size(); ++side) {
      codecs_[side].decodeTo(values[side], owner, batch.columns);
    }
    return batch;
  }

  std::vector<size_t> keyColumns() const override { return description_.join.leftKeys; }
  std::vector<SqlType> keyTypes() const override {
    return keptTypes(description_.join.leftKeys, description_.join.sides[0].types);
  }
  std::string stores() const override { return description_.store; }

 private:
  const ForeignKeyResultDescription& description_;
  std::array<JoinSideCodec, 2> codecs_;
};

}  // namespace

std::unique_ptr<const StateTable> TableJoinDescription::stateTable() const {
  return std::make_unique<JoinedTable>(*this);
}

std::unique_ptr<const StateTable> ForeignKeyResultDescription::stateTable() const {
  return keepsRows ? std::make_unique<ForeignKeyTable>(*this) : nullptr;
}

}  // namespace auspex::operators
