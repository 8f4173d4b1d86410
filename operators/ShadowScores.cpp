// SPDX-License-Identifier: Apache-2.0
#include "operators/ShadowScores.h"

#include "operators/ScoreColumns.h"

namespace auspex::operators {

void ShadowScores::process(const Batch& batch, std::span<const ColumnPtr> arguments,
                           uint32_t sampledBuckets, VersionScorer& scorer, const SqlType& type,
                           const ServedScores& served, DrawContext& context) {
  const std::vector<uint32_t> rows = sampleRows(batch, sampledBuckets, context.draw);
  if (rows.empty()) {
    return;
  }
  std::vector<ColumnPtr> sampled;
  for (const ColumnPtr& argument : arguments) {
    sampled.push_back(gather(argument, rows));
  }
  scorer.take(sampled, rows.size());
  const ColumnPtr scores = scoresToColumn(type, scorer.score(OutputForm::Prediction), rows.size());
  std::vector<ShadowRecord> records;
  records.reserve(rows.size());
  for (size_t place = 0; place < rows.size(); ++place) {
    const uint32_t row = rows[place];
    const uint32_t drawIndex = batch.drawIndex[row];
    const ShadowedRow shadowed{served,  row,   {}, scorer.version()->info().version,
                               *scores, place, {}};
    records.push_back({drawIndex, batch.timestamps[row],
                       ShadowRecords::describe(model_, shadowed, context.draw.records[drawIndex])});
  }
  records_.send(records, context.draw);
}

}  // namespace auspex::operators
