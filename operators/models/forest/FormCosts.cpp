// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/FormCosts.h"

#include "operators/models/forest/RankKernels.h"

namespace auspex::operators {
namespace {

// Nanoseconds on an AMD EPYC (Zen 3), where they were measured; only their ratios matter.

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

}  // namespace

double programCost(const TreeShape& tree, size_t numRows, Instructions instructions) {
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

double nodeWalkCost(const TreeShape& tree, size_t numRows) {
  return static_cast<double>(numRows) * tree.depth *
         (tree.hasCategories() ? kMixedNodeStep : kNodeStep);
}

double fewRowsCost(const TreeShape& tree, size_t numRows) {
  if (!tree.isComplete) {
    return nodeWalkCost(tree, numRows);
  }
  return static_cast<double>(numRows) * tree.depth *
         (tree.hasCategories() ? kMixedCompleteStep : kCompleteStep);
}

}  // namespace auspex::operators
