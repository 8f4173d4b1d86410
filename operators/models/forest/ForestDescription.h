// SPDX-License-Identifier: Apache-2.0
// What every reader of tree models produces and the Forest is compiled from: trees that have been
// checked, whatever file they came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace auspex::operators {

/// One node. A split sends a row left if value < threshold, or, when categorical, if the row's
/// category (the value cut to an integer) is not in the set; a missing value goes by defaultLeft.
struct TreeNode {
  /// Threshold of a numeric split, or the value of a leaf (finite).
  float value = 0;
  /// Place of the left child in the tree's nodes, always after this node; right is left + 1. 0:
  /// leaf.
  uint32_t left = 0;
  uint32_t feature = 0;
  /// Place in ForestDescription::categorySets + 1; 0 for a numeric split.
  uint32_t categorySet = 0;
  /// Training weight that reached the node (sum of hessians, or rows), for contributions; at least
  /// 0.
  float cover = 0;
  /// The node's number in the file, which leaf indices are.
  uint32_t id = 0;
  bool defaultLeft = false;
  /// LightGBM's missing kind "zero": values next to 0 go the default way too.
  bool zeroIsMissing = false;

  bool isLeaf() const { return left == 0; }
};

struct TreeDescription {
  /// In breadth-first order; the root comes first. Never empty.
  std::vector<TreeNode> nodes;
  /// Thresholds and leaf values in double precision, in the order of the nodes; empty where float32
  /// is the model's own.
  std::vector<double> wideValues;
  /// The output that the leaves add to.
  uint32_t output = 0;
  /// Splits on the longest path.
  uint32_t depth = 0;
  /// The splits are those of the tree before; the leaves are another output of its vector leaves.
  bool repeats = false;
};

struct ForestDescription {
  size_t numFeatures = 0;
  /// The start of the sum per output; its size is the number of outputs (at least 1).
  std::vector<float> baseMargins;
  /// In the order in which leaves are added.
  std::vector<TreeDescription> trees;
  /// Bit c of a set (word c / 32, bit c % 32) is on when category c goes right. Categories beyond
  /// the words are not in the set.
  std::vector<std::vector<uint32_t>> categorySets;
  /// Every tree says how much training weight reached each node, so contributions can be given.
  bool hasCovers = true;
};

struct ModelInfo;

/// Fills in what the trees tell of the model: their number, the longest path and which of the
/// features are categories. `info.features` has an entry per feature.
void describeTrees(const ForestDescription& forest, ModelInfo& info);

}  // namespace auspex::operators
