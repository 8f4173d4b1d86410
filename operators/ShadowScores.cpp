// SPDX-License-Identifier: Apache-2.0
#include "operators/ShadowScores.h"

#include <fmt/format.h>

#include <utility>

#include "operators/ScoreColumns.h"
#include "operators/data/KeyHash.h"
#include "operators/formats/json/JsonText.h"
#include "operators/models/ModelRoute.h"

namespace auspex::operators {

void ShadowScores::process(const Batch& batch, std::span<const ColumnPtr> arguments,
                           uint32_t sampledBuckets, VersionScorer& scorer, const SqlType& type,
                           const ServedScores& served, DrawContext& context) {
  chooseRows(batch, sampledBuckets, context.draw);
  if (rows_.empty()) {
    return;
  }
  std::vector<ColumnPtr> sampled;
  for (const ColumnPtr& argument : arguments) {
    sampled.push_back(gather(argument, rows_));
  }
  scorer.take(sampled, rows_.size());
  const ColumnPtr scores = scoresToColumn(type, scorer.score(OutputForm::Prediction), rows_.size());
  std::vector<std::string> texts;
  texts.reserve(rows_.size());
  outbox_.clear();
  for (size_t place = 0; place < rows_.size(); ++place) {
    const uint32_t row = rows_[place];
    const DrawnRecord& drawn = context.draw.records[batch.drawIndex[row]];
    texts.push_back(describeRow(drawn, row, served, scorer, *scores, place));
    OutgoingRecord record;
    record.key = drawn.record->key;
    record.value = texts.back();
    record.timestamp = batch.timestamps[row];
    record.partition = record.key ? partitionOf(*record.key, channel_.numPartitions())
                                  : drawn.origin->partition % channel_.numPartitions();
    outbox_.add(std::move(record), batch.drawIndex[row]);
  }
  // The result of the query does not hang on its shadow: what is refused is not reported.
  RowErrors unreported;
  DrawContext aside{context.draw, unreported};
  outbox_.sendTo(channel_, topic_, aside);
}

void ShadowScores::chooseRows(const Batch& batch, uint32_t sampledBuckets, const Draw& draw) {
  rows_.clear();
  for (uint32_t row = 0; row < batch.numRows; ++row) {
    const DrawnRecord& drawn = draw.records[batch.drawIndex[row]];
    const bool isSampled =
        sampledBuckets == kNumBuckets ||
        bucketOf(drawn.origin->topic, fmt::format("{}-{}", drawn.origin->partition,
                                                  drawn.record->offset)) < sampledBuckets;
    if (isSampled && batch.isPresent(row)) {
      rows_.push_back(row);
    }
  }
}

std::string ShadowScores::describeRow(const DrawnRecord& drawn, size_t row,
                                      const ServedScores& served, const VersionScorer& scorer,
                                      const Column& scores, size_t place) const {
  std::string text = "{\"model\":";
  appendJsonString(text, model_);
  text += fmt::format(",\"version\":{},\"score\":", served.versions.values<int32_t>()[row]);
  appendJson(served.predictions, row, text);
  text += fmt::format(",\"shadowVersion\":{},\"shadowScore\":", scorer.version()->info().version);
  appendJson(scores, place, text);
  text += ",\"topic\":";
  appendJsonString(text, drawn.origin->topic);
  text += fmt::format(",\"partition\":{},\"offset\":{}}}", drawn.origin->partition,
                      drawn.record->offset);
  return text;
}

}  // namespace auspex::operators
