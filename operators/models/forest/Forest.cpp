// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/Forest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "operators/data/Assert.h"

namespace auspex::operators {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
/// Ranks of few rows up to so many bytes stand on the stack.
constexpr size_t kStackRanks = 4096;
static_assert(kTreesAtOnce == CompleteForest::kTreesOfGroup);

/// A split as a ForestNode whose `first` child is where missing values go.
ForestNode compileSplit(const TreeNode& node) {
  ForestNode compiled{};
  compiled.featureBits = node.feature;
  compiled.first = node.left;
  if (!node.defaultLeft) {
    compiled.featureBits |= kFlipBit;
  }
  if (node.categorySet != 0) {
    compiled.featureBits |= kCategoricalBit;
    compiled.leafValue = std::bit_cast<float>(node.categorySet - 1);
  } else if (node.defaultLeft) {
    compiled.threshold = node.value;
  } else {
    // value < t is the same as -value >= the next float above -t.
    compiled.threshold = std::nextafter(-node.value, kInfinity);
  }
  return compiled;
}

}  // namespace

Forest::Forest(const ForestDescription& description, Instructions instructions)
    : numFeatures_(description.numFeatures),
      baseMargins_(description.baseMargins),
      rankForest_(description),
      completeForest_(description, rankForest_.ranking()),
      instructions_(instructions),
      minRankedRows_(0) {
  AUSPEX_ASSERT(instructions <= bestInstructions());
  AUSPEX_ASSERT(!baseMargins_.empty());
  AUSPEX_ASSERT(numFeatures_ <= kFeatureMask);
  for (const std::vector<uint32_t>& words : description.categorySets) {
    categorySets_.push_back(
        {static_cast<uint32_t>(categoryWords_.size()), static_cast<uint32_t>(words.size())});
    categoryWords_.insert(categoryWords_.end(), words.begin(), words.end());
  }
  categoryWords_.push_back(0);  // what an empty set at the end may look at
  size_t numNodes = 0;
  for (const TreeDescription& tree : description.trees) {
    numNodes += tree.nodes.size();
  }
  nodes_.reserve(numNodes);
  trees_.reserve(description.trees.size());
  for (const TreeDescription& tree : description.trees) {
    addTree(tree);
  }
  // A gather reads a row's value by a 32-bit offset within its vector of rows.
  if (numFeatures_ * kRowsPerBlock > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    instructions_ = Instructions::Portable;
  }
  minRankedRows_ = findMinRankedRows();
}

void Forest::addTree(const TreeDescription& tree) {
  const size_t numNodes = tree.nodes.size();
  AUSPEX_ASSERT(numNodes > 0);
  AUSPEX_ASSERT(tree.output < baseMargins_.size());
  const size_t root = nodes_.size();
  nodes_.resize(root + numNodes);
  // Where each node of the description goes: children that are swapped trade places.
  std::vector<uint32_t> places(numNodes, 0);
  for (size_t i = 0; i < numNodes; ++i) {
    const TreeNode& node = tree.nodes[i];
    ForestNode& target = nodes_[root + places[i]];
    if (node.left == 0) {
      target = {std::numeric_limits<float>::quiet_NaN(), 0, places[i], node.value};
      continue;
    }
    AUSPEX_ASSERT(node.left > i);
    AUSPEX_ASSERT(node.left + size_t{1} < numNodes);
    AUSPEX_ASSERT(node.feature < numFeatures_);
    target = compileSplit(node);
    places[node.left] = node.left + (node.defaultLeft ? 0U : 1U);
    places[node.left + 1] = node.left + (node.defaultLeft ? 1U : 0U);
  }
  trees_.push_back({root, tree.output, shapeOf(tree)});
}

TreeShape Forest::shapeOf(const TreeDescription& tree) const {
  TreeShape shape;
  shape.depth = tree.depth;
  shape.numJoinedSplits = rankForest_.numJoinedSplits(trees_.size());
  shape.isComplete =
      rankForest_.isWorthwhile() && completeForest_.has(trees_.size() / kTreesAtOnce);
  for (const TreeNode& node : tree.nodes) {
    shape.numSplits += node.left != 0 ? 1 : 0;
    shape.numCategoricalSplits += node.categorySet != 0 ? 1 : 0;
  }
  return shape;
}

bool Forest::isRanked(size_t tree, size_t numRows) const {
  const TreeShape& shape = trees_[tree].shape;
  return rankForest_.covers(tree) &&
         programCost(shape, numRows, instructions_) <= nodeWalkCost(shape, numRows);
}

size_t Forest::findMinRankedRows() const {
  size_t numRows = rankForest_.isWorthwhile() ? 1 : kRowsPerBlock + 1;
  for (; numRows <= kRowsPerBlock; ++numRows) {
    double ranked = 0;
    double walked = 0;
    for (size_t i = 0; i < trees_.size(); ++i) {
      const TreeShape& shape = trees_[i].shape;
      walked += fewRowsCost(shape, numRows);
      ranked += isRanked(i, numRows) ? programCost(shape, numRows, instructions_)
                                     : nodeWalkCost(shape, numRows);
    }
    if (ranked < walked) {
      break;
    }
  }
  return numRows;
}

void Forest::addOneTree(const Tree& tree, const float* rows, size_t numRows, float* margins) const {
  const ForestTreeView view{nodes_.data() + tree.firstNode,
                            tree.shape.depth,
                            {categorySets_.data(), categoryWords_.data()}};
  float* out = margins + tree.output;
  if (tree.shape.hasCategories()) {
    addTreeWithCategories(view, rows, numRows, numFeatures_, out, numOutputs());
  } else {
    addNumericTree(view, rows, numRows, numFeatures_, out, numOutputs());
  }
}

void Forest::addTreesRanked(const float* rows, size_t numRows, float* margins,
                            std::span<int8_t> ranks) const {
  rankForest_.ranking().rankBlock(rows, numRows, numFeatures_, ranks.data(), instructions_);
  for (size_t i = 0; i < trees_.size(); ++i) {
    if (isRanked(i, numRows)) {
      rankForest_.addTree(i, ranks.data(), numRows, margins + trees_[i].output, numOutputs(),
                          instructions_);
    } else {
      addOneTree(trees_[i], rows, numRows, margins);
    }
  }
}

void Forest::addTreesToFew(const float* rows, size_t numRows, float* margins) const {
  std::array<uint8_t, kStackRanks> small;
  std::vector<uint8_t> large;
  const size_t rowBytes = rankForest_.isWorthwhile() ? completeForest_.numRowBytes() : 0;
  if (rowBytes * numRows > small.size()) {
    large.resize(rowBytes * numRows);
  }
  uint8_t* const ranks = large.empty() ? small.data() : large.data();
  for (size_t row = 0; rowBytes > 0 && row < numRows; ++row) {
    rankForest_.ranking().rankRow(rows + row * numFeatures_, ranks + row * rowBytes);
  }
  for (size_t first = 0; first < trees_.size(); first += kTreesAtOnce) {
    const size_t group = first / kTreesAtOnce;
    if (rowBytes == 0 || !completeForest_.has(group)) {
      addGroupWalking(first, rows, numRows, margins);
      continue;
    }
    for (size_t row = 0; row < numRows; ++row) {
      completeForest_.addGroup(group, ranks + row * rowBytes, margins + row * numOutputs());
    }
  }
}

void Forest::addGroupWalking(size_t first, const float* rows, size_t numRows,
                             float* margins) const {
  const std::span<const Tree> trees =
      std::span(trees_).subspan(first, std::min(kTreesAtOnce, trees_.size() - first));
  // The last few rows are too few to hide each other's loads, so for them trees go side by side.
  const bool isWhole = trees.size() == kTreesAtOnce;
  const size_t numTogether = isWhole ? numRows - numRows % kRowsAtOnce : numRows;
  uint32_t depth = 0;
  bool hasCategories = false;
  std::array<const ForestNode*, kTreesAtOnce> nodes{};
  for (size_t i = 0; i < trees.size(); ++i) {
    if (numTogether > 0) {
      addOneTree(trees[i], rows, numTogether, margins);
    }
    nodes[i] = nodes_.data() + trees[i].firstNode;
    depth = std::max(depth, trees[i].shape.depth);
    hasCategories = hasCategories || trees[i].shape.hasCategories();
  }
  const CategoryTables tables{categorySets_.data(), categoryWords_.data()};
  for (size_t row = numTogether; row < numRows; ++row) {
    std::array<float, kTreesAtOnce> leaves{};
    readLeaves(nodes, depth, hasCategories ? &tables : nullptr, rows + row * numFeatures_, leaves);
    for (size_t i = 0; i < kTreesAtOnce; ++i) {
      margins[row * numOutputs() + trees[i].output] += leaves[i];
    }
  }
}

void Forest::computeMargins(FeatureMatrix features, std::span<float> margins) const {
  AUSPEX_ASSERT(features.features == numFeatures_);
  AUSPEX_ASSERT(margins.size() == features.rows * numOutputs());
  for (size_t row = 0; row < features.rows; ++row) {
    std::copy(baseMargins_.begin(), baseMargins_.end(), margins.data() + row * numOutputs());
  }
  std::vector<int8_t> ranks;
  if (features.rows >= minRankedRows_) {
    ranks.resize(rankForest_.ranking().numColumns() * kRowsPerBlock);
  }
  for (size_t start = 0; start < features.rows; start += kRowsPerBlock) {
    const size_t numRows = std::min(kRowsPerBlock, features.rows - start);
    const float* const rows = features.values + start * numFeatures_;
    float* const out = margins.data() + start * numOutputs();
    if (numRows >= minRankedRows_) {
      addTreesRanked(rows, numRows, out, ranks);
    } else {
      addTreesToFew(rows, numRows, out);
    }
  }
}

}  // namespace auspex::operators
