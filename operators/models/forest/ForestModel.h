// SPDX-License-Identifier: Apache-2.0
// A model version that is a forest with an objective.
#pragma once

#include "operators/models/Model.h"
#include "operators/models/forest/Forest.h"
#include "operators/models/forest/Objective.h"

namespace auspex::operators {

class ForestModel final : public ModelVersion {
 public:
  ForestModel(ModelInfo info, const Objective& objective, const ForestDescription& forest);

  size_t outputsPerRow(OutputForm form) const override;
  void score(FeatureMatrix features, OutputForm form, std::span<float> out) const override;

 private:
  Objective objective_;
  Forest forest_;
};

}  // namespace auspex::operators
