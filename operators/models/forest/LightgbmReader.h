// SPDX-License-Identifier: Apache-2.0
// Reads LightGBM's text models (versions 2 to 4). As strict as XgboostReader: every index is
// checked, and what would change scores without our knowing is refused.
#pragma once

#include <string_view>
#include <vector>

#include "operators/models/Model.h"
#include "operators/models/RoundChoice.h"
#include "operators/models/forest/ForestDescription.h"
#include "operators/models/forest/LightgbmObjective.h"

namespace auspex::operators {

/// All that scoring needs from the file.
struct LightgbmModel {
  /// Name, version, checksum and sizeBytes are left for the loader.
  ModelInfo info;
  LightgbmObjective objective;
  /// Trees with wideValues.
  ForestDescription forest;
  /// What sums are divided by before the objective's transform: the number of rounds of a random
  /// forest, else 1. Margins and contributions are those of the sum, as LightGBM gives them.
  double divisor = 1;
};

/// True when the bytes begin as LightGBM's models do.
bool isLightgbmText(std::string_view bytes);

/// Reads a whole file, keeping only the trees of the chosen rounds (useBest has no meaning: the
/// file holds the best rounds only). Throws ModelError, naming place and reason.
LightgbmModel readLightgbmModel(std::string_view bytes, const RoundChoice& choice);

}  // namespace auspex::operators
