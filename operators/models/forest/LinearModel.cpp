// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/LinearModel.h"

#include <cmath>
#include <utility>

#include "operators/data/Assert.h"

namespace auspex::operators {

LinearModel::LinearModel(ModelInfo info, const Objective& objective, std::vector<float> baseMargins,
                         std::vector<float> weights)
    : ModelVersion(std::move(info)),
      objective_(objective),
      baseMargins_(std::move(baseMargins)),
      weights_(std::move(weights)) {
  AUSPEX_ASSERT(weights_.size() == (this->info().features.size() + 1) * baseMargins_.size());
}

size_t LinearModel::outputsPerRow(OutputForm form) const {
  if (form == OutputForm::Leaf) {
    return 0;
  }
  if (form == OutputForm::Contribution) {
    return weights_.size();
  }
  return operators::outputsPerRow(objective_, baseMargins_.size(), form);
}

void LinearModel::addUp(const float* row, std::span<float> margins) const {
  const size_t numOutputs = baseMargins_.size();
  const size_t numFeatures = info().features.size();
  // XGBoost's linear booster starts every class from the first base score.
  for (size_t output = 0; output < numOutputs; ++output) {
    float sum = weights_[numFeatures * numOutputs + output] + baseMargins_[0];
    for (size_t feature = 0; feature < numFeatures; ++feature) {
      if (!std::isnan(row[feature])) {
        sum += row[feature] * weights_[feature * numOutputs + output];
      }
    }
    margins[output] = sum;
  }
}

void LinearModel::explain(const float* row, std::span<float> contributions) const {
  const size_t numOutputs = baseMargins_.size();
  const size_t numFeatures = info().features.size();
  for (size_t output = 0; output < numOutputs; ++output) {
    float* const out = contributions.data() + output * (numFeatures + 1);
    for (size_t feature = 0; feature < numFeatures; ++feature) {
      const float value = std::isnan(row[feature]) ? 0.0F : row[feature];
      out[feature] = value * weights_[feature * numOutputs + output];
    }
    out[numFeatures] = weights_[numFeatures * numOutputs + output] + baseMargins_[0];
  }
}

void LinearModel::score(FeatureMatrix features, OutputForm form, std::span<float> out) const {
  const size_t perRow = outputsPerRow(form);
  AUSPEX_ASSERT(perRow > 0);
  AUSPEX_ASSERT(features.features == info().features.size());
  AUSPEX_ASSERT(out.size() == features.rows * perRow);
  std::vector<float> margins(baseMargins_.size());
  for (size_t row = 0; row < features.rows; ++row) {
    const float* const values = features.values + row * features.features;
    const std::span<float> target = out.subspan(row * perRow, perRow);
    if (form == OutputForm::Contribution) {
      explain(values, target);
      continue;
    }
    addUp(values, margins);
    transformRow(objective_, form, margins, target);
  }
}

}  // namespace auspex::operators
