// SPDX-License-Identifier: Apache-2.0
// Scores rows of columns with one version of a model, whatever version the query was planned with.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "operators/data/Column.h"
#include "operators/models/FeatureBinding.h"
#include "operators/models/Predictor.h"

namespace auspex::operators {

/// Scores of some rows in one form, row by row.
struct RowScores {
  std::vector<double> values;
  size_t width = 0;               ///< numbers per row
  std::vector<uint32_t> offsets;  ///< where rows begin, when they are not of one width; else empty

  size_t begin(size_t row) const { return offsets.empty() ? row * width : offsets[row]; }
};

/// One thread.
class VersionScorer {
 public:
  /// planned: the version that the arguments were bound to; kinds: theirs, one per feature of it.
  /// Throws ModelError when the version does not take them, which its contract excludes.
  VersionScorer(std::shared_ptr<const ModelVersion> version, const ModelInfo& planned,
                std::span<const ArgumentKind> kinds, const std::string& deployment);

  const std::shared_ptr<const ModelVersion>& version() const { return version_; }

  /// Takes the features of the next rows to score: a column per argument.
  void take(std::span<const ColumnPtr> arguments, size_t numRows);
  /// Scores the rows taken; contributions stand in the order of the planned version's features.
  RowScores score(OutputForm form);

 private:
  template <typename Number>
  void fillMatrix(std::span<const ColumnPtr> arguments, size_t numRows,
                  std::vector<Number>& matrix) const;
  void orderAsPlanned(std::vector<double>& contributions) const;

  std::shared_ptr<const ModelVersion> version_;
  FeatureBinding binding_;
  bool isInOrder_ = true;  // feature f is the planned version's feature f
  std::unique_ptr<Predictor> predictor_;
  FeatureBatch request_;
  std::vector<ScoredBatch> done_;
};

}  // namespace auspex::operators
