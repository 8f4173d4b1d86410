// SPDX-License-Identifier: Apache-2.0
#include "operators/StateColumns.h"

#include <utility>

#include "operators/SourceOperator.h"

namespace auspex::operators {
namespace {

class StateColumns final : public Operator {
 public:
  explicit StateColumns(const StateColumnsDescription& description) : description_(description) {
    if (description.timestamp) {
      times_.emplace(*description.timestamp);
    }
  }

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    Batch batch = std::move(inputs[0]);
    if (batch.numRows == 0) {
      return {};
    }
    if (times_) {
      // Rows without a time in the column were dead letters and never got here.
      std::vector<FormatRowError> ignored;
      times_->read(*batch.columns[description_.timestamp->index], batch.present, batch.timestamps,
                   ignored);
    }
    const std::vector<ColumnPtr> read = std::exchange(batch.columns, {});
    batch.columns.assign(read.begin(),
                         read.begin() + static_cast<ptrdiff_t>(description_.numColumns));
    batch.columns.push_back(
        Column::make(SqlType::bigint(), std::vector<int64_t>(batch.timestamps)));
    batch.columns.resize(description_.numColumns + kNumPseudoColumns);
    for (size_t i = 0; description_.isWindowed && i < kNumWindowColumns; ++i) {
      batch.columns.push_back(read[description_.numColumns + i]);
    }
    return batch;
  }

 private:
  const StateColumnsDescription& description_;
  std::optional<TimestampReader> times_;
};

}  // namespace

std::unique_ptr<Operator> StateColumnsDescription::create(TaskServices&) const {
  return std::make_unique<StateColumns>(*this);
}

}  // namespace auspex::operators
