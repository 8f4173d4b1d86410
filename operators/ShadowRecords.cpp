// SPDX-License-Identifier: Apache-2.0
#include "operators/ShadowRecords.h"

#include <fmt/format.h>

#include <utility>

#include "operators/data/KeyHash.h"
#include "operators/formats/json/JsonText.h"
#include "operators/models/ModelRoute.h"

namespace auspex::operators {

std::vector<uint32_t> sampleRows(const Batch& batch, uint32_t sampledBuckets, const Draw& draw) {
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < batch.numRows; ++row) {
    const DrawnRecord& drawn = draw.records[batch.drawIndex[row]];
    const bool isSampled =
        sampledBuckets == kNumBuckets ||
        bucketOf(drawn.origin->topic, fmt::format("{}-{}", drawn.origin->partition,
                                                  drawn.record->offset)) < sampledBuckets;
    if (isSampled && batch.isPresent(row)) {
      rows.push_back(row);
    }
  }
  return rows;
}

std::string ShadowRecords::describe(const std::string& model, const ShadowedRow& shadowed,
                                    const DrawnRecord& drawn) {
  const auto addText = [](std::string& text, const char* name, std::string_view value) {
    text += name;
    appendJsonString(text, value);
  };
  std::string text;
  addText(text, "{\"model\":", model);
  text += ",\"version\":";
  appendJson(shadowed.served.versions, shadowed.row, text);
  text += ",\"score\":";
  appendJson(shadowed.served.predictions, shadowed.row, text);
  if (!shadowed.fallback.empty()) {
    addText(text, ",\"fallback\":", shadowed.fallback);
  }
  text += fmt::format(",\"shadowVersion\":{},\"shadowScore\":", shadowed.shadowVersion);
  appendJson(shadowed.shadowScores, shadowed.place, text);
  if (!shadowed.error.empty()) {
    addText(text, ",\"shadowError\":", shadowed.error);
  }
  addText(text, ",\"topic\":", drawn.origin->topic);
  text += fmt::format(",\"partition\":{},\"offset\":{}}}", drawn.origin->partition,
                      drawn.record->offset);
  return text;
}

void ShadowRecords::send(std::span<const ShadowRecord> records, const Draw& draw) {
  outbox_.clear();
  for (const ShadowRecord& shadow : records) {
    const DrawnRecord& drawn = draw.records[shadow.drawIndex];
    OutgoingRecord record;
    record.key = drawn.record->key;
    record.value = shadow.text;
    record.timestamp = shadow.timestamp;
    record.partition = record.key ? partitionOf(*record.key, channel_.numPartitions())
                                  : drawn.origin->partition % channel_.numPartitions();
    outbox_.add(std::move(record), shadow.drawIndex);
  }
  // The result of the query does not hang on its shadow: what is refused is not reported.
  RowErrors unreported;
  DrawContext aside{draw, unreported};
  outbox_.sendTo(channel_, topic_, aside);
}

}  // namespace auspex::operators
