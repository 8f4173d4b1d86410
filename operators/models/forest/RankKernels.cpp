// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/RankKernels.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace auspex::operators {
namespace {

/// So many rows are not worth a wider register.
constexpr size_t kFewRows = 16;

// One body for all processors, in vectors as wide as the target's registers: the compiler takes
// wider ones apart byte by byte.
template <size_t kLanes>
struct Lanes {
  typedef int8_t Ranks __attribute__((vector_size(kLanes)));
  typedef uint8_t Leaves __attribute__((vector_size(kLanes)));
};

#define AUSPEX_INLINE inline __attribute__((always_inline))

/// The leaves of a subtree of two leaves, for the rows of one vector after another.
template <size_t kLanes>
AUSPEX_INLINE void pushLeaves(const RankSplit& split, const int8_t* column, size_t numLanes,
                              uint8_t* top) {
  using Ranks = typename Lanes<kLanes>::Ranks;
  using Leaves = typename Lanes<kLanes>::Leaves;
  const Leaves left = Leaves{} + split.leftLeaf;
  const Leaves right = Leaves{} + split.rightLeaf;
  const Ranks rank = Ranks{} + split.rank;
  for (size_t v = 0; v < numLanes; v += kLanes) {
    Ranks ranks;
    std::memcpy(&ranks, column + v, sizeof(ranks));
    const Leaves chosen = ranks > rank ? right : left;
    std::memcpy(top + v, &chosen, sizeof(chosen));
  }
}

/// Of a subtree of two leaves the leaf that each row of a vector reaches, and of one of four.
template <size_t kLanes>
struct Chooser {
  using Ranks = typename Lanes<kLanes>::Ranks;
  using Leaves = typename Lanes<kLanes>::Leaves;

  AUSPEX_INLINE Chooser(const RankSplit& split, const int8_t* ranks)
      : column(ranks + size_t{split.column} * kRowsPerBlock),
        rank(Ranks{} + split.rank),
        left(Leaves{} + split.leftLeaf),
        right(Leaves{} + split.rightLeaf) {}

  AUSPEX_INLINE void choose(size_t v, const Leaves& lefts, const Leaves& rights,
                            Leaves& chosen) const {
    Ranks ranks;
    std::memcpy(&ranks, column + v, sizeof(ranks));
    chosen = ranks > rank ? rights : lefts;
  }
  AUSPEX_INLINE void choose(size_t v, Leaves& chosen) const { choose(v, left, right, chosen); }

  const int8_t* column;
  Ranks rank;
  Leaves left;
  Leaves right;
};

template <size_t kLanes>
AUSPEX_INLINE void chooseOfFour(const Chooser<kLanes>* splits, size_t v,
                                typename Lanes<kLanes>::Leaves& chosen) {
  typename Lanes<kLanes>::Leaves lefts;
  typename Lanes<kLanes>::Leaves rights;
  splits[0].choose(v, lefts);
  splits[1].choose(v, rights);
  splits[2].choose(v, lefts, rights, chosen);
}

template <size_t kLanes>
AUSPEX_INLINE void pushFourLeaves(const RankSplit* splits, const int8_t* ranks, size_t numLanes,
                                  uint8_t* top) {
  const Chooser<kLanes> choosers[kSplitsOfFour] = {
      {splits[0], ranks}, {splits[1], ranks}, {splits[2], ranks}};
  for (size_t v = 0; v < numLanes; v += kLanes) {
    typename Lanes<kLanes>::Leaves chosen;
    chooseOfFour<kLanes>(choosers, v, chosen);
    std::memcpy(top + v, &chosen, sizeof(chosen));
  }
}

template <size_t kLanes>
AUSPEX_INLINE void pushEightLeaves(const RankSplit* splits, const int8_t* ranks, size_t numLanes,
                                   uint8_t* top) {
  const Chooser<kLanes> choosers[kSplitsOfEight] = {
      {splits[0], ranks}, {splits[1], ranks}, {splits[2], ranks}, {splits[3], ranks},
      {splits[4], ranks}, {splits[5], ranks}, {splits[6], ranks}};
  for (size_t v = 0; v < numLanes; v += kLanes) {
    typename Lanes<kLanes>::Leaves lefts;
    typename Lanes<kLanes>::Leaves rights;
    typename Lanes<kLanes>::Leaves chosen;
    chooseOfFour<kLanes>(choosers, v, lefts);
    chooseOfFour<kLanes>(choosers + kSplitsOfFour, v, rights);
    choosers[kSplitsOfEight - 1].choose(v, lefts, rights, chosen);
    std::memcpy(top + v, &chosen, sizeof(chosen));
  }
}

/// Chooses between a constant leaf and what is on the stack, in place.
template <size_t kLanes, bool kLeafIsRight>
AUSPEX_INLINE void mergeLeaf(const RankSplit& split, const int8_t* column, size_t numLanes,
                             uint8_t* top) {
  using Ranks = typename Lanes<kLanes>::Ranks;
  using Leaves = typename Lanes<kLanes>::Leaves;
  const Leaves leaf = Leaves{} + (kLeafIsRight ? split.rightLeaf : split.leftLeaf);
  const Ranks rank = Ranks{} + split.rank;
  for (size_t v = 0; v < numLanes; v += kLanes) {
    Ranks ranks;
    Leaves other;
    std::memcpy(&ranks, column + v, sizeof(ranks));
    std::memcpy(&other, top + v, sizeof(other));
    const Leaves chosen =
        kLeafIsRight ? (ranks > rank ? leaf : other) : (ranks > rank ? other : leaf);
    std::memcpy(top + v, &chosen, sizeof(chosen));
  }
}

template <size_t kLanes>
AUSPEX_INLINE void mergeSplits(const RankSplit& split, const int8_t* column, size_t numLanes,
                               uint8_t* left, const uint8_t* right) {
  using Ranks = typename Lanes<kLanes>::Ranks;
  using Leaves = typename Lanes<kLanes>::Leaves;
  const Ranks rank = Ranks{} + split.rank;
  for (size_t v = 0; v < numLanes; v += kLanes) {
    Ranks ranks;
    Leaves lefts;
    Leaves rights;
    std::memcpy(&ranks, column + v, sizeof(ranks));
    std::memcpy(&lefts, left + v, sizeof(lefts));
    std::memcpy(&rights, right + v, sizeof(rights));
    const Leaves chosen = ranks > rank ? rights : lefts;
    std::memcpy(left + v, &chosen, sizeof(chosen));
  }
}

// A table of 16 bytes looked up by 16 places is one instruction where there is one.
typedef uint8_t Table __attribute__((vector_size(kTableLanes)));

/// Per lane the byte of the table at the place, which is below 16.
AUSPEX_INLINE Table lookUp(const Table& table, const Table& places) {
#if defined(__clang__)
  // No shuffle by places that are not constants: lane by lane.
  Table found = {};
  for (size_t lane = 0; lane < sizeof(Table); ++lane) {
    found[lane] = table[places[lane]];
  }
  return found;
#else
  return __builtin_shuffle(table, places);
#endif
}

/// Ranks for a categorical split: above 0 where the row's category is in the set.
AUSPEX_INLINE void rankBySet(const RankSet& set, const int8_t* column, size_t numLanes,
                             int8_t* ranks) {
  Table table;
  std::memcpy(&table, set.bytes.data(), sizeof(table));
  const int8_t* const bitColumn = column + kRowsPerBlock;
  for (size_t row = 0; row < numLanes; row += sizeof(Table)) {
    Table places;
    Table bits;
    std::memcpy(&places, column + row, sizeof(places));
    std::memcpy(&bits, bitColumn + row, sizeof(bits));
    const Table isIn = (lookUp(table, places) & bits) != 0;
    const Table rank = isIn & 1U;
    std::memcpy(ranks + row, &rank, sizeof(rank));
  }
}

/// numLanes: the rows, rounded up to whole vectors.
template <size_t kLanes>
AUSPEX_INLINE void runProgram(const RankProgram& program, const int8_t* ranks, size_t numLanes,
                              uint8_t* leaves) {
  alignas(kRankLanes) std::array<uint8_t, kRankStackHeight * kRowsPerBlock> stack;
  alignas(kRankLanes) std::array<int8_t, kRowsPerBlock> inSet;
  uint8_t* top = stack.data() - kRowsPerBlock;
  for (const RankSplit* split = program.splits; split != program.splits + program.numSplits;
       ++split) {
    const int8_t* column = ranks + size_t{split->column} * kRowsPerBlock;
    if (split->set != 0) {
      rankBySet(program.sets[split->set - 1], column, numLanes, inSet.data());
      column = inSet.data();
    }
    switch (split->sides) {
      case RankSides::LeafLeaf:
        top += kRowsPerBlock;
        pushLeaves<kLanes>(*split, column, numLanes, top);
        break;
      case RankSides::LeafSplit:
        mergeLeaf<kLanes, false>(*split, column, numLanes, top);
        break;
      case RankSides::SplitLeaf:
        mergeLeaf<kLanes, true>(*split, column, numLanes, top);
        break;
      case RankSides::SplitSplit:
        mergeSplits<kLanes>(*split, column, numLanes, top - kRowsPerBlock, top);
        top -= kRowsPerBlock;
        break;
      case RankSides::FourLeaves:
        top += kRowsPerBlock;
        pushFourLeaves<kLanes>(split, ranks, numLanes, top);
        split += kSplitsOfFour - 1;
        break;
      case RankSides::EightLeaves:
        top += kRowsPerBlock;
        pushEightLeaves<kLanes>(split, ranks, numLanes, top);
        split += kSplitsOfEight - 1;
        break;
    }
  }
  std::memcpy(leaves, stack.data(), numLanes);
}

template <size_t kLanes>
AUSPEX_INLINE void runInVectors(const RankProgram& program, const int8_t* ranks, size_t numRows,
                                uint8_t* leaves) {
  runProgram<kLanes>(program, ranks, (numRows + kLanes - 1) / kLanes * kLanes, leaves);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void runAvx2(const RankProgram& program, const int8_t* ranks,
                                             size_t numRows, uint8_t* leaves) {
  if (numRows <= kFewRows) {
    runInVectors<kFewRows>(program, ranks, numRows, leaves);
  } else {
    runInVectors<lanesOf(Instructions::Avx2)>(program, ranks, numRows, leaves);
  }
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) void runAvx512(const RankProgram& program,
                                                                    const int8_t* ranks,
                                                                    size_t numRows,
                                                                    uint8_t* leaves) {
  runInVectors<lanesOf(Instructions::Avx512)>(program, ranks, numRows, leaves);
}

constexpr size_t kFloats = 16;          // of one register
constexpr size_t kMostHeldLeaves = 64;  // in four registers

/// The values of a tree's leaves stay in registers, where 16 rows at a time pick theirs. Takes
/// whole registers of rows only; returns how many. numLeaves <= kMostHeldLeaves.
__attribute__((target("avx512f,avx512bw,avx512vl"))) size_t addHeldLeaves(
    const float* leaves, size_t numLeaves, const uint8_t* reached, size_t numRows, float* margins) {
  __m512 held[kMostHeldLeaves / kFloats];
  for (size_t i = 0; i < kMostHeldLeaves / kFloats; ++i) {
    const size_t first = i * kFloats;
    const size_t count = numLeaves > first ? numLeaves - first : 0;
    const auto present = static_cast<__mmask16>(count < kFloats ? (1U << count) - 1 : 0xffffU);
    held[i] = _mm512_maskz_loadu_ps(present, leaves + first);
  }
  const __m512i upperHalf = _mm512_set1_epi32(kMostHeldLeaves / 2);
  size_t row = 0;
  for (; row + kFloats <= numRows; row += kFloats) {
    __m128i bytes;
    std::memcpy(&bytes, reached + row, sizeof(bytes));
    // With a mask of all: the plain form warns of its own uninitialised source in g++ 12.
    const __m512i leaf = _mm512_maskz_cvtepu8_epi32(0xffff, bytes);
    const __m512 low = _mm512_permutex2var_ps(held[0], leaf, held[1]);
    const __m512 high = _mm512_permutex2var_ps(held[2], leaf, held[3]);
    const __m512 value = _mm512_mask_blend_ps(_mm512_test_epi32_mask(leaf, upperHalf), low, high);
    _mm512_storeu_ps(margins + row, _mm512_add_ps(_mm512_loadu_ps(margins + row), value));
  }
  return row;
}

constexpr size_t kLanes = 8;
/// Searches on their way at once: gathers have a long latency.
constexpr size_t kSearches = 4;
constexpr size_t kGatheredRows = kLanes * kSearches;

/// Binary searches for kGatheredRows values. A threshold of NaN is reached by none.
__attribute__((target("avx2"))) void rankAvx2(const float* rows, size_t stride,
                                              const float* thresholds, uint32_t numLevels,
                                              int8_t* ranks) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i offsets = _mm256_mullo_epi32(lanes, _mm256_set1_epi32(static_cast<int>(stride)));
  __m256 values[kSearches];
  __m256i places[kSearches];
  for (size_t s = 0; s < kSearches; ++s) {
    values[s] = _mm256_i32gather_ps(rows + s * kLanes * stride, offsets, 4);
    places[s] = _mm256_set1_epi32(1);
  }
  for (uint32_t level = 0; level < numLevels; ++level) {
    for (size_t s = 0; s < kSearches; ++s) {
      const __m256 threshold = _mm256_i32gather_ps(thresholds, places[s], 4);
      const __m256i isReached =
          _mm256_castps_si256(_mm256_cmp_ps(values[s], threshold, _CMP_GE_OQ));
      // A true comparison is -1 in its lane.
      places[s] = _mm256_sub_epi32(_mm256_slli_epi32(places[s], 1), isReached);
    }
  }
  const __m256i first = _mm256_set1_epi32(1 << numLevels);
  for (size_t s = 0; s < kSearches; ++s) {
    places[s] = _mm256_sub_epi32(places[s], first);
  }
  // Four vectors of words become one of bytes; packing goes by halves, so their words are put
  // back in order.
  const __m256i low = _mm256_packus_epi32(places[0], places[1]);
  const __m256i high = _mm256_packus_epi32(places[2], places[3]);
  const __m256i mixed = _mm256_packus_epi16(low, high);
  const __m256i bytes =
      _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  const __m256i biased = _mm256_sub_epi8(bytes, _mm256_set1_epi8(static_cast<char>(kRankBias)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(ranks), biased);
}
#endif

}  // namespace

void findLeaves(const RankProgram& program, const int8_t* ranks, size_t numRows, uint8_t* leaves,
                Instructions instructions) {
#if defined(__x86_64__)
  if (instructions == Instructions::Avx512) {
    runAvx512(program, ranks, numRows, leaves);
    return;
  }
  if (instructions == Instructions::Avx2) {
    runAvx2(program, ranks, numRows, leaves);
    return;
  }
#endif
  static_cast<void>(instructions);
  runInVectors<lanesOf(Instructions::Portable)>(program, ranks, numRows, leaves);
}

void placeCategories(const float* rows, size_t numRows, size_t stride, int8_t* bytes,
                     int8_t* bits) {
  for (size_t row = 0; row < numRows; ++row) {
    const uint32_t code = rankCategory(rows[row * stride]);
    bytes[row] = static_cast<int8_t>(code / 8);
    bits[row] = static_cast<int8_t>(1U << (code % 8));
  }
}

void addLeaves(const float* leaves, size_t numLeaves, const uint8_t* reached, size_t numRows,
               float* margins, Instructions instructions) {
  size_t row = 0;
#if defined(__x86_64__)
  if (instructions == Instructions::Avx512 && numLeaves <= kMostHeldLeaves) {
    row = addHeldLeaves(leaves, numLeaves, reached, numRows, margins);
  }
#endif
  static_cast<void>(instructions);
  for (; row < numRows; ++row) {
    margins[row] += leaves[reached[row]];
  }
}

void rankValues(const float* rows, size_t numRows, size_t stride, const float* thresholds,
                uint32_t numLevels, int8_t* ranks, Instructions instructions) {
  size_t row = 0;
#if defined(__x86_64__)
  if (instructions != Instructions::Portable) {
    for (; row + kGatheredRows <= numRows; row += kGatheredRows) {
      rankAvx2(rows + row * stride, stride, thresholds, numLevels, ranks + row);
    }
  }
#endif
  static_cast<void>(instructions);
  for (; row < numRows; ++row) {
    const uint32_t count = countReached(rows[row * stride], thresholds, numLevels);
    ranks[row] = static_cast<int8_t>(static_cast<int>(count) - kRankBias);
  }
}

}  // namespace auspex::operators
