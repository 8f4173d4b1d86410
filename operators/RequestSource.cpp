// SPDX-License-Identifier: Apache-2.0
// A served model's requests: records to rows of features, and what is wrong with them.
#include <fmt/format.h>

#include "operators/ServingOperators.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"

namespace auspex::operators {
namespace {

class RequestSource final : public Operator {
 public:
  explicit RequestSource(const RequestSourceDescription& description)
      : description_(description),
        protocol_(makeServingProtocol(description.serving)),
        rows_(description.features) {}

  Batch process(std::span<Batch>, DrawContext& context) override {
    const std::vector<DrawnRecord>& records = context.draw.records;
    texts_ = std::make_shared<Arena>();
    Batch batch;
    bool areAllPresent = true;
    for (uint32_t i = 0; i < records.size(); ++i) {
      if (records[i].source == description_.source) {
        areAllPresent &= addRequest(records[i], i, batch);
      }
    }
    batch.numRows = rows_.numRows();
    if (areAllPresent) {
      batch.present.clear();
    }
    batch.columns = rows_.finish();
    addHeads(batch);
    return batch;
  }

 private:
  /// Returns whether the request has rows to be scored.
  bool addRequest(const DrawnRecord& drawn, uint32_t drawIndex, Batch& batch) {
    const size_t first = rows_.numRows();
    RequestHead head;
    std::string error;
    try {
      protocol_->decode({*drawn.record, drawn.origin->topic, drawn.origin->partition}, head, rows_);
    } catch (const ModelError& refusal) {
      rows_.truncate(first);
      error = refusal.what();
    }
    const bool hasRows = rows_.numRows() > first;
    if (!hasRows) {
      rows_.append(1);
    }
    const size_t numRows = rows_.numRows() - first;
    ids_.resize(rows_.numRows(), texts_->copy(head.id));
    forms_.resize(rows_.numRows(), head.form);
    versions_.resize(rows_.numRows(), head.version);
    errors_.resize(rows_.numRows(), texts_->copy(error));
    hasError_.resize(rows_.numRows(), error.empty() ? 0 : 1);
    batch.present.resize(rows_.numRows(), hasRows ? 1 : 0);
    batch.timestamps.insert(batch.timestamps.end(), numRows, drawn.record->timestamp);
    batch.drawIndex.insert(batch.drawIndex.end(), numRows, drawIndex);
    return hasRows;
  }

  void addHeads(Batch& batch) {
    batch.columns.push_back(Column::make(SqlType::string(), std::exchange(ids_, {}), {}, {texts_}));
    batch.columns.push_back(Column::make(SqlType::integer(), std::exchange(forms_, {})));
    batch.columns.push_back(Column::make(SqlType::integer(), std::exchange(versions_, {})));
    batch.columns.push_back(Column::make(SqlType::string(), std::exchange(errors_, {}),
                                         std::exchange(hasError_, {}), {texts_}));
  }

  const RequestSourceDescription& description_;
  std::unique_ptr<const ServingProtocol> protocol_;
  ServedRows rows_;
  std::shared_ptr<Arena> texts_;
  std::vector<std::string_view> ids_;  // these: per row
  std::vector<int32_t> forms_;
  std::vector<int32_t> versions_;
  std::vector<std::string_view> errors_;
  std::vector<uint8_t> hasError_;
};

}  // namespace

std::vector<SqlType> requestColumnTypes() {
  return {SqlType::string(), SqlType::integer(), SqlType::integer(), SqlType::string()};
}

const char* nameOfRequestColumn(size_t place) {
  constexpr const char* kNames[kNumRequestColumns] = {"id", "form", "version", "error"};
  AUSPEX_ASSERT(place < kNumRequestColumns);
  return kNames[place];
}

std::unique_ptr<Operator> RequestSourceDescription::create(TaskServices&) const {
  return std::make_unique<RequestSource>(*this);
}

std::string RequestSourceDescription::toString() const {
  std::string names;
  for (const ServedFeature& feature : features) {
    names += (names.empty() ? "" : ", ") + feature.name;
  }
  return fmt::format("Requests(topic={}, protocol={}, model={}, features=[{}])", topic,
                     serving.protocol, serving.modelName, names);
}

}  // namespace auspex::operators
