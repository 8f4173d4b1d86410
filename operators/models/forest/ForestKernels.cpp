// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/ForestKernels.h"

#include <array>
#include <bit>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

/// A tree's depth in steps always suffices; in deep ones most rows arrive long before, so every few
/// steps it is worth asking.
constexpr uint32_t kStepsBetweenChecks = 8;

/// Calls `step` with 0 to kCount - 1, written out: in a loop the compiler would keep what the steps
/// change in memory.
template <size_t kCount, typename Step>
inline __attribute__((always_inline)) void forEach(Step step) {
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
    const uint32_t target = done + kStepsBetweenChecks < depth ? done + kStepsBetweenChecks : depth;
    const std::array<uint32_t, kWalks> before = places;
    for (; done < target; ++done) {
      forEach<kWalks>([&](size_t i) { places[i] = next(i, places[i]); });
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

void addTreePortably(const ForestTreeView& tree, const float* rows, size_t numRows,
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

#if defined(__x86_64__)

namespace {

constexpr size_t kLanes = 8;
/// Vectors on their way at once: gathers have a long latency. One or two vectors are slower than
/// the portable kernel, which therefore takes the rows that are left.
constexpr size_t kVectors = 4;

/// One step of eight rows. places: node places times two, since a gather scales by eight at most.
__attribute__((target("avx2"))) inline __m256i stepAvx2(const ForestNode* nodes, const float* rows,
                                                        __m256i rowOffsets, __m256i places) {
  const auto* words = reinterpret_cast<const int*>(nodes);
  const __m256 threshold = _mm256_i32gather_ps(reinterpret_cast<const float*>(nodes), places, 8);
  const __m256i bits = _mm256_i32gather_epi32(words + 1, places, 8);
  const __m256i first = _mm256_i32gather_epi32(words + 2, places, 8);
  const __m256i feature = _mm256_and_si256(bits, _mm256_set1_epi32(static_cast<int>(kFeatureMask)));
  const __m256 value = _mm256_i32gather_ps(rows, _mm256_add_epi32(rowOffsets, feature), 4);
  const __m256i flip = _mm256_and_si256(bits, _mm256_set1_epi32(static_cast<int>(kFlipBit)));
  const __m256 compared = _mm256_xor_ps(value, _mm256_castsi256_ps(flip));
  const __m256i isSecond = _mm256_castps_si256(_mm256_cmp_ps(compared, threshold, _CMP_GE_OQ));
  // A true comparison is -1 in its lane.
  return _mm256_slli_epi32(_mm256_sub_epi32(first, isSecond), 1);
}

__attribute__((target("avx2"))) void walkAvx2(const ForestTreeView& tree, const float* rows,
                                              size_t numFeatures, float* margins, size_t stride) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i offsets =
      _mm256_mullo_epi32(lanes, _mm256_set1_epi32(static_cast<int>(numFeatures)));
  __m256i places[kVectors] = {};
  for (uint32_t done = 0; done < tree.depth;) {
    const uint32_t target =
        done + kStepsBetweenChecks < tree.depth ? done + kStepsBetweenChecks : tree.depth;
    __m256i before[kVectors];
    for (size_t v = 0; v < kVectors; ++v) {
      before[v] = places[v];
    }
    for (; done < target; ++done) {
      for (size_t v = 0; v < kVectors; ++v) {
        places[v] = stepAvx2(tree.nodes, rows + v * kLanes * numFeatures, offsets, places[v]);
      }
    }
    __m256i moved = _mm256_setzero_si256();
    for (size_t v = 0; v < kVectors; ++v) {
      moved = _mm256_or_si256(moved, _mm256_xor_si256(places[v], before[v]));
    }
    if (_mm256_testz_si256(moved, moved) != 0) {
      break;
    }
  }
  const auto* leaves = reinterpret_cast<const float*>(tree.nodes) + 3;
  for (size_t v = 0; v < kVectors; ++v) {
    const __m256 values = _mm256_i32gather_ps(leaves, places[v], 8);
    float* out = margins + v * kLanes * stride;
    if (stride == 1) {
      _mm256_storeu_ps(out, _mm256_add_ps(_mm256_loadu_ps(out), values));
      continue;
    }
    alignas(32) float spread[kLanes];
    _mm256_store_ps(spread, values);
    for (size_t i = 0; i < kLanes; ++i) {
      out[i * stride] += spread[i];
    }
  }
}

}  // namespace

void addTreeAvx2(const ForestTreeView& tree, const float* rows, size_t numRows, size_t numFeatures,
                 float* margins, size_t stride) {
  constexpr size_t kRows = kLanes * kVectors;
  size_t row = 0;
  for (; row + kRows <= numRows; row += kRows) {
    walkAvx2(tree, rows + row * numFeatures, numFeatures, margins + row * stride, stride);
  }
  addTreePortably(tree, rows + row * numFeatures, numRows - row, numFeatures,
                  margins + row * stride, stride);
}

#else

void addTreeAvx2(const ForestTreeView& tree, const float* rows, size_t numRows, size_t numFeatures,
                 float* margins, size_t stride) {
  addTreePortably(tree, rows, numRows, numFeatures, margins, stride);
}

#endif

}  // namespace auspex::operators
