// SPDX-License-Identifier: Apache-2.0
// One tree of an XGBoost document: read as the parallel arrays of the file, checked, and turned
// into breadth-first nodes.
#pragma once

#include <cstdint>
#include <vector>

#include "operators/models/forest/DocumentReader.h"
#include "operators/models/forest/ForestDescription.h"

namespace auspex::operators {

/// A tree as it stands in the file.
struct XgboostTree {
  std::vector<int32_t> left;
  std::vector<int32_t> right;
  std::vector<int32_t> parents;
  std::vector<int32_t> features;
  std::vector<float> conditions;
  std::vector<uint8_t> defaultLeft;
  /// Empty in files that do not tell; then contributions cannot be given.
  std::vector<float> covers;
  /// Vector leaves: one row per node of baseWeights (before 3.1), or one per leaf of leafWeights,
  /// whose right child is the row.
  std::vector<float> baseWeights;
  std::vector<float> leafWeights;
  /// Empty in files before 1.3: all splits are numeric.
  std::vector<uint8_t> isCategorical;
  std::vector<int32_t> categories;
  std::vector<int32_t> categoryNodes;
  std::vector<int64_t> categoryOffsets;
  std::vector<int64_t> categoryCounts;
  int64_t numNodes = -1;
  /// Negative where the file does not count them (1.0): then nodes may be unreached.
  int64_t numDeleted = -1;
  int64_t leafVectorSize = 0;
};

/// Reads the tree object that comes next. Throws ModelError.
XgboostTree readXgboostTree(DocumentReader& document);

/// Checks the tree and adds it, with its category sets, to the forest: arrays of equal length,
/// every child in range and reached exactly once with its parent's number, no more nodes unreached
/// than were deleted, features and categories in range, numbers finite, within ForestLimits.
/// weight: what the leaves are multiplied by (DART), else 1. A tree with vector leaves becomes one
/// tree per output. Throws ModelError naming the field.
void addXgboostTree(const XgboostTree& tree, uint32_t output, float weight,
                    ForestDescription& forest, size_t& numCategoryWords);

}  // namespace auspex::operators
