// SPDX-License-Identifier: Apache-2.0
// The fast form of trees with few leaves: every value of a block of rows is ranked once among the
// thresholds of its feature, and then all splits of a tree are decided for many rows at a time by
// comparing bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "operators/models/forest/ForestDescription.h"
#include "operators/models/forest/RankKernels.h"
#include "operators/models/forest/Ranking.h"

namespace auspex::operators {

/// Holds the trees of a forest that can be scored by ranks: at most 256 leaves, and a Ranking that
/// covers all splits. Immutable; any thread.
class RankForest {
 public:
  explicit RankForest(const ForestDescription& description);

  /// Ranking costs more than it gains with few trees, and this forest has enough.
  bool isWorthwhile() const { return isWorthwhile_; }
  /// The tree has this form.
  bool covers(size_t tree) const { return trees_[tree].numLeaves > 0; }

  /// Splits of the tree that are decided several at once.
  size_t numJoinedSplits(size_t tree) const { return trees_[tree].numJoinedSplits; }

  const Ranking& ranking() const { return ranking_; }
  /// Adds to margins[row * stride] the leaf that each ranked row reaches in a tree that has this
  /// form.
  void addTree(size_t tree, const int8_t* ranks, size_t numRows, float* margins, size_t stride,
               Instructions instructions) const;

 private:
  struct Tree {
    size_t firstSplit = 0;
    size_t numSplits = 0;
    size_t numJoinedSplits = 0;
    size_t firstLeaf = 0;
    size_t numLeaves = 0;  ///< 0: not covered
  };

  bool canBeRanked(const TreeDescription& tree) const;
  Tree compile(const TreeDescription& tree, const ForestDescription& description);
  RankSplit makeSplit(const TreeNode& node, const ForestDescription& description);

  Ranking ranking_;
  std::vector<RankSet> sets_;
  std::vector<Tree> trees_;
  std::vector<RankSplit> splits_;
  std::vector<float> leaves_;
  bool isWorthwhile_ = false;
};

}  // namespace auspex::operators
