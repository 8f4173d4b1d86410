// SPDX-License-Identifier: Apache-2.0
// The form of shallow trees for few rows: eight trees after each other, filled up to complete ones
// of one depth, so that a place tells its children's, and walked side by side by ranks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "operators/models/forest/ForestDescription.h"
#include "operators/models/forest/Ranking.h"

namespace auspex::operators {

/// Holds those groups of a forest's trees that the ranking covers and none of which is deeper than
/// kMaxDepth. Immutable; any thread.
///
/// A split takes two bytes, so that hundreds of trees stay in the nearest cache; in a group with
/// categories it has a set of bits, one for each rank or category, in which those that go right are
/// on.
class CompleteForest {
 public:
  static constexpr size_t kTreesOfGroup = 8;
  static constexpr uint32_t kMaxDepth = 8;

  CompleteForest(const ForestDescription& description, const Ranking& ranking);

  /// Bytes of a ranked row; 0 when no group has this form.
  size_t numRowBytes() const { return numRowBytes_; }
  /// The trees from kTreesOfGroup * group on have this form.
  bool has(size_t group) const { return groups_[group].depth > 0; }
  /// Adds to a row's margins the leaves that it reaches in a group's trees, in their order.
  /// rowRanks: Ranking::rankRow of it.
  void addGroup(size_t group, const uint8_t* rowRanks, float* margins) const;

 private:
  /// Each tree has 2^depth places. Place p of a level has its sides at 2p and 2p + 1 of the next;
  /// the root is at 1, and behind the last level p is leaf p - 2^depth.
  struct Group {
    uint32_t depth = 0;  ///< of the deepest tree; 0: the group has not this form
    bool hasCategories = false;
    bool hasOneOutput = true;
    size_t firstSplit = 0;  ///< in numericSplits_ or, with categories, in mixedSplits_
    size_t firstLeaf = 0;
    std::array<uint32_t, kTreesOfGroup> outputs{};
  };
  /// Ranks greater than `rank` go right.
  struct NumericSplit {
    uint8_t column;
    uint8_t rank;
  };
  /// Ranks and categories whose bit is on go right.
  struct MixedSplit {
    std::array<uint32_t, 8> goesRight;
    uint32_t column;
  };
  struct NumericStep;
  struct MixedStep;

  void compile(std::span<const TreeDescription> trees, const ForestDescription& description,
               const Ranking& ranking);
  void fill(const TreeDescription& tree, const ForestDescription& description,
            const Ranking& ranking, const Group& group, size_t number);
  static MixedSplit makeMixedSplit(const TreeNode& node, const ForestDescription& description,
                                   const Ranking& ranking);

  size_t numRowBytes_ = 0;
  std::vector<Group> groups_;
  std::vector<NumericSplit> numericSplits_;
  std::vector<MixedSplit> mixedSplits_;
  std::vector<float> leaves_;
};

}  // namespace auspex::operators
