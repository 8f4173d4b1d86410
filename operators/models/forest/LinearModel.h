// SPDX-License-Identifier: Apache-2.0
// A model version that is a weighted sum of the features (XGBoost's booster gblinear).
#pragma once

#include <vector>

#include "operators/models/Model.h"
#include "operators/models/forest/Objective.h"

namespace auspex::operators {

class LinearModel final : public ModelVersion {
 public:
  /// weights: [features + 1 x outputs], the biases last; as many outputs as base margins
  /// (asserted).
  /// Every output starts from the first base margin: so the library trains and scores linear
  /// models, even where the file has one per class.
  LinearModel(ModelInfo info, const Objective& objective, std::vector<float> baseMargins,
              std::vector<float> weights);

  size_t outputsPerRow(OutputForm form) const override;
  void score(FeatureMatrix features, OutputForm form, std::span<float> out) const override;

 private:
  /// Missing values add nothing. Sums go in float32 in the order of the features, as the library's.
  void addUp(const float* row, std::span<float> margins) const;
  void explain(const float* row, std::span<float> contributions) const;

  Objective objective_;
  std::vector<float> baseMargins_;
  std::vector<float> weights_;
};

}  // namespace auspex::operators
