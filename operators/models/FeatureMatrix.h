// SPDX-License-Identifier: Apache-2.0
// The rows that a model scores: a borrowed, row-major matrix, float32 or (for models that compute
// so) double.
#pragma once

#include <cstddef>

namespace auspex::operators {

/// Non-owning view of [rows x features] float32, row-major and dense; NaN means missing.
/// Lives for the call it is passed to.
struct FeatureMatrix {
  const float* values = nullptr;
  size_t rows = 0;
  size_t features = 0;
};

/// The same in double precision.
struct WideFeatureMatrix {
  const double* values = nullptr;
  size_t rows = 0;
  size_t features = 0;
};

}  // namespace auspex::operators
