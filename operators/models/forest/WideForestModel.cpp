// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/WideForestModel.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "operators/data/Assert.h"
#include "operators/models/forest/TreeWalk.h"

namespace auspex::operators {

WideForestModel::WideForestModel(LightgbmModel model)
    : ModelVersion(std::move(model.info)),
      objective_(std::move(model.objective)),
      description_(std::move(model.forest)),
      divisor_(model.divisor),
      shap_(description_),
      canExplain_(canExplain(description_)) {
  for (const TreeDescription& tree : description_.trees) {
    AUSPEX_ASSERT(tree.wideValues.size() == tree.nodes.size());
  }
}

size_t WideForestModel::outputsPerRow(OutputForm form) const {
  const size_t numOutputs = description_.baseMargins.size();
  if (form == OutputForm::Leaf) {
    return description_.trees.size();
  }
  if (form == OutputForm::Contribution) {
    return canExplain_ ? numOutputs * (description_.numFeatures + 1) : 0;
  }
  return operators::outputsPerRow(objective_, numOutputs, form);
}

void WideForestModel::score(FeatureMatrix features, OutputForm form, std::span<float> out) const {
  const std::vector<double> matrix(features.values,
                                   features.values + features.rows * features.features);
  std::vector<double> wide(out.size());
  scoreWide({matrix.data(), features.rows, features.features}, form, wide);
  std::transform(wide.begin(), wide.end(), out.begin(),
                 [](double value) { return static_cast<float>(value); });
}

void WideForestModel::addUp(const double* row, std::span<double> sums) const {
  std::fill(sums.begin(), sums.end(), 0.0);
  for (const TreeDescription& tree : description_.trees) {
    sums[tree.output] += tree.wideValues[findLeaf(description_, tree, row)];
  }
}

void WideForestModel::writeLeaves(const double* row, std::span<double> out) const {
  for (size_t i = 0; i < description_.trees.size(); ++i) {
    const TreeDescription& tree = description_.trees[i];
    out[i] = static_cast<double>(tree.nodes[findLeaf(description_, tree, row)].id);
  }
}

void WideForestModel::scoreWide(WideFeatureMatrix features, OutputForm form,
                                std::span<double> out) const {
  const size_t perRow = outputsPerRow(form);
  AUSPEX_ASSERT(perRow > 0);
  AUSPEX_ASSERT(features.features == description_.numFeatures);
  AUSPEX_ASSERT(out.size() == features.rows * perRow);
  std::vector<double> sums(description_.baseMargins.size());
  for (size_t row = 0; row < features.rows; ++row) {
    const double* const values = features.values + row * features.features;
    const std::span<double> target = out.subspan(row * perRow, perRow);
    if (form == OutputForm::Leaf) {
      writeLeaves(values, target);
      continue;
    }
    if (form == OutputForm::Contribution) {
      shap_.explain(values, target);
      continue;
    }
    addUp(values, sums);
    if (form != OutputForm::Margin) {
      std::transform(sums.begin(), sums.end(), sums.begin(),
                     [&](double sum) { return sum / divisor_; });
    }
    transformRow(objective_, form, sums, target);
  }
}

}  // namespace auspex::operators
