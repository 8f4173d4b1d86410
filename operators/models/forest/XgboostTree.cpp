// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/XgboostTree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "operators/models/forest/ForestLimits.h"

namespace auspex::operators {

namespace {

constexpr int32_t kNoChild = -1;
/// What the file writes as the parent of a root.
constexpr int32_t kNoParent = std::numeric_limits<int32_t>::max();

/// Fields that describe how the tree was trained and change no score.
constexpr std::array<std::string_view, 4> kIgnored = {"id", "leaf_child_counts", "loss_changes",
                                                      "leaf_child_cnt"};

int64_t parseCount(DocumentReader& document, const std::string& key) {
  const std::string text = document.readString();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    document.fail(key + ": '" + text.substr(0, 40) + "' is not a count");
  }
  return value;
}

void readTreeParameters(DocumentReader& document, XgboostTree& tree) {
  std::string key;
  document.beginObject();
  while (document.nextMember(key)) {
    if (key == "num_nodes") {
      tree.numNodes = parseCount(document, key);
    } else if (key == "num_deleted") {
      tree.numDeleted = parseCount(document, key);
    } else if (key == "size_leaf_vector") {
      tree.leafVectorSize = parseCount(document, key);
    } else {
      document.skip();
    }
  }
}

/// The sets of a tree's categorical splits: per node the place in forest.categorySets + 1.
std::vector<uint32_t> addCategorySets(const XgboostTree& tree, ForestDescription& forest,
                                      size_t& numCategoryWords) {
  std::vector<uint32_t> setOfNode(tree.left.size(), 0);
  if (tree.categoryOffsets.size() != tree.categoryNodes.size() ||
      tree.categoryCounts.size() != tree.categoryNodes.size()) {
    throw ModelError("categories_nodes, categories_segments and categories_sizes differ in length");
  }
  for (size_t i = 0; i < tree.categoryNodes.size(); ++i) {
    const auto node = static_cast<size_t>(tree.categoryNodes[i]);
    if (tree.categoryNodes[i] < 0 || node >= setOfNode.size() || setOfNode[node] != 0) {
      failAt("categories_nodes", i, std::to_string(tree.categoryNodes[i]) + " is no node or twice");
    }
    const auto numCategories = static_cast<int64_t>(tree.categories.size());
    const int64_t offset = tree.categoryOffsets[i];
    const int64_t count = tree.categoryCounts[i];
    if (offset < 0 || count < 0 || offset > numCategories || count > numCategories - offset) {
      failAt("categories_segments", i, "lies outside the categories");
    }
    const auto first = tree.categories.begin() + offset;
    int32_t largest = -1;
    for (auto category = first; category != first + count; ++category) {
      if (*category < 0 || *category >= ForestLimits::kCategories) {
        failAt("categories", static_cast<size_t>(category - tree.categories.begin()),
               std::to_string(*category) + " is no category");
      }
      largest = std::max(largest, *category);
    }
    std::vector<uint32_t> words(static_cast<size_t>(largest / 32 + (largest >= 0 ? 1 : 0)));
    numCategoryWords += words.size();
    if (numCategoryWords > ForestLimits::kCategoryWords) {
      throw ModelError("categories: the category sets take more than 64 MiB");
    }
    for (auto category = first; category != first + count; ++category) {
      words[static_cast<size_t>(*category) / 32] |= 1U << (static_cast<uint32_t>(*category) % 32U);
    }
    forest.categorySets.push_back(std::move(words));
    setOfNode[node] = static_cast<uint32_t>(forest.categorySets.size());
  }
  return setOfNode;
}

bool hasVectorLeaves(const XgboostTree& tree) {
  return tree.leafVectorSize > 1;
}

bool isLeaf(const XgboostTree& tree, size_t node) {
  return tree.left[node] == kNoChild && (tree.right[node] == kNoChild || hasVectorLeaves(tree));
}

/// The values of a vector leaf, one per output.
std::span<const float> leafVector(const XgboostTree& tree, size_t node) {
  const auto size = static_cast<size_t>(tree.leafVectorSize);
  size_t row = node;
  if (!tree.leafWeights.empty()) {
    row = static_cast<size_t>(tree.right[node]);
    if (tree.right[node] < 0 || row >= tree.leafWeights.size() / size) {
      failAt("right_children", node,
             std::to_string(tree.right[node]) + " is no row of leaf_weights");
    }
  }
  const std::vector<float>& values = tree.leafWeights.empty() ? tree.baseWeights : tree.leafWeights;
  return {values.data() + row * size, size};
}

void checkVectorLeaves(const XgboostTree& tree, size_t numOutputs) {
  const auto size = static_cast<size_t>(tree.leafVectorSize);
  if (size != numOutputs) {
    throw ModelError("tree_param.size_leaf_vector: " + std::to_string(size) + ", but there are " +
                     std::to_string(numOutputs) + " outputs");
  }
  if (tree.leafWeights.empty() && tree.baseWeights.size() != tree.left.size() * size) {
    throw ModelError("base_weights: has " + std::to_string(tree.baseWeights.size()) +
                     " entries for " + std::to_string(tree.left.size()) + " nodes of " +
                     std::to_string(size) + " outputs");
  }
  if (tree.leafWeights.size() % size != 0) {
    throw ModelError("leaf_weights: has " + std::to_string(tree.leafWeights.size()) +
                     " entries, not a multiple of " + std::to_string(size));
  }
  if (tree.left.size() * size > ForestLimits::kNodesPerTree) {
    throw ModelError("left_children: more than " + std::to_string(ForestLimits::kNodesPerTree) +
                     " nodes over all outputs");
  }
}

void checkShape(const XgboostTree& tree, size_t numOutputs) {
  const size_t numNodes = tree.left.size();
  if (numNodes == 0) {
    throw ModelError("left_children: a tree needs at least one node");
  }
  if (numNodes > ForestLimits::kNodesPerTree) {
    throw ModelError("left_children: more than " + std::to_string(ForestLimits::kNodesPerTree) +
                     " nodes");
  }
  const auto requireLength = [&](std::string_view field, size_t length) {
    if (length != numNodes) {
      throw ModelError(std::string(field) + ": has " + std::to_string(length) + " entries for " +
                       std::to_string(numNodes) + " nodes");
    }
  };
  requireLength("right_children", tree.right.size());
  requireLength("parents", tree.parents.size());
  requireLength("split_indices", tree.features.size());
  requireLength("split_conditions", tree.conditions.size());
  requireLength("default_left", tree.defaultLeft.size());
  if (!tree.covers.empty()) {
    requireLength("sum_hessian", tree.covers.size());
  }
  if (hasVectorLeaves(tree)) {
    checkVectorLeaves(tree, numOutputs);
  } else if (!tree.leafWeights.empty()) {
    throw ModelError("leaf_weights: stands in a tree without vector leaves");
  }
  if (!tree.isCategorical.empty()) {
    requireLength("split_type", tree.isCategorical.size());
  }
  if (tree.numNodes != static_cast<int64_t>(numNodes)) {
    throw ModelError("tree_param.num_nodes: " + std::to_string(tree.numNodes) + " for " +
                     std::to_string(numNodes) + " nodes");
  }
  if (tree.parents[0] != kNoParent && tree.parents[0] != -1) {
    failAt("parents", 0, "the root has a parent");
  }
}

/// Turns one node of the file into a node of ours, without its children.
TreeNode makeNode(const XgboostTree& tree, size_t node, const std::vector<uint32_t>& setOfNode,
                  size_t numFeatures, float weight) {
  TreeNode made;
  made.value = tree.conditions[node];
  made.id = static_cast<uint32_t>(node);
  made.cover = tree.covers.empty() ? 0.0F : tree.covers[node];
  if (isLeaf(tree, node)) {
    made.value = weight * (hasVectorLeaves(tree) ? leafVector(tree, node)[0] : made.value);
    if (!std::isfinite(made.value)) {
      failAt("split_conditions", node, "the value of a leaf is not finite");
    }
    return made;
  }
  if (tree.features[node] < 0 || static_cast<size_t>(tree.features[node]) >= numFeatures) {
    failAt("split_indices", node,
           std::to_string(tree.features[node]) + " is no feature; the model has " +
               std::to_string(numFeatures));
  }
  made.feature = static_cast<uint32_t>(tree.features[node]);
  made.defaultLeft = tree.defaultLeft[node] != 0;
  if (!tree.isCategorical.empty() && tree.isCategorical[node] != 0) {
    made.categorySet = setOfNode[node];
    made.value = 0;
    if (made.categorySet == 0) {
      failAt("split_type", node, "the split is categorical but has no categories");
    }
  } else if (!std::isfinite(made.value)) {
    failAt("split_conditions", node, "the threshold of a split is not finite");
  }
  return made;
}

/// Contributions need a weight of every node, none of them negative.
void noteCovers(const XgboostTree& tree, ForestDescription& forest) {
  const bool isSound = std::all_of(tree.covers.begin(), tree.covers.end(),
                                   [](float cover) { return std::isfinite(cover) && cover >= 0; });
  forest.hasCovers = forest.hasCovers && isSound && !tree.covers.empty();
}

/// Adds the tree once per output, each time with that output's values in the leaves. The sums are
/// the same, and everything that scores trees need not know of vectors.
void addPerOutput(const XgboostTree& tree, TreeDescription made, float weight,
                  ForestDescription& forest) {
  for (uint32_t output = 0; output < static_cast<uint32_t>(tree.leafVectorSize); ++output) {
    made.output = output;
    made.repeats = output > 0;
    for (TreeNode& node : made.nodes) {
      if (node.left != 0) {
        continue;
      }
      node.value = weight * leafVector(tree, node.id)[output];
      if (!std::isfinite(node.value)) {
        failAt("leaf_weights", node.id, "the value of a leaf is not finite");
      }
    }
    forest.trees.push_back(made);
  }
}

/// Checks a child of a node in the file and marks it as reached.
void reachChild(const XgboostTree& tree, std::string_view field, size_t node, int32_t child,
                std::vector<uint8_t>& reached) {
  if (child <= 0 || static_cast<size_t>(child) >= tree.left.size()) {
    failAt(field, node, std::to_string(child) + " is no node below the root");
  }
  const auto place = static_cast<size_t>(child);
  if (reached[place] != 0) {
    failAt(field, node, "node " + std::to_string(child) + " is the child of two nodes");
  }
  if (tree.parents[place] != static_cast<int32_t>(node)) {
    failAt("parents", place,
           std::to_string(tree.parents[place]) + ", but it is a child of node " +
               std::to_string(node));
  }
  reached[place] = 1;
}

}  // namespace

XgboostTree readXgboostTree(DocumentReader& document) {
  XgboostTree tree;
  std::string key;
  document.beginObject();
  while (document.nextMember(key)) {
    if (key == "left_children") {
      document.readIntegers(tree.left);
    } else if (key == "right_children") {
      document.readIntegers(tree.right);
    } else if (key == "parents") {
      document.readIntegers(tree.parents);
    } else if (key == "split_indices") {
      document.readIntegers(tree.features);
    } else if (key == "split_conditions") {
      document.readFloats(tree.conditions);
    } else if (key == "default_left") {
      document.readFlags(tree.defaultLeft);
    } else if (key == "split_type") {
      document.readFlags(tree.isCategorical);
    } else if (key == "categories") {
      document.readIntegers(tree.categories);
    } else if (key == "categories_nodes") {
      document.readIntegers(tree.categoryNodes);
    } else if (key == "categories_segments") {
      document.readIntegers(tree.categoryOffsets);
    } else if (key == "categories_sizes") {
      document.readIntegers(tree.categoryCounts);
    } else if (key == "tree_param") {
      readTreeParameters(document, tree);
    } else if (key == "sum_hessian") {
      document.readFloats(tree.covers);
    } else if (key == "base_weights") {
      document.readFloats(tree.baseWeights);
    } else if (key == "leaf_weights") {
      document.readFloats(tree.leafWeights);
    } else if (std::find(kIgnored.begin(), kIgnored.end(), key) != kIgnored.end()) {
      document.skip();
    } else {
      document.fail("unknown field '" + key.substr(0, 80) +
                    "' in a tree: it may change what the tree means");
    }
  }
  if (!hasVectorLeaves(tree)) {
    tree.baseWeights = {};
  }
  return tree;
}

void addXgboostTree(const XgboostTree& tree, uint32_t output, float weight,
                    ForestDescription& forest, size_t& numCategoryWords) {
  checkShape(tree, forest.baseMargins.size());
  const std::vector<uint32_t> setOfNode = addCategorySets(tree, forest, numCategoryWords);
  TreeDescription made;
  made.output = output;
  made.nodes.reserve(tree.left.size());
  // The places in the file of the nodes that are made, in the same breadth-first order.
  std::vector<size_t> queue{0};
  std::vector<uint8_t> reached(tree.left.size(), 0);
  size_t endOfLevel = 1;
  for (size_t next = 0; next < queue.size(); ++next) {
    const size_t node = queue[next];
    made.nodes.push_back(makeNode(tree, node, setOfNode, forest.numFeatures, weight));
    if (next == endOfLevel) {
      endOfLevel = queue.size();
      if (++made.depth > ForestLimits::kDepth) {
        throw ModelError("left_children: the tree is deeper than " +
                         std::to_string(ForestLimits::kDepth));
      }
    }
    if (!isLeaf(tree, node)) {
      reachChild(tree, "left_children", node, tree.left[node], reached);
      reachChild(tree, "right_children", node, tree.right[node], reached);
      made.nodes.back().left = static_cast<uint32_t>(queue.size());
      queue.push_back(static_cast<size_t>(tree.left[node]));
      queue.push_back(static_cast<size_t>(tree.right[node]));
    }
  }
  const size_t numUnreached = tree.left.size() - queue.size();
  if (tree.numDeleted >= 0 && static_cast<int64_t>(numUnreached) != tree.numDeleted) {
    throw ModelError("left_children: " + std::to_string(numUnreached) +
                     " nodes are not reached from the root, but " +
                     std::to_string(tree.numDeleted) + " were deleted");
  }
  noteCovers(tree, forest);
  if (hasVectorLeaves(tree)) {
    addPerOutput(tree, std::move(made), weight, forest);
  } else {
    forest.trees.push_back(std::move(made));
  }
}

}  // namespace auspex::operators
