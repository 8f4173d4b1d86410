// SPDX-License-Identifier: Apache-2.0
// Which share of a model's route serves which row of a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "operators/expressions/Evaluator.h"
#include "operators/models/ModelRoute.h"

namespace auspex::operators {

/// One thread. Kept from batch to batch for its memory.
class ShareRows {
 public:
  /// key: STRING, over the rows; null when the model is not split.
  explicit ShareRows(const ExpressionPtr& key) {
    if (key) {
      key_.emplace(std::vector<ExpressionPtr>{key});
    }
  }

  /// Deals the rows to the shares of the route, by the hash of their key.
  void assign(const EvaluationInput& side, const ModelRoute& route, RowErrors& errors);

  /// The last route assigned has several shares; else all rows are those of share 0, and nothing
  /// else may be asked.
  bool isSplit() const { return !rowsOf_.empty(); }
  uint32_t shareOf(size_t row) const { return shareOf_[row]; }
  /// In order.
  const std::vector<uint32_t>& rowsOf(size_t share) const { return rowsOf_[share]; }

 private:
  std::optional<Evaluator> key_;
  std::vector<std::vector<uint32_t>> rowsOf_;
  std::vector<uint32_t> shareOf_;
};

}  // namespace auspex::operators
