// SPDX-License-Identifier: Apache-2.0
// Scores in this process and on the calling thread: what is submitted is done at once.
#pragma once

#include <memory>
#include <vector>

#include "operators/models/Predictors.h"

namespace auspex::operators {

class EmbeddedPredictor final : public Predictor {
 public:
  static std::unique_ptr<Predictor> make(const PredictorSettings& settings);

  explicit EmbeddedPredictor(size_t maxRowsInFlight) : maxRowsInFlight_(maxRowsInFlight) {}

  FeatureLayout layout() const override { return FeatureLayout::Matrix; }
  /// Scores the batch before it returns. No row fails: a forest has a score for every matrix,
  /// though the exponential of a large margin may be infinite, as it is in the library.
  bool submit(FeatureBatch& batch) override;
  size_t poll(std::vector<ScoredBatch>& done) override;
  size_t rowsInFlight() const override { return rowsInFlight_; }

 private:
  size_t maxRowsInFlight_;
  size_t rowsInFlight_ = 0;
  std::vector<float> scores_;
  std::vector<ScoredBatch> done_;
};

}  // namespace auspex::operators
