// SPDX-License-Identifier: Apache-2.0
#include "operators/TableOperators.h"

#include <fmt/format.h>

#include <unordered_map>

#include "operators/data/KeyCodec.h"
#include "operators/data/RowCodec.h"

namespace auspex::operators {
namespace {

class MaterializeOperator final : public Operator {
 public:
  MaterializeOperator(const MaterializeDescription& description, stateStore::KeyValueStore& store)
      : description_(description),
        store_(store),
        keyCodec_(keptTypes(description.keyColumns, description.types)),
        rowCodec_(keptTypes(description.keptColumns, description.types)) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    Batch batch = std::move(inputs[0]);
    if (batch.numRows == 0) {
      return {};
    }
    Arena arena(batch.numRows * 32);
    std::vector<std::string_view> keys;
    keyCodec_.encodeRows(pickColumns(batch.columns, description_.keyColumns), batch.numRows, arena,
                         keys);
    std::vector<std::string_view> rows;
    rowCodec_.encodeRows(pickColumns(batch.columns, description_.keptColumns), batch.numRows, arena,
                         rows);
    if (!description_.emitOld) {
      for (size_t row = 0; row < batch.numRows; ++row) {
        keep(keys[row], batch.isPresent(row) ? rows[row] : std::string_view());
      }
      return batch;
    }
    values_.assign(batch.numRows, std::nullopt);
    store_.getBatch(keys, values_);
    auto copies = std::make_shared<Arena>();
    std::vector<std::string_view> oldRows(batch.numRows);
    // Several changes of one key within the draw: each one's old side is the one before it.
    latest_.clear();
    for (size_t row = 0; row < batch.numRows; ++row) {
      const auto [entry, isFirst] = latest_.try_emplace(keys[row], std::string_view());
      std::string_view old = entry->second;
      if (isFirst && values_[row]) {
        old = copies->copy(*values_[row]);
      }
      oldRows[row] = old;
      entry->second = batch.isPresent(row) ? copies->copy(rows[row]) : std::string_view();
    }
    for (const auto& [key, row] : latest_) {
      keep(key, row);
    }
    addOldSide(batch, oldRows, copies);
    return batch;
  }

 private:
  void keep(std::string_view key, std::string_view row) {
    if (row.data() == nullptr) {
      store_.erase(key);
    } else {
      store_.put(key, row);
    }
  }

  void addOldSide(Batch& batch, const std::vector<std::string_view>& oldRows, const Owner& owner) {
    batch.carriesOld = true;
    batch.oldPresent.resize(batch.numRows);
    for (size_t row = 0; row < batch.numRows; ++row) {
      batch.oldPresent[row] = oldRows[row].data() != nullptr ? 1 : 0;
    }
    const std::vector<ColumnPtr> old = rowCodec_.decode(oldRows, owner);
    batch.oldColumns.assign(batch.columns.size(), nullptr);
    for (size_t i = 0; i < description_.keptColumns.size(); ++i) {
      batch.oldColumns[description_.keptColumns[i]] = old[i];
    }
    // The key is the change's, whether or not there was an old row.
    for (const size_t key : description_.keyColumns) {
      batch.oldColumns[key] = batch.columns[key];
    }
  }

  const MaterializeDescription& description_;
  stateStore::KeyValueStore& store_;
  KeyCodec keyCodec_;
  RowCodec rowCodec_;
  std::vector<std::optional<std::string_view>> values_;
  std::unordered_map<std::string_view, std::string_view> latest_;
};

/// The kept columns of a materialized source.
class MaterializedTable final : public KeyedStateTable {
 public:
  explicit MaterializedTable(const MaterializeDescription& description)
      : KeyedStateTable(description.store),
        description_(description),
        codec_(keptTypes(description.keptColumns, description.types)) {}

  Batch decode(std::span<const StateRow> rows, const Owner& owner) const override {
    std::vector<std::string_view> values;
    for (const StateRow& row : rows) {
      values.push_back(row.values[0]);
    }
    const std::vector<ColumnPtr> kept = codec_.decode(values, owner);
    Batch batch;
    batch.columns.resize(description_.types.size());
    for (size_t i = 0; i < kept.size(); ++i) {
      batch.columns[description_.keptColumns[i]] = kept[i];
    }
    const auto times = batch.columns[*description_.timeColumn]->values<int64_t>();
    batch.timestamps.assign(times.begin(), times.end());
    return batch;
  }

  std::vector<size_t> keyColumns() const override { return description_.keyColumns; }
  std::vector<SqlType> keyTypes() const override {
    return keptTypes(description_.keyColumns, description_.types);
  }

 private:
  const MaterializeDescription& description_;
  RowCodec codec_;
};

class StreamTableJoin final : public Operator {
 public:
  StreamTableJoin(const StreamTableJoinDescription& description, stateStore::KeyValueStore& store)
      : description_(description),
        store_(store),
        keyCodec_({description.tableTypes[description.tableKey]}),
        rowCodec_(keptTypes(description.keptColumns, description.tableTypes)) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    const Batch& stream = inputs[0];
    const Batch& table = inputs[1];
    auto copies = std::make_shared<Arena>();
    tableKeys_.clear();
    tableRows_.clear();
    streamKeys_.clear();
    if (table.numRows > 0) {
      const ColumnPtr key[] = {table.columns[description_.tableKey]};
      keyCodec_.encodeRows(key, table.numRows, *copies, tableKeys_);
      rowCodec_.encodeRows(pickColumns(table.columns, description_.keptColumns), table.numRows,
                           *copies, tableRows_);
    }
    if (stream.numRows > 0) {
      const ColumnPtr key[] = {stream.columns[description_.streamKey]};
      keyCodec_.encodeRows(key, stream.numRows, *copies, streamKeys_);
    }
    found_.assign(stream.numRows, std::nullopt);
    walk(stream, table, *copies);
    return join(stream, copies);
  }

 private:
  /// Both sides by draw index: runs of table changes go into the store, runs of stream rows are
  /// looked up in one batch.
  void walk(const Batch& stream, const Batch& table, Arena& copies) {
    size_t tableRow = 0;
    size_t streamRow = 0;
    while (tableRow < table.numRows || streamRow < stream.numRows) {
      while (tableRow < table.numRows &&
             (streamRow == stream.numRows ||
              table.drawIndex[tableRow] < stream.drawIndex[streamRow])) {
        if (table.isPresent(tableRow)) {
          store_.put(tableKeys_[tableRow], tableRows_[tableRow]);
        } else {
          store_.erase(tableKeys_[tableRow]);
        }
        ++tableRow;
      }
      const size_t first = streamRow;
      while (
          streamRow < stream.numRows &&
          (tableRow == table.numRows || stream.drawIndex[streamRow] < table.drawIndex[tableRow])) {
        ++streamRow;
      }
      const size_t count = streamRow - first;
      store_.getBatch(std::span(streamKeys_).subspan(first, count),
                      std::span(found_).subspan(first, count));
      for (size_t row = first; row < streamRow; ++row) {
        if (found_[row]) {
          found_[row] = copies.copy(*found_[row]);
        }
      }
    }
  }

  Batch join(const Batch& stream, const Owner& owner) const {
    std::vector<uint32_t> kept;
    std::vector<std::string_view> rows;
    for (uint32_t row = 0; row < stream.numRows; ++row) {
      const bool usable =
          stream.isPresent(row) && !stream.columns[description_.streamKey]->isNull(row);
      if (usable && (found_[row] || description_.kind == JoinKind::Left)) {
        kept.push_back(row);
        rows.push_back(found_[row].value_or(std::string_view()));
      }
    }
    if (kept.empty()) {
      return {};
    }
    Batch output = gatherRows(stream, kept);
    const std::vector<ColumnPtr> right = rowCodec_.decode(rows, owner);
    const size_t firstTable = output.columns.size();
    output.columns.resize(firstTable + description_.tableTypes.size());
    for (size_t i = 0; i < description_.keptColumns.size(); ++i) {
      output.columns[firstTable + description_.keptColumns[i]] = right[i];
    }
    return output;
  }

  const StreamTableJoinDescription& description_;
  stateStore::KeyValueStore& store_;
  RowCodec keyCodec_;
  RowCodec rowCodec_;
  std::vector<std::string_view> tableKeys_;
  std::vector<std::string_view> tableRows_;
  std::vector<std::string_view> streamKeys_;
  std::vector<std::optional<std::string_view>> found_;
};

}  // namespace

std::vector<SqlType> keptTypes(const std::vector<size_t>& keptColumns,
                               const std::vector<SqlType>& types) {
  std::vector<SqlType> kept;
  for (const size_t column : keptColumns) {
    kept.push_back(types[column]);
  }
  return kept;
}

std::unique_ptr<Operator> MaterializeDescription::create(TaskServices& services) const {
  return std::make_unique<MaterializeOperator>(*this, services.store(store));
}

std::string MaterializeDescription::toString() const {
  return fmt::format("Materialize(store={})", store);
}

std::unique_ptr<const StateTable> MaterializeDescription::stateTable() const {
  return timeColumn ? std::make_unique<MaterializedTable>(*this) : nullptr;
}

std::unique_ptr<Operator> StreamTableJoinDescription::create(TaskServices& services) const {
  return std::make_unique<StreamTableJoin>(*this, services.store(store));
}

std::string StreamTableJoinDescription::toString() const {
  return fmt::format("StreamTableJoin({}, store={})", nameOf(kind), store);
}

}  // namespace auspex::operators
