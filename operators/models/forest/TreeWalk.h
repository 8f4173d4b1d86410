// SPDX-License-Identifier: Apache-2.0
// The rules by which a row goes through a tree, one split at a time, as the description states
// them. What is not asked for every row (leaves, contributions) uses them; the compiled forest must
// agree.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "operators/models/forest/ForestDescription.h"

namespace auspex::operators {

/// LightGBM takes what is nearer to 0 than this for 0; it is a float32 there.
constexpr double kNearZero = static_cast<double>(1e-35F);

/// The value of a leaf, or the threshold of a split, in the precision of the model.
template <typename Number>
Number valueOf(const TreeDescription& tree, size_t node) {
  if constexpr (std::is_same_v<Number, double>) {
    return tree.wideValues[node];
  } else {
    return tree.nodes[node].value;
  }
}

/// True when the category is in the set. Fractions are cut; what is beyond the set is not in it,
/// and neither is what is negative: XGBoost asks before it cuts, LightGBM (double) after.
template <typename Number>
bool isInSet(const std::vector<uint32_t>& words, Number category) {
  const bool isNegative = std::is_same_v<Number, double> ? category <= -1 : category < 0;
  if (isNegative || !(category < static_cast<Number>(words.size()) * 32)) {
    return false;
  }
  const auto code = category < 0 ? uint32_t{0} : static_cast<uint32_t>(category);
  return ((words[code / 32] >> (code % 32)) & 1U) != 0;
}

/// Decides a split for a feature's value; NaN is missing. Number: float, or double for models with
/// wideValues.
template <typename Number>
bool goesLeft(const ForestDescription& forest, const TreeDescription& tree, size_t node,
              Number value) {
  const TreeNode& split = tree.nodes[node];
  if (std::isnan(value)) {
    return split.defaultLeft;
  }
  if (split.categorySet != 0) {
    return !isInSet(forest.categorySets[split.categorySet - 1], value);
  }
  if (split.zeroIsMissing && std::abs(static_cast<double>(value)) <= kNearZero) {
    return split.defaultLeft;
  }
  // A threshold of NaN is reached by none.
  return !(value >= valueOf<Number>(tree, node));
}

/// The place of the leaf that a row reaches.
template <typename Number>
size_t findLeaf(const ForestDescription& forest, const TreeDescription& tree, const Number* row) {
  size_t node = 0;
  while (tree.nodes[node].left != 0) {
    const bool isLeft = goesLeft(forest, tree, node, row[tree.nodes[node].feature]);
    node = tree.nodes[node].left + (isLeft ? 0 : 1);
  }
  return node;
}

}  // namespace auspex::operators
