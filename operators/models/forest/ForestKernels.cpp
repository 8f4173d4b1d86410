// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/ForestKernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace auspex::operators {

namespace {

/// The splits of trees without categories.
struct NumericSteps {
  explicit NumericSteps(const CategoryTables&) {}

  uint32_t next(const ForestNode& node, const float* row) const {
    const auto value = std::bit_cast<uint32_t>(row[node.featureBits & kFeatureMask]);
    const auto compared = std::bit_cast<float>(value ^ (node.featureBits & kFlipBit));
    return node.first + (compared >= node.threshold ? 1U : 0U);
  }
};

/// Splits of both kinds, without a branch: which kind comes next cannot be foreseen. The looked-up
/// word of a numeric split is any that exists.
struct MixedSteps {
  explicit MixedSteps(const CategoryTables& tables) : tables_(tables) {}

  uint32_t next(const ForestNode& node, const float* row) const {
    const float value = row[node.featureBits & kFeatureMask];
    const bool isCategorical = (node.featureBits & kCategoricalBit) != 0;
    const bool isFlipped = (node.featureBits & kFlipBit) != 0;
    const uint32_t place = isCategorical ? std::bit_cast<uint32_t>(node.leafValue) : 0U;
    const CategorySet& set = tables_.sets[place];
    // Fractions are cut; what is negative or beyond the set is not in it.
    const bool isWithin = (value >= 0.0F) & (value < static_cast<float>(set.numWords) * 32.0F);
    const auto category = static_cast<uint32_t>(isWithin ? value : 0.0F);
    const uint32_t word = tables_.words[set.firstWord + category / 32];
    const bool isInSet = isWithin & (((word >> (category % 32)) & 1U) != 0);
    const bool isPresent = value == value;
    const bool goesByCategory = isPresent & (isInSet != isFlipped);
    const auto compared =
        std::bit_cast<float>(std::bit_cast<uint32_t>(value) ^ (node.featureBits & kFlipBit));
    const bool goesByNumber = compared >= node.threshold;
    return node.first + ((isCategorical ? goesByCategory : goesByNumber) ? 1U : 0U);
  }

 private:
  const CategoryTables& tables_;
};

/// A tree's depth in steps always suffices; in deep ones most rows arrive long before, so after
/// some steps it is worth asking, and again every few.
constexpr uint32_t kStepsBeforeChecks = 8;
constexpr uint32_t kStepsBetweenChecks = 4;

/// Calls `step` with 0 to kCount - 1, written out: in a loop the compiler would keep what the steps
/// change in memory.
template <size_t kCount, typename Step>
inline __attribute__((always_inline)) void forEachWalk(Step step) {
  [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
    (step(kIndex), ...);
  }
  (std::make_index_sequence<kCount>());
}

/// Takes kWalks walks at once to their leaves: `next` moves walk i from a place to the next one.
template <size_t kWalks, typename Next>
std::array<uint32_t, kWalks> findPlaces(uint32_t depth, Next next) {
  std::array<uint32_t, kWalks> places{};
  for (uint32_t done = 0; done < depth;) {
    const uint32_t target =
        std::min(depth, done + (done == 0 ? kStepsBeforeChecks : kStepsBetweenChecks));
    const std::array<uint32_t, kWalks> before = places;
    for (; done < target; ++done) {
      forEachWalk<kWalks>([&](size_t i) { places[i] = next(i, places[i]); });
    }
    // Only leaves lead to themselves, so walks that have not moved have all arrived.
    if (places == before) {
      break;
    }
  }
  return places;
}

template <size_t kRows, typename Steps>
void walk(const ForestTreeView& tree, const float* rows, size_t numFeatures, float* margins,
          size_t stride) {
  const Steps steps(tree.tables);
  const auto places = findPlaces<kRows>(tree.depth, [&](size_t i, uint32_t place) {
    return steps.next(tree.nodes[place], rows + i * numFeatures);
  });
  for (size_t i = 0; i < kRows; ++i) {
    margins[i * stride] += tree.nodes[places[i]].leafValue;
  }
}

template <typename Steps>
void walkRows(const ForestTreeView& tree, const float* rows, size_t numRows, size_t numFeatures,
              float* margins, size_t stride) {
  size_t row = 0;
  for (; row + kRowsAtOnce <= numRows; row += kRowsAtOnce) {
    walk<kRowsAtOnce, Steps>(tree, rows + row * numFeatures, numFeatures, margins + row * stride,
                             stride);
  }
  for (; row < numRows; ++row) {
    walk<1, Steps>(tree, rows + row * numFeatures, numFeatures, margins + row * stride, stride);
  }
}

template <typename Steps>
void readLeavesBy(const Steps& steps, const std::array<const ForestNode*, kTreesAtOnce>& trees,
                  uint32_t depth, const float* row, std::array<float, kTreesAtOnce>& leaves) {
  const auto places = findPlaces<kTreesAtOnce>(
      depth, [&](size_t i, uint32_t place) { return steps.next(trees[i][place], row); });
  for (size_t i = 0; i < kTreesAtOnce; ++i) {
    leaves[i] = trees[i][places[i]].leafValue;
  }
}

}  // namespace

void addNumericTree(const ForestTreeView& tree, const float* rows, size_t numRows,
                    size_t numFeatures, float* margins, size_t stride) {
  walkRows<NumericSteps>(tree, rows, numRows, numFeatures, margins, stride);
}

void addTreeWithCategories(const ForestTreeView& tree, const float* rows, size_t numRows,
                           size_t numFeatures, float* margins, size_t stride) {
  walkRows<MixedSteps>(tree, rows, numRows, numFeatures, margins, stride);
}

void readLeaves(const std::array<const ForestNode*, kTreesAtOnce>& trees, uint32_t depth,
                const CategoryTables* tables, const float* row,
                std::array<float, kTreesAtOnce>& leaves) {
  if (tables == nullptr) {
    readLeavesBy(NumericSteps({}), trees, depth, row, leaves);
  } else {
    readLeavesBy(MixedSteps(*tables), trees, depth, row, leaves);
  }
}

}  // namespace auspex::operators
