// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/Ranking.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "operators/data/Assert.h"

namespace auspex::operators {
namespace {

constexpr size_t kMaxThresholds = 255;
/// Of a missing value that goes right.
constexpr uint8_t kHighestRank = 255;

/// Keeps the thresholds ascending and different. One too many is enough to know.
void insertThreshold(float threshold, std::vector<float>& ascending) {
  const auto place = std::lower_bound(ascending.begin(), ascending.end(), threshold);
  const bool isNew = place == ascending.end() || *place != threshold;
  if (isNew && ascending.size() <= kMaxThresholds) {
    ascending.insert(place, threshold);
  }
}

/// Thresholds as countReached wants them, with NaN at the end of the ascending ones.
std::vector<float> arrangeForSearch(const std::vector<float>& ascending, uint32_t numLevels) {
  std::vector<float> searched(size_t{1} << numLevels, std::numeric_limits<float>::quiet_NaN());
  size_t place = 1;
  for (uint32_t level = 0; level < numLevels; ++level) {
    const size_t step = size_t{1} << (numLevels - level);
    for (size_t middle = step / 2 - 1; middle + 1 < searched.size(); middle += step) {
      searched[place] = middle < ascending.size() ? ascending[middle] : searched[place];
      ++place;
    }
  }
  return searched;
}

}  // namespace

Ranking::Ranking(const ForestDescription& description) {
  collectThresholds(description);
  collectCategories(description);
}

/// Makes a Feature of each that numeric splits ask for, unless it has too many thresholds.
void Ranking::collectThresholds(const ForestDescription& description) {
  std::vector<std::vector<float>> thresholds(description.numFeatures);
  std::vector<bool> sendsMissingRight(description.numFeatures, false);
  for (const TreeDescription& tree : description.trees) {
    for (size_t i = 0; i < tree.nodes.size(); ++i) {
      const TreeNode& node = tree.nodes[i];
      if (node.isLeaf()) {
        continue;
      }
      AUSPEX_ASSERT(node.left > i);
      AUSPEX_ASSERT(node.left + size_t{1} < tree.nodes.size());
      AUSPEX_ASSERT(node.feature < description.numFeatures);
      if (node.categorySet == 0 && !std::isnan(node.value)) {
        insertThreshold(node.value, thresholds[node.feature]);
        sendsMissingRight[node.feature] = sendsMissingRight[node.feature] || !node.defaultLeft;
      }
    }
  }
  numericPlaces_.assign(description.numFeatures, kNoPlace);
  for (uint32_t i = 0; i < description.numFeatures; ++i) {
    const std::vector<float>& sorted = thresholds[i];
    if (sorted.empty() || sorted.size() > kMaxThresholds) {
      continue;
    }
    numericPlaces_[i] = static_cast<uint32_t>(features_.size());
    Feature feature;
    feature.feature = i;
    feature.numLevels = static_cast<uint32_t>(std::bit_width(sorted.size()));
    feature.thresholds = arrangeForSearch(sorted, feature.numLevels);
    feature.lowColumn = static_cast<uint32_t>(numColumns_++);
    feature.highColumn =
        sendsMissingRight[i] ? static_cast<uint32_t>(numColumns_++) : feature.lowColumn;
    features_.push_back(std::move(feature));
  }
}

/// Gives two columns to each feature that categorical splits ask for, unless a category is too
/// large.
void Ranking::collectCategories(const ForestDescription& description) {
  std::vector<uint8_t> isAsked(description.numFeatures, 0);
  std::vector<uint8_t> isTooLarge(description.numFeatures, 0);
  for (const TreeDescription& tree : description.trees) {
    for (const TreeNode& node : tree.nodes) {
      if (node.isLeaf() || node.categorySet == 0) {
        continue;
      }
      const std::vector<uint32_t>& words = description.categorySets[node.categorySet - 1];
      const bool fits = words.size() < 4 || (words.size() == 4 && words[3] >> 30U == 0);
      isAsked[node.feature] = 1;
      isTooLarge[node.feature] |= fits ? 0 : 1;
    }
  }
  categoricalColumns_.assign(description.numFeatures, kNoPlace);
  for (uint32_t feature = 0; feature < description.numFeatures; ++feature) {
    if (isAsked[feature] != 0 && isTooLarge[feature] == 0) {
      categoricalColumns_[feature] = static_cast<uint32_t>(numColumns_);
      categoricalFeatures_.emplace_back(feature, static_cast<uint32_t>(numColumns_));
      numColumns_ += 2;
    }
  }
}

bool Ranking::covers(const TreeNode& split) const {
  return split.categorySet != 0
             ? categoricalColumns_[split.feature] != kNoPlace
             : !std::isnan(split.value) && numericPlaces_[split.feature] != kNoPlace;
}

uint32_t Ranking::columnOf(const TreeNode& split) const {
  AUSPEX_ASSERT(covers(split));
  if (split.categorySet != 0) {
    return categoricalColumns_[split.feature];
  }
  const Feature& feature = features_[numericPlaces_[split.feature]];
  return split.defaultLeft ? feature.lowColumn : feature.highColumn;
}

uint8_t Ranking::rankOf(const TreeNode& split) const {
  AUSPEX_ASSERT(split.categorySet == 0);
  const Feature& feature = features_[numericPlaces_[split.feature]];
  const uint32_t numReached =
      countReached(split.value, feature.thresholds.data(), feature.numLevels);
  AUSPEX_ASSERT(numReached > 0);
  return static_cast<uint8_t>(numReached - 1);
}

void Ranking::rankBlock(const float* rows, size_t numRows, size_t numFeatures, int8_t* ranks,
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

void Ranking::rankRow(const float* row, uint8_t* ranks) const {
  for (const Feature& feature : features_) {
    const float value = row[feature.feature];
    const uint32_t rank = countReached(value, feature.thresholds.data(), feature.numLevels);
    ranks[feature.highColumn] = value != value ? kHighestRank : static_cast<uint8_t>(rank);
    ranks[feature.lowColumn] = static_cast<uint8_t>(rank);
  }
  for (const auto& [feature, column] : categoricalFeatures_) {
    ranks[column] = static_cast<uint8_t>(rankCategory(row[feature]));
  }
}

RankSet makeRankSet(const TreeNode& split, const ForestDescription& description) {
  RankSet set;
  const std::vector<uint32_t>& words = description.categorySets[split.categorySet - 1];
  for (size_t byte = 0; byte < set.bytes.size() && byte / 4 < words.size(); ++byte) {
    set.bytes[byte] = static_cast<uint8_t>(words[byte / 4] >> (8 * (byte % 4)));
  }
  if (!split.defaultLeft) {
    set.bytes[kMissingCategory / 8] |= static_cast<uint8_t>(1U << (kMissingCategory % 8));
  }
  return set;
}

}  // namespace auspex::operators
