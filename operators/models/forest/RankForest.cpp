// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/RankForest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <span>

#include "operators/data/Assert.h"

namespace auspex::operators {
namespace {

constexpr size_t kMaxThresholds = 255;
constexpr size_t kMaxLeaves = 256;
constexpr uint32_t kNoPlace = std::numeric_limits<uint32_t>::max();

bool isLeaf(const TreeNode& node) {
  return node.left == 0;
}

/// Marks the subtrees of eight leaves, and of four, that have numeric splits alone.
void joinSubtrees(std::span<RankSplit> splits) {
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
  for (size_t i = 0; i < splits.size(); ++i) {
    if (isWhole(i, kSplitsOfEight)) {
      splits[i].sides = RankSides::EightLeaves;
      i += kSplitsOfEight - 1;
    } else if (isWhole(i, kSplitsOfFour)) {
      splits[i].sides = RankSides::FourLeaves;
      i += kSplitsOfFour - 1;
    }
  }
}

/// Splits that stand on the stack at once while the program of the subtree runs.
size_t stackHeight(const TreeDescription& tree, uint32_t place) {
  const TreeNode& node = tree.nodes[place];
  const bool leftIsLeaf = isLeaf(tree.nodes[node.left]);
  const bool rightIsLeaf = isLeaf(tree.nodes[node.left + 1]);
  const size_t left = leftIsLeaf ? 0 : stackHeight(tree, node.left);
  const size_t right = rightIsLeaf ? 0 : stackHeight(tree, node.left + 1);
  return std::max({size_t{1}, left, right + (leftIsLeaf || rightIsLeaf ? 0 : 1)});
}

}  // namespace

bool RankForest::canBeRanked(const TreeDescription& tree, const Places& places) {
  const auto isSound = [&](const TreeNode& node) {
    if (isLeaf(node)) {
      return true;
    }
    return node.categorySet != 0
               ? places.categorical[node.feature] != kNoPlace
               : !std::isnan(node.value) && places.numeric[node.feature] != kNoPlace;
  };
  // A binary tree of n leaves has 2n - 1 nodes.
  return tree.nodes.size() <= 2 * kMaxLeaves - 1 &&
         std::all_of(tree.nodes.begin(), tree.nodes.end(), isSound) &&
         (isLeaf(tree.nodes[0]) || stackHeight(tree, 0) <= kRankStackHeight);
}

RankForest::RankForest(const ForestDescription& description) {
  Places places;
  collectThresholds(description, places);
  collectCategories(description, places);
  size_t numCovered = 0;
  for (const TreeDescription& tree : description.trees) {
    trees_.push_back(canBeRanked(tree, places) ? compile(tree, description, places) : Tree{});
    numCovered += trees_.back().numLeaves > 0 ? 1 : 0;
  }
  // To rank a value costs about as much as to walk down one tree.
  isWorthwhile_ = numCovered > features_.size() + categoricalFeatures_.size();
}

/// Gives two columns to each feature that categorical splits ask for, unless a category is too
/// large.
void RankForest::collectCategories(const ForestDescription& description, Places& places) {
  std::vector<uint8_t> isAsked(description.numFeatures, 0);
  std::vector<uint8_t> isTooLarge(description.numFeatures, 0);
  for (const TreeDescription& tree : description.trees) {
    for (const TreeNode& node : tree.nodes) {
      if (isLeaf(node) || node.categorySet == 0) {
        continue;
      }
      const std::vector<uint32_t>& words = description.categorySets[node.categorySet - 1];
      const bool fits = words.size() < 4 || (words.size() == 4 && words[3] >> 30U == 0);
      isAsked[node.feature] = 1;
      isTooLarge[node.feature] |= fits ? 0 : 1;
    }
  }
  places.categorical.assign(description.numFeatures, kNoPlace);
  for (uint32_t feature = 0; feature < description.numFeatures; ++feature) {
    if (isAsked[feature] != 0 && isTooLarge[feature] == 0) {
      places.categorical[feature] = static_cast<uint32_t>(numColumns_);
      categoricalFeatures_.emplace_back(feature, static_cast<uint32_t>(numColumns_));
      numColumns_ += 2;
    }
  }
}

/// Makes a Feature of each that numeric splits ask for, unless it has too many thresholds.
void RankForest::collectThresholds(const ForestDescription& description, Places& places) {
  std::vector<std::vector<float>> thresholds(description.numFeatures);
  std::vector<bool> sendsMissingRight(description.numFeatures, false);
  for (const TreeDescription& tree : description.trees) {
    for (size_t i = 0; i < tree.nodes.size(); ++i) {
      const TreeNode& node = tree.nodes[i];
      if (isLeaf(node)) {
        continue;
      }
      AUSPEX_ASSERT(node.left > i);
      AUSPEX_ASSERT(node.left + size_t{1} < tree.nodes.size());
      AUSPEX_ASSERT(node.feature < description.numFeatures);
      if (node.categorySet == 0 && !std::isnan(node.value)) {
        thresholds[node.feature].push_back(node.value);
        sendsMissingRight[node.feature] = sendsMissingRight[node.feature] || !node.defaultLeft;
      }
    }
  }
  places.numeric.assign(description.numFeatures, kNoPlace);
  for (uint32_t i = 0; i < description.numFeatures; ++i) {
    std::vector<float>& sorted = thresholds[i];
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    if (sorted.empty() || sorted.size() > kMaxThresholds) {
      continue;
    }
    places.numeric[i] = static_cast<uint32_t>(features_.size());
    Feature feature;
    feature.feature = i;
    feature.numLevels = static_cast<uint32_t>(std::bit_width(sorted.size()));
    sorted.resize((size_t{1} << feature.numLevels) - 1, std::numeric_limits<float>::quiet_NaN());
    feature.thresholds = std::move(sorted);
    feature.lowColumn = static_cast<uint32_t>(numColumns_++);
    feature.highColumn =
        sendsMissingRight[i] ? static_cast<uint32_t>(numColumns_++) : feature.lowColumn;
    features_.push_back(std::move(feature));
  }
}

RankSplit RankForest::makeSplit(const TreeNode& node, const ForestDescription& description,
                                const Places& places) {
  RankSplit split;
  if (node.categorySet != 0) {
    RankSet set;
    const std::vector<uint32_t>& words = description.categorySets[node.categorySet - 1];
    for (size_t byte = 0; byte < set.bytes.size() && byte / 4 < words.size(); ++byte) {
      set.bytes[byte] = static_cast<uint8_t>(words[byte / 4] >> (8 * (byte % 4)));
    }
    if (!node.defaultLeft) {
      set.bytes[kMissingCategory / 8] |= static_cast<uint8_t>(1U << (kMissingCategory % 8));
    }
    sets_.push_back(set);
    split.set = static_cast<uint32_t>(sets_.size());
    split.column = places.categorical[node.feature];
    return split;
  }
  const Feature& feature = features_[places.numeric[node.feature]];
  const auto isBelow = [](float threshold, float value) { return threshold < value; };
  const auto found =
      std::lower_bound(feature.thresholds.begin(), feature.thresholds.end(), node.value, isBelow);
  AUSPEX_ASSERT(found != feature.thresholds.end());
  split.column = node.defaultLeft ? feature.lowColumn : feature.highColumn;
  split.rank =
      static_cast<int8_t>(static_cast<int>(found - feature.thresholds.begin()) - kRankBias);
  return split;
}

RankForest::Tree RankForest::compile(const TreeDescription& tree,
                                     const ForestDescription& description, const Places& places) {
  Tree compiled;
  compiled.firstSplit = splits_.size();
  compiled.firstLeaf = leaves_.size();
  // Leaves are numbered in the description's order; sides come before their split.
  std::vector<uint8_t> leafNumbers(tree.nodes.size(), 0);
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    if (isLeaf(tree.nodes[i])) {
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
  if (!isLeaf(tree.nodes[0])) {
    visits.push_back({0, false});
  }
  while (!visits.empty()) {
    const Visit visit = visits.back();
    const TreeNode& node = tree.nodes[visit.place];
    const bool leftIsLeaf = isLeaf(tree.nodes[node.left]);
    const bool rightIsLeaf = isLeaf(tree.nodes[node.left + 1]);
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
    RankSplit split = makeSplit(node, description, places);
    compiled.hasCategories = compiled.hasCategories || split.set != 0;
    split.leftLeaf = leftIsLeaf ? leafNumbers[node.left] : uint8_t{0};
    split.rightLeaf = rightIsLeaf ? leafNumbers[node.left + 1] : uint8_t{0};
    split.sides = leftIsLeaf ? (rightIsLeaf ? RankSides::LeafLeaf : RankSides::LeafSplit)
                             : (rightIsLeaf ? RankSides::SplitLeaf : RankSides::SplitSplit);
    splits_.push_back(split);
  }
  compiled.numSplits = splits_.size() - compiled.firstSplit;
  joinSubtrees(std::span(splits_).subspan(compiled.firstSplit));
  return compiled;
}

void RankForest::rank(const float* rows, size_t numRows, size_t numFeatures, int8_t* ranks,
                      Instructions instructions) const {
  AUSPEX_ASSERT(numRows <= kRowsPerBlock);
  for (const Feature& feature : features_) {
    const float* const values = rows + feature.feature;
    int8_t* const low = ranks + size_t{feature.lowColumn} * kRowsPerBlock;
    rankValues(values, numRows, numFeatures, feature.thresholds.data(), feature.numLevels, low,
               instructions);
    if (feature.highColumn == feature.lowColumn) {
      continue;
    }
    int8_t* const high = ranks + size_t{feature.highColumn} * kRowsPerBlock;
    for (size_t row = 0; row < numRows; ++row) {
      high[row] = std::isnan(values[row * numFeatures]) ? int8_t{127} : low[row];
    }
  }
  for (const auto& [feature, column] : categoricalFeatures_) {
    int8_t* const bytes = ranks + size_t{column} * kRowsPerBlock;
    placeCategories(rows + feature, numRows, numFeatures, bytes, bytes + kRowsPerBlock);
  }
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
