// SPDX-License-Identifier: Apache-2.0
#include "operators/KeepOperator.h"

#include <utility>

#include "operators/StampedTable.h"

namespace auspex::operators {
namespace {

class KeepOperator final : public Operator {
 public:
  KeepOperator(const JoinSide& table, stateStore::KeyValueStore& store)
      : codec_(table), store_(store) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    Batch batch = std::move(inputs[0]);
    if (batch.numRows == 0) {
      return {};
    }
    Arena arena(batch.numRows * 64);
    codec_.encodeStamped(batch, arena, keys_, rows_);
    for (size_t row = 0; row < batch.numRows; ++row) {
      if (batch.isPresent(row)) {
        store_.put(keys_[row], rows_[row]);
      } else {
        store_.erase(keys_[row]);
      }
    }
    return batch;
  }

 private:
  JoinSideCodec codec_;
  stateStore::KeyValueStore& store_;
  std::vector<std::string_view> keys_;  // of one draw, as rows_
  std::vector<StampedRow> rows_;
};

}  // namespace

std::unique_ptr<Operator> KeepDescription::create(TaskServices& services) const {
  return std::make_unique<KeepOperator>(table, services.store(table.store));
}

std::string KeepDescription::toString() const {
  return "Keep(store=" + table.store + ")";
}

std::unique_ptr<const StateTable> KeepDescription::stateTable() const {
  return makeStampedTable(table);
}

}  // namespace auspex::operators
