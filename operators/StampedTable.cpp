// SPDX-License-Identifier: Apache-2.0
#include "operators/StampedTable.h"

#include "operators/TableOperators.h"

namespace auspex::operators {
namespace {

class StampedTable final : public KeyedStateTable {
 public:
  explicit StampedTable(const JoinSide& table)
      : KeyedStateTable(table.store), table_(table), codec_(table) {}

  Batch decode(std::span<const StateRow> rows, const Owner& owner) const override {
    std::vector<std::string_view> values;
    Batch batch;
    for (const StateRow& row : rows) {
      values.push_back(rowOf(row.values[0]));
      batch.timestamps.push_back(timeOf(row.values[0]));
    }
    codec_.decodeTo(values, owner, batch.columns);
    return batch;
  }
  std::vector<size_t> keyColumns() const override { return keyColumnsOf(table_); }
  std::vector<SqlType> keyTypes() const override { return keptTypes(keyColumns(), table_.types); }

 private:
  const JoinSide& table_;
  JoinSideCodec codec_;
};

}  // namespace

std::unique_ptr<const StateTable> makeStampedTable(const JoinSide& table) {
  return std::make_unique<StampedTable>(table);
}

}  // namespace auspex::operators
