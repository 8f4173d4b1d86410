// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/ForestModel.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "operators/data/Assert.h"
#include "operators/models/forest/TreeWalk.h"

namespace auspex::operators {

namespace {

/// Margins of this many floats are held on the stack while they are transformed.
constexpr size_t kStackMargins = 4 * kRowsPerBlock;

}  // namespace

ForestModel::ForestModel(ModelInfo info, const Objective& objective, ForestDescription forest,
                         Instructions instructions)
    : ModelVersion(std::move(info)),
      objective_(objective),
      description_(std::move(forest)),
      forest_(description_, instructions),
      shap_(description_),
      canExplain_(canExplain(description_)) {
}

size_t ForestModel::outputsPerRow(OutputForm form) const {
  if (form == OutputForm::Leaf) {
    return info().numTrees;
  }
  if (form == OutputForm::Contribution) {
    return canExplain_ ? forest_.numOutputs() * (forest_.numFeatures() + 1) : 0;
  }
  return operators::outputsPerRow(objective_, forest_.numOutputs(), form);
}

void ForestModel::writeLeaves(FeatureMatrix features, std::span<float> out) const {
  size_t next = 0;
  for (size_t row = 0; row < features.rows; ++row) {
    const float* const values = features.values + row * features.features;
    for (const TreeDescription& tree : description_.trees) {
      if (!tree.repeats) {
        out[next++] = static_cast<float>(tree.nodes[findLeaf(description_, tree, values)].id);
      }
    }
  }
  AUSPEX_ASSERT(next == out.size());
}

void ForestModel::writeContributions(FeatureMatrix features, std::span<float> out) const {
  std::vector<double> contributions(outputsPerRow(OutputForm::Contribution));
  for (size_t row = 0; row < features.rows; ++row) {
    shap_.explain(features.values + row * features.features, contributions);
    std::transform(contributions.begin(), contributions.end(),
                   out.begin() + static_cast<ptrdiff_t>(row * contributions.size()),
                   [](double value) { return static_cast<float>(value); });
  }
}

void ForestModel::score(FeatureMatrix features, OutputForm form, std::span<float> out) const {
  const size_t perRow = outputsPerRow(form);
  AUSPEX_ASSERT(perRow > 0);
  AUSPEX_ASSERT(out.size() == features.rows * perRow);
  if (form == OutputForm::Margin) {
    forest_.computeMargins(features, out);
    return;
  }
  if (form == OutputForm::Leaf) {
    writeLeaves(features, out);
    return;
  }
  if (form == OutputForm::Contribution) {
    writeContributions(features, out);
    return;
  }
  const size_t numOutputs = forest_.numOutputs();
  std::array<float, kStackMargins> small;
  std::vector<float> large;
  const size_t mostMargins = numOutputs * std::min(kRowsPerBlock, features.rows);
  if (mostMargins > kStackMargins) {
    large.resize(mostMargins);
  }
  float* margins = large.empty() ? small.data() : large.data();
  for (size_t start = 0; start < features.rows; start += kRowsPerBlock) {
    const size_t numRows = std::min(kRowsPerBlock, features.rows - start);
    forest_.computeMargins(
        {features.values + start * features.features, numRows, features.features},
        {margins, numRows * numOutputs});
    for (size_t row = 0; row < numRows; ++row) {
      transformRow(objective_, form, {margins + row * numOutputs, numOutputs},
                   out.subspan((start + row) * perRow, perRow));
    }
  }
}

}  // namespace auspex::operators
