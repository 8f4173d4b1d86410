// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/CompleteForest.h"

#include <algorithm>
#include <utility>

#include "operators/data/Assert.h"

namespace auspex::operators {
namespace {

constexpr size_t kMaxColumns = 256;
/// A group that would need more places than so many for each of its nodes is too sparse.
constexpr size_t kMaxPlacesPerNode = 4;
constexpr uint32_t kBitsOfWord = 32;
constexpr uint32_t kMaxRank = 255;

/// Calls `step` with 0 to kCount - 1, written out: in a loop the compiler would keep what the steps
/// change in memory.
template <size_t kCount, typename Step>
inline __attribute__((always_inline)) void forEach(Step step) {
  [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
    (step(kIndex), ...);
  }
  (std::make_index_sequence<kCount>());
}

using Places = std::array<size_t, CompleteForest::kTreesOfGroup>;

/// Writes the leaf that the row reaches in each tree. goesRight: 1 or 0 for a group's split.
template <size_t kDepth, typename GoesRight>
void findLeaves(const GoesRight& goesRight, Places& leaves) {
  constexpr size_t kPlaces = size_t{1} << kDepth;
  Places places{};
  places.fill(1);
  for (size_t level = 0; level < kDepth; ++level) {
    forEach<CompleteForest::kTreesOfGroup>([&](size_t tree) {
      places[tree] = 2 * places[tree] + goesRight(tree * kPlaces + places[tree]);
    });
  }
  forEach<CompleteForest::kTreesOfGroup>(
      [&](size_t tree) { leaves[tree] = tree * kPlaces + places[tree] - kPlaces; });
}

template <typename GoesRight>
void findLeaves(uint32_t depth, const GoesRight& goesRight, Places& leaves) {
  using Function = void (*)(const GoesRight&, Places&);
  static constexpr Function kByDepth[CompleteForest::kMaxDepth] = {
      findLeaves<1, GoesRight>, findLeaves<2, GoesRight>, findLeaves<3, GoesRight>,
      findLeaves<4, GoesRight>, findLeaves<5, GoesRight>, findLeaves<6, GoesRight>,
      findLeaves<7, GoesRight>, findLeaves<8, GoesRight>};
  kByDepth[depth - 1](goesRight, leaves);
}

}  // namespace

struct CompleteForest::NumericStep {
  const NumericSplit* splits;
  const uint8_t* ranks;

  size_t operator()(size_t place) const {
    const NumericSplit split = splits[place];
    return split.rank < ranks[split.column] ? 1 : 0;
  }
};

struct CompleteForest::MixedStep {
  const MixedSplit* splits;
  const uint8_t* ranks;

  size_t operator()(size_t place) const {
    const MixedSplit& split = splits[place];
    const uint32_t rank = ranks[split.column];
    return (split.goesRight[rank / kBitsOfWord] >> (rank % kBitsOfWord)) & 1U;
  }
};

CompleteForest::CompleteForest(const ForestDescription& description, const Ranking& ranking) {
  const std::span trees(description.trees);
  for (size_t first = 0; first < trees.size(); first += kTreesOfGroup) {
    groups_.emplace_back();
    compile(trees.subspan(first, std::min(kTreesOfGroup, trees.size() - first)), description,
            ranking);
    if (groups_.back().depth > 0) {
      numRowBytes_ = std::max(size_t{1}, ranking.numColumns());
    }
  }
}

void CompleteForest::compile(std::span<const TreeDescription> trees,
                             const ForestDescription& description, const Ranking& ranking) {
  Group group;
  group.depth = 1;
  size_t numNodes = 0;
  bool isCovered = ranking.numColumns() <= kMaxColumns;
  for (const TreeDescription& tree : trees) {
    group.depth = std::max(group.depth, tree.depth);
    numNodes += tree.nodes.size();
    for (const TreeNode& node : tree.nodes) {
      isCovered = isCovered && (node.isLeaf() || ranking.covers(node));
      group.hasCategories = group.hasCategories || node.categorySet != 0;
    }
  }
  if (!isCovered || group.depth > kMaxDepth ||
      trees.size() << group.depth > kMaxPlacesPerNode * numNodes) {
    return;
  }
  const size_t numPlaces = kTreesOfGroup << group.depth;
  group.firstLeaf = leaves_.size();
  // What stands in for the trees that the last group lacks changes no sum, not even one of -0.
  leaves_.resize(group.firstLeaf + numPlaces, -0.0F);
  if (group.hasCategories) {
    group.firstSplit = mixedSplits_.size();
    mixedSplits_.resize(group.firstSplit + numPlaces);
  } else {
    group.firstSplit = numericSplits_.size();
    numericSplits_.resize(group.firstSplit + numPlaces);
  }
  group.outputs.fill(trees[0].output);
  for (size_t i = 0; i < trees.size(); ++i) {
    group.outputs[i] = trees[i].output;
    group.hasOneOutput = group.hasOneOutput && trees[i].output == trees[0].output;
    fill(trees[i], description, ranking, group, i);
  }
  groups_.back() = group;
}

/// A leaf above the last level gets all the places below it; which of them a row reaches there
/// does not matter.
void CompleteForest::fill(const TreeDescription& tree, const ForestDescription& description,
                          const Ranking& ranking, const Group& group, size_t number) {
  struct Visit {
    uint32_t node;
    size_t place;
    uint32_t level;
  };
  const size_t numPlaces = size_t{1} << group.depth;
  std::vector<Visit> visits = {{0, 1, 0}};
  while (!visits.empty()) {
    const Visit visit = visits.back();
    visits.pop_back();
    const TreeNode& node = tree.nodes[visit.node];
    if (node.isLeaf()) {
      const uint32_t below = group.depth - visit.level;
      float* const first = leaves_.data() + group.firstLeaf + number * numPlaces +
                           (visit.place << below) - numPlaces;
      std::fill_n(first, size_t{1} << below, node.value);
      continue;
    }
    AUSPEX_ASSERT(visit.level < group.depth);
    const size_t place = group.firstSplit + number * numPlaces + visit.place;
    if (group.hasCategories) {
      mixedSplits_[place] = makeMixedSplit(node, description, ranking);
    } else {
      numericSplits_[place] = {static_cast<uint8_t>(ranking.columnOf(node)), ranking.rankOf(node)};
    }
    visits.push_back({node.left, 2 * visit.place, visit.level + 1});
    visits.push_back({node.left + 1, 2 * visit.place + 1, visit.level + 1});
  }
}

CompleteForest::MixedSplit CompleteForest::makeMixedSplit(const TreeNode& node,
                                                          const ForestDescription& description,
                                                          const Ranking& ranking) {
  MixedSplit split{};
  split.column = ranking.columnOf(node);
  if (node.categorySet != 0) {
    const RankSet set = makeRankSet(node, description);
    for (uint32_t i = 0; i < set.bytes.size(); ++i) {
      split.goesRight[i / 4] |= static_cast<uint32_t>(set.bytes[i]) << (8 * (i % 4));
    }
    return split;
  }
  for (uint32_t rank = ranking.rankOf(node) + 1U; rank <= kMaxRank; ++rank) {
    split.goesRight[rank / kBitsOfWord] |= 1U << (rank % kBitsOfWord);
  }
  return split;
}

void CompleteForest::addGroup(size_t number, const uint8_t* rowRanks, float* margins) const {
  const Group& group = groups_[number];
  AUSPEX_ASSERT(group.depth > 0);
  Places places;
  if (group.hasCategories) {
    findLeaves(group.depth, MixedStep{mixedSplits_.data() + group.firstSplit, rowRanks}, places);
  } else {
    findLeaves(group.depth, NumericStep{numericSplits_.data() + group.firstSplit, rowRanks},
               places);
  }
  const float* const leaves = leaves_.data() + group.firstLeaf;
  if (group.hasOneOutput) {
    float margin = margins[group.outputs[0]];
    for (const size_t place : places) {
      margin += leaves[place];
    }
    margins[group.outputs[0]] = margin;
    return;
  }
  for (size_t tree = 0; tree < kTreesOfGroup; ++tree) {
    margins[group.outputs[tree]] += leaves[places[tree]];
  }
}

}  // namespace auspex::operators
