// SPDX-License-Identifier: Apache-2.0
#include "operators/data/Batch.h"

#include <doctest/doctest.h>

using namespace auspex::operators;

namespace {

ColumnPtr integers(std::vector<int32_t> values) {
  return Column::make(SqlType::integer(), std::move(values));
}

Batch tableBatch() {
  Batch batch;
  batch.numRows = 3;
  batch.columns = {integers({1, 2, 3}), nullptr};
  batch.present = {1, 0, 1};
  batch.carriesOld = true;
  batch.oldColumns = {integers({10, 20, 30}), nullptr};
  batch.oldPresent = {0, 1, 1};
  batch.timestamps = {100, 200, 300};
  batch.drawIndex = {0, 0, 4};
  return batch;
}

}  // namespace

TEST_CASE("gatherRows picks all that rows carry") {
  const Batch batch = tableBatch();
  const Batch picked = gatherRows(batch, std::vector<uint32_t>{1, 2});
  checkBatch(picked);
  CHECK(picked.numRows == 2);
  CHECK(picked.columns[0]->values<int32_t>()[0] == 2);
  CHECK(picked.columns[1] == nullptr);
  CHECK(picked.oldColumns[0]->values<int32_t>()[1] == 30);
  CHECK(picked.present == std::vector<uint8_t>{0, 1});
  CHECK(picked.oldPresent == std::vector<uint8_t>{1, 1});
  CHECK(picked.timestamps == std::vector<int64_t>{200, 300});
  CHECK(picked.drawIndex == std::vector<uint32_t>{0, 4});
  CHECK_FALSE(picked.isPresent(0));
  CHECK(picked.isOldPresent(0));
}

TEST_CASE("gatherRows of all rows shares the columns") {
  const Batch batch = tableBatch();
  CHECK(gatherRows(batch, std::vector<uint32_t>{0, 1, 2}).columns[0] == batch.columns[0]);
  CHECK(gatherRows(batch, std::vector<uint32_t>{0, 1, 1}).columns[0] != batch.columns[0]);
  CHECK(gatherRows(batch, std::vector<uint32_t>{}).numRows == 0);
}
