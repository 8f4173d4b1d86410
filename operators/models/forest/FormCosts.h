// SPDX-License-Identifier: Apache-2.0
// What it costs to score a block of rows with a tree in each of its forms, so that the forest can
// take the cheapest. Estimates; every form gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "operators/models/Instructions.h"
#include "operators/models/forest/RankKernels.h"

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

/// Nanoseconds on an AMD EPYC (Zen 3), where they were measured; only their ratios matter.
namespace formCosts {
/// Of a program: for each split that is joined and each other one, whose kind is rarely foreseen;
/// for each register of a split's ranks; for each categorical split, and for each 16 rows of it.
struct Program {
  double joined;
  double turn;
  double vector;
  double categoryTurn;
  double categoryTable;
};
constexpr Program kProgram = {1.0, 6, 0.7, 4, 2.5};
/// Without an instruction that looks up 16 bytes.
constexpr Program kPortableProgram = {1.5, 6, 0.85, 4, 15};
constexpr double kNodeStep = 2.0;  ///< of a walk from node to node
constexpr double kMixedNodeStep = 4.5;
constexpr double kCompleteStep = 0.95;  ///< of a walk through a complete tree
constexpr double kMixedCompleteStep = 1.6;
}  // namespace formCosts

/// Of deciding all splits of the tree, by ranks.
inline double programCost(const TreeShape& tree, size_t numRows, Instructions instructions) {
  using namespace formCosts;
  const size_t lanes = lanesOf(instructions);
  const auto numVectors = static_cast<double>((numRows + lanes - 1) / lanes);
  const auto numTables = static_cast<double>((numRows + kTableLanes - 1) / kTableLanes);
  const Program& cost = instructions == Instructions::Portable ? kPortableProgram : kProgram;
  return static_cast<double>(tree.numJoinedSplits) * cost.joined +
         static_cast<double>(tree.numSplits - tree.numJoinedSplits) * cost.turn +
         static_cast<double>(tree.numSplits) * cost.vector * numVectors +
         static_cast<double>(tree.numCategoricalSplits) *
             (cost.categoryTurn + cost.categoryTable * numTables);
}

/// Of walking down from node to node.
inline double nodeWalkCost(const TreeShape& tree, size_t numRows) {
  using namespace formCosts;
  return static_cast<double>(numRows) * tree.depth *
         (tree.hasCategories() ? kMixedNodeStep : kNodeStep);
}

/// Of walking down in the form that the tree has for few rows.
inline double walkCost(const TreeShape& tree, size_t numRows) {
  using namespace formCosts;
  if (!tree.isComplete) {
    return nodeWalkCost(tree, numRows);
  }
  return static_cast<double>(numRows) * tree.depth *
         (tree.hasCategories() ? kMixedCompleteStep : kCompleteStep);
}

}  // namespace auspex::operators
