// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/Lambda.h"

#include "operators/data/Assert.h"

namespace auspex::operators {

const ColumnPtr& LambdaBindings::columnOf(uint32_t parameterId) const {
  for (const auto& [id, column] : columns_) {
    if (id == parameterId) {
      return column;
    }
  }
  const bool parameterIsBound = false;  // The binder resolves parameters to bound ones only.
  AUSPEX_ASSERT(parameterIsBound);
  return columns_.front().second;
}

void LambdaBindings::inheritRows(const LambdaBindings& outer, std::span<const uint32_t> rowOf) {
  for (const auto& [id, column] : outer.columns_) {
    columns_.emplace_back(id, gather(column, rowOf));
  }
}

}  // namespace auspex::operators
