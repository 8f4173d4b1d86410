// SPDX-License-Identifier: Apache-2.0
// Reads XGBoost's model document, in JSON or UBJSON, of every version from 1.0 on. Strict: every
// index is checked and what would change scores without our knowing is refused.
#pragma once

#include <cstddef>
#include <cstdint>

#include "operators/models/Model.h"
#include "operators/models/RoundChoice.h"
#include "operators/models/forest/DocumentReader.h"
#include "operators/models/forest/ForestDescription.h"
#include "operators/models/forest/Objective.h"

namespace auspex::operators {

/// Limits on what a file may ask for; beyond them it is refused. They stand well above real models
/// and keep what a small hostile file can allocate or burn small.
struct ForestLimits {
  static constexpr size_t kTrees = 1'000'000;
  static constexpr size_t kNodesPerTree = size_t{1} << 24;
  /// Splits on a path; a tree grown leaf by leaf can be deep.
  static constexpr size_t kDepth = 4'096;
  static constexpr size_t kFeatures = 65'536;
  /// Classes, targets or quantiles.
  static constexpr size_t kOutputs = 10'000;
  /// XGBoost's own limit on category codes.
  static constexpr int32_t kCategories = 1 << 24;
  /// Words of 32 categories over all categorical splits: 64 MiB.
  static constexpr size_t kCategoryWords = size_t{1} << 24;
};

/// All that scoring needs from the file.
struct XgboostModel {
  /// Name, version, checksum and sizeBytes are left for the loader.
  ModelInfo info;
  Objective objective;
  /// Without trees when the model is linear.
  ForestDescription forest;
  bool isLinear = false;
  /// [features + 1 x outputs]: a row of weights per feature, and the biases.
  std::vector<float> linearWeights;
};

/// Reads a whole document, keeping only the trees of the chosen rounds. Throws ModelError, naming
/// place and reason.
XgboostModel readXgboostModel(DocumentReader& document, const RoundChoice& choice);

}  // namespace auspex::operators
