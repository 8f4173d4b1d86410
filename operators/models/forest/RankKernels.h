// SPDX-License-Identifier: Apache-2.0
// The innermost loops of scoring by ranks. Internal to the forest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "operators/models/Instructions.h"
#include "operators/models/forest/ForestKernels.h"

namespace auspex::operators {

/// Where the two sides of a split come from: a side that is a leaf is a constant, one that is a
/// split has left its rows' leaves on the stack (the left side below the right one).
/// FourLeaves and EightLeaves open a whole subtree, whose 3 or 7 splits stand in a row and are
/// decided at once.
enum class RankSides : uint8_t {
  LeafLeaf,
  LeafSplit,
  SplitLeaf,
  SplitSplit,
  FourLeaves,
  EightLeaves
};
/// Splits of such subtrees in post-order: LeafLeaf, LeafLeaf, SplitSplit, and two of these with
/// their SplitSplit.
constexpr size_t kSplitsOfFour = 3;
constexpr size_t kSplitsOfEight = 7;

/// One split in the post-order program of a tree: rows whose rank is greater than `rank` go right.
/// Leaves are numbered per tree.
struct RankSplit {
  uint32_t column = 0;
  int8_t rank = 0;
  RankSides sides = RankSides::LeafLeaf;
  uint8_t leftLeaf = 0;
  uint8_t rightLeaf = 0;
  /// Place of a categorical split's RankSet + 1, 0 for numeric ones. Its column holds the places of
  /// the categories' bytes, and the column behind it their bits.
  uint32_t set = 0;
};

/// The categories that go right, as bits: category c is bit c % 8 of byte c / 8.
struct RankSet {
  std::array<uint8_t, 16> bytes{};
};
/// Categories up to here have a bit of their own. The last two bits are for what is missing and for
/// every other value.
constexpr uint32_t kMaxRankCategory = 125;
constexpr uint32_t kMissingCategory = 126;
constexpr uint32_t kOtherCategory = 127;

/// The number of a value's category, or what stands for it.
inline uint32_t rankCategory(float value) {
  const bool isCategory = value >= 0.0F && value < static_cast<float>(kMaxRankCategory + 1);
  return isCategory ? static_cast<uint32_t>(value)
                    : (value != value ? kMissingCategory : kOtherCategory);
}

/// Counts the thresholds that a value reaches. They stand as a search asks for them: the middle one
/// at 1, and behind place p the middles of its two halves at 2p and 2p + 1, down to 2^numLevels
/// - 1. NaN stands for none.
inline uint32_t countReached(float value, const float* thresholds, uint32_t numLevels) {
  size_t place = 1;
  for (uint32_t level = 0; level < numLevels; ++level) {
    place = 2 * place + (value >= thresholds[place] ? 1 : 0);
  }
  return static_cast<uint32_t>(place - (size_t{1} << numLevels));
}

/// The most ranks and leaf numbers that are compared at a time; fewer where registers are narrower.
constexpr size_t kRankLanes = 64;
static_assert(kRowsPerBlock % kRankLanes == 0);
constexpr size_t lanesOf(Instructions instructions) {
  return instructions == Instructions::Avx512 ? kRankLanes
         : instructions == Instructions::Avx2 ? 32
                                              : 16;
}
/// Rows whose category is looked up at a time.
constexpr size_t kTableLanes = 16;
/// What a program may hold on its stack at once.
constexpr size_t kRankStackHeight = 16;
/// A rank of r is stored as r - 128: signed bytes compare with one instruction everywhere.
constexpr int kRankBias = 128;

/// A tree as the kernels see it, borrowed from the forest.
struct RankProgram {
  const RankSplit* splits;
  size_t numSplits;
  /// Of all trees.
  const RankSet* sets;
};

/// Runs a tree's program over the ranks of a block, columns of kRowsPerBlock each, and writes the
/// number of the leaf that each row reaches. leaves: numRows rounded up to kRankLanes.
void findLeaves(const RankProgram& program, const int8_t* ranks, size_t numRows, uint8_t* leaves,
                Instructions instructions);

/// Writes, for rows[0], rows[stride], ..., the byte of each category's bit and the bit in it.
void placeCategories(const float* rows, size_t numRows, size_t stride, int8_t* bytes, int8_t* bits);

/// Adds to each of numRows margins the value of the leaf that its row has reached.
void addLeaves(const float* leaves, size_t numLeaves, const uint8_t* reached, size_t numRows,
               float* margins, Instructions instructions);

/// Counts, for rows[0], rows[stride], ..., the thresholds that each reaches, less the bias.
/// thresholds: as countReached has them. stride * kRowsPerBlock must fit an int32 where the
/// instructions are not portable.
void rankValues(const float* rows, size_t numRows, size_t stride, const float* thresholds,
                uint32_t numLevels, int8_t* ranks, Instructions instructions);

}  // namespace auspex::operators
