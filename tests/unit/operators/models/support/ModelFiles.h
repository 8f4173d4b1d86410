// SPDX-License-Identifier: Apache-2.0
// The recorded models of tests/data/models, and what their makers predict.
#pragma once

#include <string>
#include <vector>

#include "operators/models/FeatureMatrix.h"

namespace auspex::operators {

/// Rows and what the model's maker predicts for them, from a .expected file.
struct ExpectedScores {
  size_t rows = 0;
  size_t features = 0;
  size_t marginsPerRow = 0;
  size_t valuesPerRow = 0;
  std::vector<float> matrix;
  std::vector<float> margins;
  std::vector<float> values;

  FeatureMatrix view() const { return {matrix.data(), rows, features}; }
};

/// Names of all models that have expected scores, with extension, sorted: "dart-3.2.0.ubj".
std::vector<std::string> listModels();

std::string modelPath(const std::string& name);
std::string readModelBytes(const std::string& name);
bool hasModelFile(const std::string& name);

/// stem: "dart-3.2.0" or "stopped-3.2.0.best". Fails the test when the file is not as it should be.
ExpectedScores readExpected(const std::string& stem);

/// The name up to its extension.
std::string stemOf(const std::string& name);

}  // namespace auspex::operators
