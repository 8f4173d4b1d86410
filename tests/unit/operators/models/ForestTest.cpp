// SPDX-License-Identifier: Apache-2.0
// The compiled forest against a plain walk over the description: every row alone or in company,
// with or without the instruction sets chosen at run time, bit for bit.
#include "operators/models/forest/Forest.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace auspex::operators;

namespace {

constexpr float kMissingFeature = std::numeric_limits<float>::quiet_NaN();

struct ForestShape {
  size_t features;
  size_t outputs;
  size_t trees;
  uint32_t depth;
  /// Words of 32 categories in the sets of categorical splits; 0 for none.
  size_t categoryWords;
};

constexpr size_t kManyNodes = 8192;

/// Grows a random tree in breadth-first order; thresholds are often values that rows hold exactly.
TreeDescription growTree(std::mt19937& random, const ForestShape& shape,
                         ForestDescription& forest) {
  std::uniform_real_distribution<float> value(-2, 2);
  TreeDescription tree;
  tree.output = static_cast<uint32_t>(random() % shape.outputs);
  tree.nodes.emplace_back();
  std::vector<uint32_t> depths{0};
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    tree.depth = std::max(tree.depth, depths[i]);
    tree.nodes[i].value = value(random);
    // Beyond so many nodes only the last one is split: depth without billions of leaves.
    const bool isFull = tree.nodes.size() > kManyNodes;
    const bool isLeaf = isFull ? i + 1 < tree.nodes.size() : random() % 8 == 0;
    if (depths[i] == shape.depth || isLeaf) {
      continue;
    }
    TreeNode& node = tree.nodes[i];
    node.left = static_cast<uint32_t>(tree.nodes.size());
    node.feature = static_cast<uint32_t>(random() % shape.features);
    node.defaultLeft = random() % 2 == 0;
    if (shape.categoryWords > 0 && random() % 2 == 0) {
      std::vector<uint32_t> words(shape.categoryWords);
      std::generate(words.begin(), words.end(), [&] { return static_cast<uint32_t>(random()); });
      if (words.size() == 4) {
        words[3] &= 0x3FFFFFFFU;  // up to category 125
      }
      forest.categorySets.push_back(std::move(words));
      node.categorySet = static_cast<uint32_t>(forest.categorySets.size());
    } else if (random() % 2 == 0) {
      node.value = static_cast<float>(static_cast<int>(random() % 5)) - 2.0F;
    }
    tree.nodes.resize(tree.nodes.size() + 2);
    depths.resize(tree.nodes.size(), depths[i] + 1);
  }
  return tree;
}

ForestDescription growForest(std::mt19937& random, const ForestShape& shape) {
  ForestDescription forest;
  forest.numFeatures = shape.features;
  forest.baseMargins.assign(shape.outputs, 0.25F);
  for (size_t i = 0; i < shape.trees; ++i) {
    forest.trees.push_back(growTree(random, shape, forest));
  }
  return forest;
}

std::vector<float> makeRows(std::mt19937& random, size_t rows, size_t features) {
  const std::vector<float> edges = {kMissingFeature,
                                    0.0F,
                                    -0.0F,
                                    1.0F,
                                    -1.0F,
                                    2.0F,
                                    -2.0F,
                                    31.9F,
                                    32.0F,
                                    1e9F,
                                    -0.5F,
                                    std::numeric_limits<float>::infinity(),
                                    -std::numeric_limits<float>::infinity(),
                                    std::numeric_limits<float>::denorm_min(),
                                    std::numeric_limits<float>::max()};
  std::uniform_real_distribution<float> value(-3, 33);
  std::uniform_real_distribution<float> category(0, 170);
  std::vector<float> matrix(rows * features);
  for (float& cell : matrix) {
    cell = random() % 3 == 0   ? edges[random() % edges.size()]
           : random() % 3 == 0 ? category(random)
                               : value(random);
  }
  return matrix;
}

/// The rules as the reference states them, one row and one node at a time.
std::vector<float> walkPlainly(const ForestDescription& forest, const float* row) {
  std::vector<float> margins = forest.baseMargins;
  for (const TreeDescription& tree : forest.trees) {
    size_t place = 0;
    while (tree.nodes[place].left != 0) {
      const TreeNode& node = tree.nodes[place];
      const float value = row[node.feature];
      bool goesLeft = node.defaultLeft;
      if (!std::isnan(value) && node.categorySet != 0) {
        const std::vector<uint32_t>& set = forest.categorySets[node.categorySet - 1];
        const bool isCategory = value >= 0 && value < static_cast<float>(32 * set.size());
        const uint32_t category = isCategory ? static_cast<uint32_t>(value) : 0;
        goesLeft = !isCategory || ((set[category / 32] >> (category % 32)) & 1U) == 0;
      } else if (!std::isnan(value)) {
        goesLeft = value < node.value;
      }
      place = node.left + (goesLeft ? 0 : 1);
    }
    margins[tree.output] += tree.nodes[place].value;
  }
  return margins;
}

/// All that this processor has.
std::vector<Instructions> allInstructions() {
  std::vector<Instructions> all = {Instructions::Portable, Instructions::Avx2,
                                   Instructions::Avx512};
  std::erase_if(all, [](Instructions each) { return each > bestInstructions(); });
  return all;
}

bool sameBits(const float* left, const float* right, size_t count) {
  return std::memcmp(left, right, count * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("Any forest, any number of rows, any instructions: the same bits as a plain walk") {
  const std::vector<ForestShape> shapes = {
      {1, 1, 1, 0, 0},   {3, 1, 5, 1, 0},     {7, 1, 40, 4, 0}, {30, 1, 60, 6, 0},
      {5, 3, 30, 6, 0},  {200, 2, 20, 12, 0}, {4, 1, 3, 30, 0}, {6, 1, 30, 6, 1},
      {9, 4, 25, 9, 4},  {6, 1, 40, 6, 4},    {5, 2, 40, 5, 5}, {300, 1, 200, 8, 0},
      {2, 1, 300, 7, 0},
  };
  std::mt19937 random(7);
  constexpr size_t kRows = 1024;
  for (const ForestShape& shape : shapes) {
    CAPTURE(shape.features);
    CAPTURE(shape.trees);
    CAPTURE(shape.depth);
    const ForestDescription description = growForest(random, shape);
    const auto depthOf = [](const TreeDescription& tree) { return tree.depth; };
    CHECK(std::ranges::max(description.trees, {}, depthOf).depth == shape.depth);
    const std::vector<float> matrix = makeRows(random, kRows, shape.features);
    std::vector<float> expected;
    for (size_t row = 0; row < kRows; ++row) {
      const auto margins = walkPlainly(description, matrix.data() + row * shape.features);
      expected.insert(expected.end(), margins.begin(), margins.end());
    }
    for (const size_t rowsPerCall : {size_t{1}, size_t{2}, size_t{7}, size_t{33}, size_t{1024}}) {
      for (const Instructions instructions : allInstructions()) {
        CAPTURE(rowsPerCall);
        CAPTURE(static_cast<int>(instructions));
        const Forest forest(description, instructions);
        std::vector<float> margins(expected.size());
        for (size_t row = 0; row < kRows; row += rowsPerCall) {
          const size_t rows = std::min(rowsPerCall, kRows - row);
          forest.computeMargins(
              {matrix.data() + row * shape.features, rows, shape.features},
              std::span(margins).subspan(row * shape.outputs, rows * shape.outputs));
        }
        CHECK(sameBits(margins.data(), expected.data(), expected.size()));
      }
    }
  }
}

TEST_CASE("Trees scored by ranks, by any instructions: the same bits as a plain walk") {
  const std::vector<ForestShape> shapes = {
      {1, 1, 6, 0, 0},   {3, 1, 12, 2, 0}, {12, 2, 40, 6, 0},
      {4, 1, 120, 2, 1}, {6, 1, 20, 8, 0}, {2, 1, 60, 3, 0},
  };
  std::mt19937 random(11);
  constexpr size_t kRows = kRowsPerBlock;
  for (const ForestShape& shape : shapes) {
    CAPTURE(shape.features);
    CAPTURE(shape.trees);
    const ForestDescription description = growForest(random, shape);
    const RankForest ranked(description);
    CHECK(ranked.isWorthwhile());
    const std::vector<float> matrix = makeRows(random, kRows, shape.features);
    for (const size_t rows : {size_t{1}, size_t{31}, size_t{32}, size_t{100}, kRows}) {
      for (const Instructions instructions : allInstructions()) {
        std::vector<int8_t> ranks(ranked.ranking().numColumns() * kRowsPerBlock);
        ranked.ranking().rankBlock(matrix.data(), rows, shape.features, ranks.data(), instructions);
        size_t numTaken = 0;
        for (size_t i = 0; i < description.trees.size(); ++i) {
          if (!ranked.covers(i)) {
            continue;
          }
          ++numTaken;
          ForestDescription alone = description;
          alone.trees = {description.trees[i]};
          alone.trees[0].output = 0;
          alone.baseMargins = {0.25F};
          std::vector<float> margins(rows, 0.25F);
          ranked.addTree(i, ranks.data(), rows, margins.data(), 1, instructions);
          bool isSame = true;
          for (size_t row = 0; row < rows; ++row) {
            const auto expected = walkPlainly(alone, matrix.data() + row * shape.features);
            isSame = isSame && sameBits(expected.data(), margins.data() + row, 1);
          }
          CHECK(isSame);
        }
        CHECK(numTaken > 5);
      }
    }
  }
}

TEST_CASE("A tree of too many leaves, thresholds or levels is not ranked") {
  std::mt19937 random(13);
  ForestDescription description = growForest(random, {1, 1, 1, 0, 0});
  CHECK(RankForest(description).covers(0));
  description = growForest(random, {30, 1, 1, 12, 0});
  CHECK(description.trees[0].nodes.size() > 511);
  CHECK_FALSE(RankForest(description).covers(0));
  description = growForest(random, {1, 1, 300, 5, 0});
  size_t last = description.trees.size() - 1;
  while (description.trees[last].nodes.size() == 1) {
    --last;  // a tree that is only a leaf has no thresholds
  }
  CHECK_FALSE(RankForest(description).covers(last));
}

TEST_CASE("Complete trees by ranks: every group of shallow trees, not of deep or sparse ones") {
  std::mt19937 random(17);
  for (const ForestShape& shape : std::vector<ForestShape>{
           {3, 1, 11, 2, 0}, {9, 2, 20, 6, 0}, {6, 3, 17, 6, 4}, {4, 1, 8, 8, 1}}) {
    CAPTURE(shape.trees);
    CAPTURE(shape.depth);
    const ForestDescription description = growForest(random, shape);
    const Ranking ranking(description);
    const CompleteForest complete(description, ranking);
    const std::vector<float> matrix = makeRows(random, kRowsPerBlock, shape.features);
    std::vector<uint8_t> ranks(complete.numRowBytes());
    size_t numDifferent = 0;
    for (size_t row = 0; row < kRowsPerBlock; ++row) {
      const float* const values = matrix.data() + row * shape.features;
      std::vector<float> margins = description.baseMargins;
      ranking.rankRow(values, ranks.data());
      for (size_t group = 0; group * CompleteForest::kTreesOfGroup < shape.trees; ++group) {
        REQUIRE(complete.has(group));
        complete.addGroup(group, ranks.data(), margins.data());
      }
      numDifferent +=
          sameBits(margins.data(), walkPlainly(description, values).data(), margins.size()) ? 0 : 1;
    }
    CHECK(numDifferent == 0);
  }
  ForestDescription description = growForest(random, {30, 1, 8, 9, 0});
  CHECK_FALSE(CompleteForest(description, Ranking(description)).has(0));
  // A chain of eight splits, each with a leaf, alone in its group.
  description = growForest(random, {1, 1, 1, 0, 0});
  TreeDescription& chain = description.trees[0];
  for (uint32_t depth = 0; depth < CompleteForest::kMaxDepth; ++depth) {
    chain.nodes.back().left = static_cast<uint32_t>(chain.nodes.size());
    chain.nodes.resize(chain.nodes.size() + 2);
    chain.depth = depth + 1;
  }
  CHECK_FALSE(CompleteForest(description, Ranking(description)).has(0));
}

TEST_CASE("No rows, and no trees, are no trouble") {
  ForestDescription description;
  description.numFeatures = 2;
  description.baseMargins = {1.5F, -1.0F};
  const Forest forest(description);
  forest.computeMargins({nullptr, 0, 2}, {});
  std::vector<float> margins(2);
  const std::vector<float> row = {1, 2};
  forest.computeMargins({row.data(), 1, 2}, margins);
  CHECK(margins == description.baseMargins);
}
