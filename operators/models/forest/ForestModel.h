// SPDX-License-Identifier: Apache-2.0
// A model version that is a forest with an objective.
#pragma once

#include "operators/models/Model.h"
#include "operators/models/forest/Forest.h"
#include "operators/models/forest/Objective.h"
#include "operators/models/forest/TreeShap.h"

namespace auspex::operators {

class ForestModel final : public ModelVersion {
 public:
  ForestModel(ModelInfo info, const Objective& objective, ForestDescription forest,
              Instructions instructions);

  size_t outputsPerRow(OutputForm form) const override;
  void score(FeatureMatrix features, OutputForm form, std::span<float> out) const override;

 private:
  void writeLeaves(FeatureMatrix features, std::span<float> out) const;
  void writeContributions(FeatureMatrix features, std::span<float> out) const;

  Objective objective_;
  ForestDescription description_;
  Forest forest_;
  TreeShap shap_;
  bool canExplain_;
};

}  // namespace auspex::operators
