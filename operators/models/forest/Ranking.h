// SPDX-License-Identifier: Apache-2.0
// What trees that are scored by ranks share: where each feature's ranks stand and how values become
// ranks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "operators/models/Instructions.h"
#include "operators/models/forest/ForestDescription.h"
#include "operators/models/forest/RankKernels.h"

namespace auspex::operators {

/// The thresholds of a forest's features, and a column of bytes or two for each. Immutable; any
/// thread.
///
/// With thresholds t[0] < t[1] < ..., a value's rank is the number of them that it reaches, so that
/// value >= t[k] is rank > k, to the bit. A missing value ranks lowest, or highest in a second
/// column of the feature for the splits that send it right. A category has two columns: the place
/// of its byte in a RankSet, and its bit.
class Ranking {
 public:
  /// Features with more than 255 thresholds, or with categories above kMaxRankCategory, get no
  /// ranks.
  explicit Ranking(const ForestDescription& description);

  size_t numColumns() const { return numColumns_; }
  size_t numFeatures() const { return features_.size() + categoricalFeatures_.size(); }
  bool hasCategories() const { return !categoricalFeatures_.empty(); }
  /// The split's feature has ranks.
  bool covers(const TreeNode& split) const;
  /// The column that a split that is covered asks; of a categorical one the first of the two.
  uint32_t columnOf(const TreeNode& split) const;
  /// Rows whose rank is greater go right; for a numeric split that is covered.
  uint8_t rankOf(const TreeNode& split) const;

  /// Ranks [numRows x numFeatures] values, numRows <= kRowsPerBlock, into columns of kRowsPerBlock
  /// each, less kRankBias.
  void rankBlock(const float* rows, size_t numRows, size_t numFeatures, int8_t* ranks,
                 Instructions instructions) const;
  /// Ranks one row into numColumns() bytes. What they are compared with is rankOf, and the number
  /// of the category.
  void rankRow(const float* row, uint8_t* ranks) const;

 private:
  static constexpr uint32_t kNoPlace = UINT32_MAX;

  struct Feature {
    uint32_t feature = 0;
    std::vector<float> thresholds;  ///< as countReached has them
    uint32_t numLevels = 0;
    uint32_t lowColumn = 0;
    uint32_t highColumn = 0;  ///< the low one when no split sends missing values right
  };

  void collectThresholds(const ForestDescription& description);
  void collectCategories(const ForestDescription& description);

  std::vector<Feature> features_;
  /// Per categorical feature its place in a row and its first column.
  std::vector<std::pair<uint32_t, uint32_t>> categoricalFeatures_;
  /// Per feature of the rows its place in features_, and its first column of categories; kNoPlace
  /// where no split asks for it, or too much.
  std::vector<uint32_t> numericPlaces_;
  std::vector<uint32_t> categoricalColumns_;
  size_t numColumns_ = 0;
};

/// The set of a categorical split: what goes right, missing values included.
RankSet makeRankSet(const TreeNode& split, const ForestDescription& description);

}  // namespace auspex::operators
