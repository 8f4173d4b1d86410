// SPDX-License-Identifier: Apache-2.0
// The compiled forest: all trees in flat arrays, scored tree by tree over blocks of rows. Most
// trees are scored by ranks (RankForest); in the others several rows are on their way at once, so
// that the loads of one row hide behind those of the others.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "operators/models/FeatureMatrix.h"
#include "operators/models/Instructions.h"
#include "operators/models/forest/CompleteForest.h"
#include "operators/models/forest/ForestDescription.h"
#include "operators/models/forest/ForestKernels.h"
#include "operators/models/forest/FormCosts.h"
#include "operators/models/forest/RankForest.h"

namespace auspex::operators {

/// Immutable; any thread may score at any time.
class Forest {
 public:
  /// Compiles trees that a reader has checked (asserted where it is cheap). instructions: at most
  /// the processor's best.
  explicit Forest(const ForestDescription& description,
                  Instructions instructions = bestInstructions());

  size_t numFeatures() const { return numFeatures_; }
  size_t numOutputs() const { return baseMargins_.size(); }

  /// Writes the margins of all rows, [rows x numOutputs()]. Leaves are added in float32 in the
  /// order of the trees, so a row's sums are the library's, whatever rows stand beside it and
  /// whichever instructions do the work.
  void computeMargins(FeatureMatrix features, std::span<float> margins) const;

 private:
  struct Tree {
    size_t firstNode;
    uint32_t output;
    TreeShape shape;
  };

  void addTree(const TreeDescription& tree);
  TreeShape shapeOf(const TreeDescription& tree) const;
  size_t findMinRankedRows() const;
  /// Deciding all splits of the tree at once is the quickest for so many rows.
  bool isRanked(size_t tree, size_t numRows) const;
  void addTreesRanked(const float* rows, size_t numRows, float* margins,
                      std::span<int8_t> ranks) const;
  void addOneTree(const Tree& tree, const float* rows, size_t numRows, float* margins) const;
  /// Adds all trees to so few rows that looking at every split does not pay.
  void addTreesToFew(const float* rows, size_t numRows, float* margins) const;
  /// Adds the trees of a group of kTreesAtOnce, node by node.
  void addGroupWalking(size_t first, const float* rows, size_t numRows, float* margins) const;

  size_t numFeatures_;
  std::vector<float> baseMargins_;
  std::vector<Tree> trees_;
  std::vector<ForestNode> nodes_;
  std::vector<CategorySet> categorySets_;
  std::vector<uint32_t> categoryWords_;
  RankForest rankForest_;
  CompleteForest completeForest_;
  Instructions instructions_;
  /// With fewer rows in a block, trees are walked; with more, most of them are ranked.
  size_t minRankedRows_;
};

}  // namespace auspex::operators
