// SPDX-License-Identifier: Apache-2.0
// The last third of a foreign key join: from answers, the newest of each left row, to the result.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "operators/ForeignKeyJoin.h"
#include "operators/TableOperators.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {
namespace {

class ForeignKeyResult final : public Operator {
 public:
  ForeignKeyResult(const ForeignKeyResultDescription& description, stateStore::KeyValueStore& store)
      : description_(description),
        join_(description.join),
        keepsRows_(description.emitOld || description.keepsRows),
        store_(store),
        keyCodec_(keptTypes(join_.leftKeys, join_.sides[0].types)),
        codecs_{JoinSideCodec(join_.sides[0]), JoinSideCodec(join_.sides[1])} {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    auto arena = std::make_shared<Arena>(input.numRows * 64);
    keyCodec_.encodeRows(pickColumns(input.columns, join_.leftKeys), input.numRows, *arena, keys_);
    if (keepsRows_) {
      encodeRows(input, *arena);
    }
    load(*arena);
    changes_.clear();
    for (uint32_t row = 0; row < input.numRows; ++row) {
      take(input, row);
    }
    save();
    return changes_.empty() ? Batch() : emit(input, arena);
  }

 private:
  /// The typed rows of both sides; without data where there is none.
  using Sides = std::array<std::string_view, 2>;

  using Entry = StoredForeignKeyRow;

  struct Change {
    uint32_t row = 0;
    bool isThere = false;
    bool wasThere = false;
    Sides before;
  };

  void encodeRows(const Batch& input, Arena& arena) {
    Batch right;
    right.numRows = input.numRows;
    right.columns.assign(input.columns.begin() + static_cast<ptrdiff_t>(join_.numLeft()),
                         input.columns.end());
    codecs_[0].encode(input, arena, ignored_, rows_[0]);
    codecs_[1].encode(right, arena, ignored_, rows_[1]);
  }

  void load(Arena& arena) {
    entries_.clear();
    std::vector<std::string_view> distinct;
    for (const std::string_view key : keys_) {
      if (entries_.try_emplace(key).second) {
        distinct.push_back(key);
      }
    }
    std::vector<std::optional<std::string_view>> found(distinct.size());
    store_.getBatch(distinct, found);
    for (size_t i = 0; i < distinct.size(); ++i) {
      if (found[i]) {
        entries_[distinct[i]] = readForeignKeyRow(arena.copy(*found[i]), keepsRows_);
      }
    }
  }

  void take(const Batch& input, uint32_t row) {
    const auto [version, event] = newsOf(input, row);
    Entry& entry = entries_[keys_[row]];
    if (event == ForeignKeyEvent::MovedIn || event == ForeignKeyEvent::MovedOut) {
      matchHalf(entry, version);
    }
    if (event == ForeignKeyEvent::MovedOut || version < entry.version) {
      return;
    }
    const bool hasRight = !input.columns[join_.numLeft() + join_.sides[1].key]->isNull(row);
    Change change;
    change.row = row;
    change.wasThere = entry.isThere;
    change.before = entry.row;
    change.isThere =
        event != ForeignKeyEvent::Removed && (hasRight || join_.kind == JoinKind::Left);
    entry.version = version;
    entry.isThere = change.isThere;
    entry.row = {};
    if (change.isThere && keepsRows_) {
      entry.timestamp = input.timestamps[row];
      entry.row = {rows_[0][row], hasRight ? rows_[1][row] : std::string_view()};
    }
    const bool isOfOldRow =
        event != ForeignKeyEvent::Added && event != ForeignKeyEvent::RightChanged;
    if (change.isThere || change.wasThere || isOfOldRow) {
      changes_.push_back(change);
    }
  }

  static void matchHalf(Entry& entry, int64_t version) {
    const auto other = std::find(entry.halves.begin(), entry.halves.end(), version);
    if (other == entry.halves.end()) {
      entry.halves.push_back(version);
    } else {
      entry.halves.erase(other);
    }
  }

  void save() {
    std::string value;
    for (const auto& [key, entry] : entries_) {
      if (!entry.isThere && entry.halves.empty()) {
        store_.erase(key);
        continue;
      }
      value.clear();
      appendForeignKeyRow(entry, keepsRows_, value);
      store_.put(key, value);
    }
  }

  Batch emit(const Batch& input, const Owner& owner) const {
    std::vector<uint32_t> rows;
    for (const Change& change : changes_) {
      rows.push_back(change.row);
    }
    Batch output = gatherRows(input, rows);
    output.columns.resize(join_.numLeft() + join_.numRight());
    output.present.clear();
    std::array<std::vector<std::string_view>, 2> before;
    for (const Change& change : changes_) {
      output.present.push_back(change.isThere ? 1 : 0);
      if (description_.emitOld) {
        output.oldPresent.push_back(change.wasThere ? 1 : 0);
        before[0].push_back(change.before[0]);
        before[1].push_back(change.before[1]);
      }
    }
    if (description_.emitOld) {
      output.carriesOld = true;
      for (size_t side = 0; side < 2; ++side) {
        codecs_[side].decodeTo(before[side], owner, output.oldColumns);
      }
    }
    return output;
  }

  const ForeignKeyResultDescription& description_;
  const ForeignKeyJoin& join_;
  bool keepsRows_;
  stateStore::KeyValueStore& store_;
  KeyCodec keyCodec_;
  std::array<JoinSideCodec, 2> codecs_;
  // Of one draw: per row its key and (with emitOld) both sides, and what is known of each key.
  std::vector<std::string_view> keys_;
  std::vector<std::string_view> ignored_;
  std::array<std::vector<std::string_view>, 2> rows_;
  std::unordered_map<std::string_view, Entry> entries_;
  std::vector<Change> changes_;
};

}  // namespace

StoredForeignKeyRow readForeignKeyRow(std::string_view value, bool keepsRows) {
  stateStore::ByteParser parser(value, "row of a foreign key join");
  StoredForeignKeyRow row;
  row.version = static_cast<int64_t>(parser.readFixed64());
  row.isThere = parser.readByte() != 0;
  row.halves.resize(parser.readCount(sizeof(int64_t)));
  for (int64_t& version : row.halves) {
    version = static_cast<int64_t>(parser.readFixed64());
  }
  if (row.isThere && keepsRows) {
    row.timestamp = static_cast<int64_t>(parser.readFixed64());
    row.row[0] = parser.readText();
    const bool hasRight = parser.readByte() != 0;
    row.row[1] = hasRight ? parser.rest() : std::string_view();
  }
  return row;
}

void appendForeignKeyRow(const StoredForeignKeyRow& row, bool keepsRows, std::string& value) {
  stateStore::appendFixed64(value, static_cast<uint64_t>(row.version));
  value += static_cast<char>(row.isThere ? 1 : 0);
  stateStore::appendVarint(value, row.halves.size());
  for (const int64_t version : row.halves) {
    stateStore::appendFixed64(value, static_cast<uint64_t>(version));
  }
  if (row.isThere && keepsRows) {
    stateStore::appendFixed64(value, static_cast<uint64_t>(row.timestamp));
    stateStore::appendText(value, row.row[0]);
    value += static_cast<char>(row.row[1].data() == nullptr ? 0 : 1);
    value += row.row[1];
  }
}

std::vector<SqlType> ForeignKeyResultDescription::storedTypes() const {
  std::vector<SqlType> types = keptTypes(join.leftKeys, join.sides[0].types);
  if (emitOld || keepsRows) {
    types.push_back(SqlType::timestamp());
    for (const JoinSide& side : join.sides) {
      const std::vector<SqlType> kept = keptTypes(side.keptColumns, side.types);
      types.insert(types.end(), kept.begin(), kept.end());
    }
  }
  return types;
}

std::unique_ptr<Operator> ForeignKeyResultDescription::create(TaskServices& services) const {
  return std::make_unique<ForeignKeyResult>(*this, services.store(store));
}

std::string ForeignKeyResultDescription::toString() const {
  return fmt::format("ForeignKeyResult({}, store={})", nameOf(join.kind), store);
}

}  // namespace auspex::operators
