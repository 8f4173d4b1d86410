// SPDX-License-Identifier: Apache-2.0
// The scores that the rows of a table have now: what an update takes back is what was given out,
// also when another version has come into force since.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "operators/PredictOperator.h"
#include "operators/data/Batch.h"
#include "operators/data/RowCodec.h"
#include "stateStore/KeyValueStore.h"

namespace auspex::operators {

/// Store: key = typed row of what identifies a row of the table; value = typed row of its scores.
/// One thread.
class KeptScores {
 public:
  /// keyColumns: positions of the identifying columns in the batch, equal on a row's new side and
  /// on the same row's old side later.
  KeptScores(stateStore::KeyValueStore& store, std::vector<size_t> keyColumns,
             std::vector<SqlType> keyTypes, std::vector<SqlType> scoreTypes);

  /// Keeps `scores` (of the new sides) and returns those of the old sides, which they replace; NULL
  /// where there is no old side. Changes of one key within the batch follow each other. Throws
  /// StoreError when a row's scores are not there.
  std::vector<ColumnPtr> exchange(const Batch& batch, std::span<const ColumnPtr> scores);
  /// The same with one column per slot in and out, of which those chosen are there and kept.
  std::vector<ColumnPtr> exchangeSlots(const Batch& batch, const std::vector<ColumnPtr>& scores,
                                       const PredictSlots& slots);

 private:
  std::vector<std::string_view> encodeKeys(const std::vector<ColumnPtr>& columns, size_t numRows,
                                           Arena& arena) const;

  stateStore::KeyValueStore& store_;
  std::vector<size_t> keyColumns_;
  RowCodec keyCodec_;
  RowCodec scoreCodec_;
  std::vector<std::optional<std::string_view>> found_;
  std::unordered_map<std::string_view, std::string_view> latest_;  // null: the row is gone
};

}  // namespace auspex::operators
