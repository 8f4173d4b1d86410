// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/ForestKernels.h"

#include <array>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace auspex::operators {

namespace {

inline uint32_t step(const ForestNode& node, const float* row) {
  const auto value = std::bit_cast<uint32_t>(row[node.featureBits & kFeatureMask]);
  const auto compared = std::bit_cast<float>(value ^ (node.featureBits & kFlipBit));
  return node.first + (compared >= node.threshold ? 1U : 0U);
}

/// A tree's depth in steps always suffices; in deep ones most rows arrive long before, so every few
/// steps it is worth asking.
constexpr uint32_t kStepsBetweenChecks = 8;

template <size_t kRows>
void walk(const ForestTreeView& tree, const float* rows, size_t numFeatures, float* margins,
          size_t stride) {
  std::array<uint32_t, kRows> places{};
  for (uint32_t done = 0; done < tree.depth;) {
    const uint32_t target =
        done + kStepsBetweenChecks < tree.depth ? done + kStepsBetweenChecks : tree.depth;
    const std::array<uint32_t, kRows> before = places;
    for (; done < target; ++done) {
      for (size_t i = 0; i < kRows; ++i) {
        places[i] = step(tree.nodes[places[i]], rows + i * numFeatures);
      }
    }
    // Only leaves lead to themselves, so rows that have not moved have all arrived.
    if (places == before) {
      break;
    }
  }
  for (size_t i = 0; i < kRows; ++i) {
    margins[i * stride] += tree.nodes[places[i]].leafValue;
  }
}

uint32_t stepWithCategories(const ForestTreeView& tree, const ForestNode& node, const float* row) {
  if ((node.featureBits & kCategoricalBit) == 0) {
    return step(node, row);
  }
  const float value = row[node.featureBits & kFeatureMask];
  if (value != value) {
    return node.first;
  }
  const CategorySet& set = tree.categorySets[std::bit_cast<uint32_t>(node.leafValue)];
  bool isInSet = false;
  // Fractions are cut; what is negative or beyond the set is not in it.
  if (value >= 0.0F && value < static_cast<float>(set.numWords) * 32.0F) {
    const auto category = static_cast<uint32_t>(value);
    const uint32_t word = tree.categoryWords[set.firstWord + category / 32];
    isInSet = ((word >> (category % 32)) & 1U) != 0;
  }
  const bool isFlipped = (node.featureBits & kFlipBit) != 0;
  return node.first + (isInSet != isFlipped ? 1U : 0U);
}

}  // namespace

void addTreePortably(const ForestTreeView& tree, const float* rows, size_t numRows,
                     size_t numFeatures, float* margins, size_t stride) {
  size_t row = 0;
  for (; row + kRowsAtOnce <= numRows; row += kRowsAtOnce) {
    walk<kRowsAtOnce>(tree, rows + row * numFeatures, numFeatures, margins + row * stride, stride);
  }
  for (; row < numRows; ++row) {
    walk<1>(tree, rows + row * numFeatures, numFeatures, margins + row * stride, stride);
  }
}

void addTreeWithCategories(const ForestTreeView& tree, const float* rows, size_t numRows,
                           size_t numFeatures, float* margins, size_t stride) {
  for (size_t row = 0; row < numRows; ++row) {
    uint32_t place = 0;
    while (tree.nodes[place].first != place) {
      place = stepWithCategories(tree, tree.nodes[place], rows + row * numFeatures);
    }
    margins[row * stride] += tree.nodes[place].leafValue;
  }
}

void readLeaves(const std::array<const ForestNode*, kTreesAtOnce>& trees, uint32_t depth,
                const float* row, std::array<float, kTreesAtOnce>& leaves) {
  std::array<uint32_t, kTreesAtOnce> places{};
  for (uint32_t done = 0; done < depth;) {
    const uint32_t target = done + kStepsBetweenChecks < depth ? done + kStepsBetweenChecks : depth;
    const std::array<uint32_t, kTreesAtOnce> before = places;
    for (; done < target; ++done) {
      for (size_t i = 0; i < kTreesAtOnce; ++i) {
        places[i] = step(trees[i][places[i]], row);
      }
    }
    if (places == before) {
      break;
    }
  }
  for (size_t i = 0; i < kTreesAtOnce; ++i) {
    leaves[i] = trees[i][places[i]].leafValue;
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

bool hasAvx2() {
  return __builtin_cpu_supports("avx2") != 0;
}

#else

void addTreeAvx2(const ForestTreeView& tree, const float* rows, size_t numRows, size_t numFeatures,
                 float* margins, size_t stride) {
  addTreePortably(tree, rows, numRows, numFeatures, margins, stride);
}

bool hasAvx2() {
  return false;
}

#endif

}  // namespace auspex::operators
