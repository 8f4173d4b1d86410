// SPDX-License-Identifier: Apache-2.0
// The innermost loops of scoring: one compiled tree over a block of rows. Internal to the forest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace auspex::operators {

/// One node of a compiled tree. A row goes to `first` unless (value ^ flip) >= threshold, which
/// sends it to first + 1; flip is the sign bit of `featureBits`. A missing value (NaN) compares
/// false and so goes to `first`; where missing values go right, the children are swapped and the
/// comparison is mirrored by flipping the sign. A leaf's threshold is NaN and its `first` is the
/// leaf itself, so rows that have arrived stay.
struct ForestNode {
  float threshold;
  uint32_t featureBits;
  /// Place in the tree's nodes.
  uint32_t first;
  /// The value of a leaf; of a categorical split the bits of its set's place.
  float leafValue;
};
static_assert(sizeof(ForestNode) == 16);

constexpr uint32_t kFlipBit = uint32_t{1} << 31;
constexpr uint32_t kCategoricalBit = uint32_t{1} << 30;
constexpr uint32_t kFeatureMask = kCategoricalBit - 1;

/// The categories of one split that go right: bit c % 32 of word c / 32.
struct CategorySet {
  uint32_t firstWord;
  uint32_t numWords;
};

/// The sets of all categorical splits, borrowed from the forest. Where there are any, a word stands
/// behind the last one that a set has.
struct CategoryTables {
  const CategorySet* sets = nullptr;
  const uint32_t* words = nullptr;
};

/// One tree as the kernels see it; all pointers are borrowed from the forest.
struct ForestTreeView {
  const ForestNode* nodes;
  uint32_t depth;
  CategoryTables tables;
};

/// Rows that a kernel takes at once, and what the kernels are called with at most.
constexpr size_t kRowsPerBlock = 256;

/// Rows on their way at once: enough to hide the loads, few enough for the
/// registers. What is left over goes row by row.
constexpr size_t kRowsAtOnce = 8;

/// Adds to margins[row * stride] the value of the leaf that each row of [numRows x numFeatures]
/// reaches. The first is for trees without categorical splits.
void addNumericTree(const ForestTreeView& tree, const float* rows, size_t numRows,
                    size_t numFeatures, float* margins, size_t stride);
void addTreeWithCategories(const ForestTreeView& tree, const float* rows, size_t numRows,
                           size_t numFeatures, float* margins, size_t stride);

constexpr size_t kTreesAtOnce = 8;

/// For a single row, whose loads nothing else would hide: the leaves' values of several trees.
/// depth: of the deepest of them. tables: null when none of them has categorical splits.
void readLeaves(const std::array<const ForestNode*, kTreesAtOnce>& trees, uint32_t depth,
                const CategoryTables* tables, const float* row,
                std::array<float, kTreesAtOnce>& leaves);

}  // namespace auspex::operators
