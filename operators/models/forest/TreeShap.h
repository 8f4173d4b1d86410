// SPDX-License-Identifier: Apache-2.0
// What each feature contributed to a row's margins: exact Shapley values of trees, where a feature
// that is not known is averaged over the training weight of both sides (path-dependent TreeSHAP,
// Lundberg et al., "Consistent Individualized Feature Attribution for Tree Ensembles").
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "operators/models/forest/ForestDescription.h"

namespace auspex::operators {

/// The time for a row grows with leaves times the square of the depth, so deeper trees are not
/// explained: a small hostile file could burn hours. Real trees stay far below.
constexpr size_t kMaxExplainedDepth = 256;
/// Outputs times features, with the bias: a batch of rows of more would take gigabytes.
constexpr size_t kMaxContributions = size_t{1} << 17;

/// True when contributions can be given: the file tells the training weights, no tree is too deep,
/// and there are not too many numbers per row.
bool canExplain(const ForestDescription& forest);

/// Immutable; any thread may explain at any time.
class TreeShap {
 public:
  /// The forest is borrowed and must outlive this. canExplain() must hold when explain is called.
  explicit TreeShap(const ForestDescription& forest);

  /// Writes, per output, one number per feature and then the bias, [outputs x (features + 1)]; the
  /// numbers of an output add up to its margin. Number: float, or double for models with
  /// wideValues.
  template <typename Number>
  void explain(const Number* row, std::span<double> contributions) const;

 private:
  const ForestDescription& forest_;
  /// Per tree, what its leaves give on average.
  std::vector<double> means_;
};

}  // namespace auspex::operators
