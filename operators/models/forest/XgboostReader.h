// SPDX-License-Identifier: Apache-2.0
// Reads XGBoost's model document, in JSON or UBJSON, of every version from 1.0 on. Strict: every
// index is checked and what would change scores without our knowing is refused.
#pragma once

#include <vector>

#include "operators/models/Model.h"
#include "operators/models/RoundChoice.h"
#include "operators/models/forest/DocumentReader.h"
#include "operators/models/forest/ForestDescription.h"
#include "operators/models/forest/Objective.h"

namespace auspex::operators {

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
