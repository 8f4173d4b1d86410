// SPDX-License-Identifier: Apache-2.0
// A model version that is a forest in double precision (LightGBM's).
#pragma once

#include "operators/models/Model.h"
#include "operators/models/forest/ForestDescription.h"
#include "operators/models/forest/LightgbmReader.h"
#include "operators/models/forest/TreeShap.h"

namespace auspex::operators {

class WideForestModel final : public ModelVersion {
 public:
  /// model.info is complete; every tree has wideValues (asserted).
  explicit WideForestModel(LightgbmModel model);

  size_t outputsPerRow(OutputForm form) const override;
  void score(FeatureMatrix features, OutputForm form, std::span<float> out) const override;
  void scoreWide(WideFeatureMatrix features, OutputForm form, std::span<double> out) const override;

 private:
  void addUp(const double* row, std::span<double> sums) const;
  void writeLeaves(const double* row, std::span<double> out) const;

  LightgbmObjective objective_;
  ForestDescription description_;
  double divisor_;
  TreeShap shap_;
  bool canExplain_;
};

}  // namespace auspex::operators
