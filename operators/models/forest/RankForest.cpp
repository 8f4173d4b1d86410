// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/RankForest.h"

#include <algorithm>
#include <array>
#include <span>

#include "operators/data/Assert.h"

namespace auspex::operators {
namespace {

constexpr size_t kMaxLeaves = 256;

/// Marks the subtrees of eight leaves, and of four, that have numeric splits alone. Returns how
/// many splits they have.
size_t joinSubtrees(std::span<RankSplit> splits) {
  constexpr std::array<RankSides, kSplitsOfEight> kWhole = {
      RankSides::LeafLeaf, RankSides::LeafLeaf,   RankSides::SplitSplit, RankSides::LeafLeaf,
      RankSides::LeafLeaf, RankSides::SplitSplit, RankSides::SplitSplit};
  const auto isWhole = [&](size_t first, size_t count) {
    if (first + count > splits.size()) {
      return false;
    }
    for (size_t i = 0; i < count; ++i) {
      if (splits[first + i].sides != kWhole[i] || splits[first + i].set != 0) {
        return false;
      }
    }
    return true;
  };
  size_t numJoined = 0;
  for (size_t i = 0; i < splits.size();) {
    const size_t count = isWhole(i, kSplitsOfEight)  ? kSplitsOfEight
                         : isWhole(i, kSplitsOfFour) ? kSplitsOfFour
                                                     : 1;
    if (count > 1) {
      splits[i].sides = count == kSplitsOfFour ? RankSides::FourLeaves : RankSides::EightLeaves;
      numJoined += count;
    }
    i += count;
  }
  return numJoined;
}

/// Splits that stand on the stack at once while the program of the subtree runs.
size_t stackHeight(const TreeDescription& tree, uint32_t place) {
  const TreeNode& node = tree.nodes[place];
  const bool leftIsLeaf = tree.nodes[node.left].isLeaf();
  const bool rightIsLeaf = tree.nodes[node.left + 1].isLeaf();
  const size_t left = leftIsLeaf ? 0 : stackHeight(tree, node.left);
  const size_t right = rightIsLeaf ? 0 : stackHeight(tree, node.left + 1);
  return std::max({size_t{1}, left, right + (leftIsLeaf || rightIsLeaf ? 0 : 1)});
}

}  // namespace

bool RankForest::canBeRanked(const TreeDescription& tree) const {
  // A binary tree of n leaves has 2n - 1 nodes.
  return tree.nodes.size() <= 2 * kMaxLeaves - 1 &&
         std::all_of(
             tree.nodes.begin(), tree.nodes.end(),
             [&](const TreeNode& node) { return node.isLeaf() || ranking_.covers(node); }) &&
         (tree.nodes[0].isLeaf() || stackHeight(tree, 0) <= kRankStackHeight);
}

RankForest::RankForest(const ForestDescription& description) : ranking_(description) {
  size_t numCovered = 0;
  for (const TreeDescription& tree : description.trees) {
    trees_.push_back(canBeRanked(tree) ? compile(tree, description) : Tree{});
    numCovered += trees_.back().numLeaves > 0 ? 1 : 0;
  }
  // To rank a value costs about as much as to walk down one tree.
  isWorthwhile_ = numCovered > ranking_.numFeatures();
}

RankSplit RankForest::makeSplit(const TreeNode& node, const ForestDescription& description) {
  RankSplit split;
  split.column = ranking_.columnOf(node);
  if (node.categorySet != 0) {
    sets_.push_back(makeRankSet(node, description));
    split.set = static_cast<uint32_t>(sets_.size());
  } else {
    split.rank = static_cast<int8_t>(ranking_.rankOf(node) - kRankBias);
  }
  return split;
}

RankForest::Tree RankForest::compile(const TreeDescription& tree,
                                     const ForestDescription& description) {
  Tree compiled;
  compiled.firstSplit = splits_.size();
  compiled.firstLeaf = leaves_.size();
  // Leaves are numbered in the description's order; sides come before their split.
  std::vector<uint8_t> leafNumbers(tree.nodes.size(), 0);
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    if (tree.nodes[i].isLeaf()) {
      leafNumbers[i] = static_cast<uint8_t>(leaves_.size() - compiled.firstLeaf);
      leaves_.push_back(tree.nodes[i].value);
    }
  }
  compiled.numLeaves = leaves_.size() - compiled.firstLeaf;
  // Post-order without recursion: a split is met once to open its sides and once to be written.
  struct Visit {
    uint32_t place;
    bool isOpened;
  };
  std::vector<Visit> visits;
  if (!tree.nodes[0].isLeaf()) {
    visits.push_back({0, false});
  }
  while (!visits.empty()) {
    const Visit visit = visits.back();
    const TreeNode& node = tree.nodes[visit.place];
    const bool leftIsLeaf = tree.nodes[node.left].isLeaf();
    const bool rightIsLeaf = tree.nodes[node.left + 1].isLeaf();
    if (!visit.isOpened) {
      visits.back().isOpened = true;
      if (!rightIsLeaf) {
        visits.push_back({node.left + 1, false});
      }
      if (!leftIsLeaf) {
        visits.push_back({node.left, false});
      }
      continue;
    }
    visits.pop_back();
    RankSplit split = makeSplit(node, description);
    split.leftLeaf = leftIsLeaf ? leafNumbers[node.left] : uint8_t{0};
    split.rightLeaf = rightIsLeaf ? leafNumbers[node.left + 1] : uint8_t{0};
    split.sides = leftIsLeaf ? (rightIsLeaf ? RankSides::LeafLeaf : RankSides::LeafSplit)
                             : (rightIsLeaf ? RankSides::SplitLeaf : RankSides::SplitSplit);
    splits_.push_back(split);
  }
  compiled.numSplits = splits_.size() - compiled.firstSplit;
  compiled.numJoinedSplits = joinSubtrees(std::span(splits_).subspan(compiled.firstSplit));
  return compiled;
}

void RankForest::addTree(size_t tree, const int8_t* ranks, size_t numRows, float* margins,
                         size_t stride, Instructions instructions) const {
  const Tree& compiled = trees_[tree];
  AUSPEX_ASSERT(compiled.numLeaves > 0);
  const float* const leaves = leaves_.data() + compiled.firstLeaf;
  std::array<uint8_t, kRowsPerBlock> reached;
  if (compiled.numSplits == 0) {
    reached.fill(0);
  } else {
    findLeaves({splits_.data() + compiled.firstSplit, compiled.numSplits, sets_.data()}, ranks,
               numRows, reached.data(), instructions);
  }
  if (stride == 1) {
    addLeaves(leaves, compiled.numLeaves, reached.data(), numRows, margins, instructions);
    return;
  }
  for (size_t row = 0; row < numRows; ++row) {
    margins[row * stride] += leaves[reached[row]];
  }
}

}  // namespace auspex::operators
