// SPDX-License-Identifier: Apache-2.0
// Scores as columns: numbers, arrays, and maps from feature to contribution.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/VersionScorer.h"
#include "operators/data/Column.h"

namespace auspex::operators {

/// Makes maps from feature to contribution: the largest first, the bias last. One thread.
class ContributionColumns {
 public:
  /// top: see PredictDescription::topFeatures.
  ContributionColumns(const ModelInfo& info, size_t top);

  /// contributions: per map one number per feature and the bias. type: MAP, or ARRAY of it.
  ColumnPtr toColumn(const SqlType& type, const std::vector<double>& contributions);

 private:
  ColumnPtr byOutput(const SqlType& type, ColumnPtr maps, size_t numMaps) const;

  std::shared_ptr<std::vector<std::string>> names_;
  size_t numFeatures_;
  size_t numShown_;
  bool showsBias_;
  size_t numOutputs_;
  std::vector<size_t> order_;
};

/// DOUBLE, or an array of DOUBLE or INTEGER per row.
ColumnPtr scoresToColumn(const SqlType& type, RowScores scores, size_t numRows);
/// One DOUBLE or an array of `width` per row, NULL where validity is 0.
ColumnPtr numbersToColumn(const SqlType& type, std::vector<double> numbers, size_t width,
                          std::vector<uint8_t> validity);

}  // namespace auspex::operators
