// SPDX-License-Identifier: Apache-2.0
#include "operators/KeptScores.h"

#include <memory>
#include <utility>

#include "operators/data/Assert.h"
#include "stateStore/StoreError.h"

namespace auspex::operators {

KeptScores::KeptScores(stateStore::KeyValueStore& store, std::vector<size_t> keyColumns,
                       std::vector<SqlType> keyTypes, std::vector<SqlType> scoreTypes)
    : store_(store),
      keyColumns_(std::move(keyColumns)),
      keyCodec_(std::move(keyTypes)),
      scoreCodec_(std::move(scoreTypes)) {
  AUSPEX_ASSERT(keyColumns_.size() == keyCodec_.types().size());
}

std::vector<std::string_view> KeptScores::encodeKeys(const std::vector<ColumnPtr>& columns,
                                                     size_t numRows, Arena& arena) const {
  std::vector<std::string_view> keys;
  keyCodec_.encodeRows(pickColumns(columns, keyColumns_), numRows, arena, keys);
  return keys;
}

std::vector<ColumnPtr> KeptScores::exchange(const Batch& batch, std::span<const ColumnPtr> scores) {
  AUSPEX_ASSERT(batch.carriesOld);
  Arena arena(batch.numRows * 64);
  const std::vector<std::string_view> newKeys = encodeKeys(batch.columns, batch.numRows, arena);
  const std::vector<std::string_view> oldKeys = encodeKeys(batch.oldColumns, batch.numRows, arena);
  auto copies = std::make_shared<Arena>(batch.numRows * 32);
  std::vector<std::string_view> rows;
  scoreCodec_.encodeRows(scores, batch.numRows, *copies, rows);
  found_.assign(batch.numRows, std::nullopt);
  store_.getBatch(oldKeys, found_);
  std::vector<std::string_view> oldRows(batch.numRows);
  latest_.clear();
  for (size_t row = 0; row < batch.numRows; ++row) {
    if (batch.isOldPresent(row)) {
      const auto [entry, isFirst] = latest_.try_emplace(oldKeys[row], std::string_view());
      if (isFirst && found_[row]) {
        oldRows[row] = copies->copy(*found_[row]);
      } else {
        oldRows[row] = entry->second;
      }
      if (oldRows[row].data() == nullptr) {
        throw stateStore::StoreError("the scores of a row of the table are not there");
      }
      entry->second = std::string_view();
    }
    if (batch.isPresent(row)) {
      latest_[newKeys[row]] = rows[row];
    }
  }
  for (const auto& [key, row] : latest_) {
    if (row.data() == nullptr) {
      store_.erase(key);
    } else {
      store_.put(key, row);
    }
  }
  return scoreCodec_.decode(oldRows, copies);
}

std::vector<ColumnPtr> KeptScores::exchangeSlots(const Batch& batch,
                                                 const std::vector<ColumnPtr>& scores,
                                                 const PredictSlots& slots) {
  std::vector<ColumnPtr> current;
  for (size_t slot = 0; slot < kNumPredictSlots; ++slot) {
    if (slots[slot]) {
      current.push_back(scores[slot]);
    }
  }
  std::vector<ColumnPtr> former = exchange(batch, current);
  std::vector<ColumnPtr> bySlot(kNumPredictSlots);
  size_t next = 0;
  for (size_t slot = 0; slot < kNumPredictSlots; ++slot) {
    if (slots[slot]) {
      bySlot[slot] = std::move(former[next++]);
    }
  }
  return bySlot;
}

}  // namespace auspex::operators
