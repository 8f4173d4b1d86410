// SPDX-License-Identifier: Apache-2.0
// What it costs to score a block of rows with a tree in each of its forms, so that the forest can
// take the cheapest. Estimates; every form gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "operators/models/Instructions.h"

namespace auspex::operators {

/// What a tree's costs depend on.
struct TreeShape {
  size_t numSplits = 0;
  size_t numCategoricalSplits = 0;
  size_t numJoinedSplits = 0;  ///< that a program decides several at once
  uint32_t depth = 0;
  bool isComplete = false;  ///< CompleteForest has it

  bool hasCategories() const { return numCategoricalSplits > 0; }
};

/// Of deciding all splits of the tree at once, by ranks (RankForest).
double programCost(const TreeShape& tree, size_t numRows, Instructions instructions);

/// Of walking down from node to node (ForestKernels).
double nodeWalkCost(const TreeShape& tree, size_t numRows);

/// Of walking down in the form that the tree has for few rows: a complete one if it can.
double fewRowsCost(const TreeShape& tree, size_t numRows);

}  // namespace auspex::operators
