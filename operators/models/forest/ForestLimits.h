// SPDX-License-Identifier: Apache-2.0
// How much a model's file may ask for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace auspex::operators {

/// Limits on what a model's file, of whatever kind, may ask for; beyond them it is refused. They
/// stand well above real models and keep what a small hostile file can allocate or burn small.
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

}  // namespace auspex::operators
