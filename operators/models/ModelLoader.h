// SPDX-License-Identifier: Apache-2.0
// From a model file to a ModelVersion that scores. Recognises the format by content, not by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/InputContract.h"
#include "operators/models/Instructions.h"
#include "operators/models/Model.h"

namespace auspex::operators {

/// A larger file is refused: what a million trees of some depth take stays below it.
constexpr size_t kMaxModelBytes = size_t{1} << 30;

struct LoadOptions {
  /// Becomes ModelInfo::name and ModelInfo::version.
  std::string name;
  uint32_t version = 1;
  /// Stop after the round that early stopping found best, as XGBoost's scikit-learn interface does.
  /// Off by default: the library's own predict() uses all trees.
  bool useBestIteration = false;
  /// Only the boosting rounds [firstRound, endRound); endRound 0 means up to the last.
  size_t firstRound = 0;
  size_t endRound = 0;
  /// Becomes ModelInfo::missing.
  double missing = std::numeric_limits<double>::quiet_NaN();
  /// The statement's input list; empty when the file is the contract.
  std::vector<InputDeclaration> inputs = {};
  /// What a forest is scored with; at most the processor's best.
  Instructions instructions = bestInstructions();
};

/// The bytes of a model's file. Throws ModelError when it cannot be read or is too large.
std::string readModelFile(const std::string& path);

/// Loads a model from a file. Throws ModelError when it cannot be read or is refused.
std::shared_ptr<const ModelVersion> loadModel(const std::string& path, const LoadOptions& options);

/// Loads a model from the bytes of its file, which are not kept. Throws ModelError when refused.
std::shared_ptr<const ModelVersion> loadModelBytes(std::string_view bytes,
                                                   const LoadOptions& options);

}  // namespace auspex::operators
