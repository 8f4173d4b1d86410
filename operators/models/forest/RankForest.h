// SPDX-License-Identifier: Apache-2.0
// The fast form of trees with few leaves: every value of a block of rows is ranked once among the
// thresholds of its feature, and then all splits of a tree are decided for many rows at a time by
// comparing bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "operators/models/forest/ForestDescription.h"
#include "operators/models/forest/RankKernels.h"

namespace auspex::operators {

/// Holds the trees of a forest that can be scored by ranks: at most 256 leaves, no feature with
/// more than 255 different thresholds, and no category above kMaxRankCategory. Immutable; any
/// thread.
///
/// With thresholds t[0] < t[1] < ..., a value's rank is the number of them that it reaches, so that
/// value >= t[k] is rank > k, to the bit. A missing value ranks lowest, or highest in a second
/// column of the feature for the splits that send it right.
class RankForest {
 public:
  explicit RankForest(const ForestDescription& description);

  /// Ranking costs more than it gains with few trees or few rows, and this forest has enough.
  bool isWorthwhile() const { return isWorthwhile_; }
  /// The least rows that pay for ranking them.
  size_t minRows() const { return categoricalFeatures_.empty() ? kMinRows : kMinMixedRows; }
  /// The tree has this form, and so many rows pay for looking at all of its splits.
  bool takes(size_t tree, size_t numRows) const {
    const Tree& form = trees_[tree];
    const bool isEnough = form.hasCategories
                              ? form.numSplits <= numRows * kMixedSplitsPerRow
                              : numRows >= kMinRows && form.numSplits <= numRows * kSplitsPerRow;
    return form.numLeaves > 0 && isEnough;
  }

  /// Bytes that rank() fills.
  size_t numRankBytes() const { return numColumns_ * kRowsPerBlock; }
  /// Ranks [numRows x numFeatures] values, numRows <= kRowsPerBlock.
  void rank(const float* rows, size_t numRows, size_t numFeatures, int8_t* ranks,
            Instructions instructions) const;
  /// Adds to margins[row * stride] the leaf that each ranked row reaches in a tree that has this
  /// form.
  void addTree(size_t tree, const int8_t* ranks, size_t numRows, float* margins, size_t stride,
               Instructions instructions) const;

 private:
  /// Measured: with more splits than this, walking down is quicker.
  static constexpr size_t kSplitsPerRow = 3;
  static constexpr size_t kMinRows = 24;
  /// Categorical splits cost a walk more, so their trees are ranked earlier.
  static constexpr size_t kMixedSplitsPerRow = 8;
  static constexpr size_t kMinMixedRows = 12;

  struct Feature {
    uint32_t feature = 0;
    std::vector<float> thresholds;  ///< ascending, then NaN up to 2^numLevels - 1
    uint32_t numLevels = 0;
    uint32_t lowColumn = 0;
    uint32_t highColumn = 0;  ///< the low one when no split sends missing values right
  };
  struct Tree {
    size_t firstSplit = 0;
    size_t numSplits = 0;
    size_t firstLeaf = 0;
    size_t numLeaves = 0;  ///< 0: not covered
    bool hasCategories = false;
  };

  /// Where what splits on a feature ask stands; kNoPlace where they ask nothing, or too much.
  struct Places {
    std::vector<uint32_t> numeric;      ///< in features_
    std::vector<uint32_t> categorical;  ///< the first of the feature's two columns
  };

  void collectThresholds(const ForestDescription& description, Places& places);
  void collectCategories(const ForestDescription& description, Places& places);
  static bool canBeRanked(const TreeDescription& tree, const Places& places);
  Tree compile(const TreeDescription& tree, const ForestDescription& description,
               const Places& places);
  RankSplit makeSplit(const TreeNode& node, const ForestDescription& description,
                      const Places& places);

  std::vector<Feature> features_;
  /// Per categorical feature its place in a row and its first column.
  std::vector<std::pair<uint32_t, uint32_t>> categoricalFeatures_;
  std::vector<RankSet> sets_;
  std::vector<Tree> trees_;
  std::vector<RankSplit> splits_;
  std::vector<float> leaves_;
  size_t numColumns_ = 0;
  bool isWorthwhile_ = false;
};

}  // namespace auspex::operators
