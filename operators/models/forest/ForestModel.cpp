// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/ForestModel.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "operators/data/Assert.h"

namespace auspex::operators {

namespace {

/// Margins of this many floats are held on the stack while they are transformed.
constexpr size_t kStackMargins = 4 * kRowsPerBlock;

}  // namespace

ForestModel::ForestModel(ModelInfo info, const Objective& objective,
                         const ForestDescription& forest)
    : ModelVersion(std::move(info)), objective_(objective), forest_(forest) {
}

size_t ForestModel::outputsPerRow(OutputForm form) const {
  return operators::outputsPerRow(objective_, forest_.numOutputs(), form);
}

void ForestModel::score(FeatureMatrix features, OutputForm form, std::span<float> out) const {
  const size_t perRow = outputsPerRow(form);
  AUSPEX_ASSERT(perRow > 0);
  AUSPEX_ASSERT(out.size() == features.rows * perRow);
  if (form == OutputForm::Margin) {
    forest_.computeMargins(features, out);
    return;
  }
  const size_t numOutputs = forest_.numOutputs();
  std::array<float, kStackMargins> small;
  std::vector<float> large;
  if (numOutputs * kRowsPerBlock > kStackMargins) {
    large.resize(numOutputs * kRowsPerBlock);
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
