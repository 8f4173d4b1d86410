// SPDX-License-Identifier: Apache-2.0
#include "operators/ShareRows.h"

#include "operators/data/Assert.h"

namespace auspex::operators {

void ShareRows::assign(const EvaluationInput& side, const ModelRoute& route, RowErrors& errors) {
  const std::vector<RouteShare>& shares = route.shares;
  rowsOf_.clear();
  shareOf_.clear();
  if (shares.size() == 1) {
    return;
  }
  AUSPEX_ASSERT(key_.has_value());
  const ColumnPtr keys = key_->evaluate(side, errors)[0];
  const auto texts = keys->values<std::string_view>();
  rowsOf_.resize(shares.size());
  shareOf_.resize(side.numRows);
  for (uint32_t row = 0; row < side.numRows; ++row) {
    const uint32_t bucket =
        bucketOf(route.salt, keys->isNull(row) ? std::string_view() : texts[row]);
    uint32_t share = 0;
    while (bucket >= shares[share].endBucket) {
      ++share;
    }
    shareOf_[row] = share;
    rowsOf_[share].push_back(row);
  }
}

}  // namespace auspex::operators
