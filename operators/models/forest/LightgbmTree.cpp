// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/LightgbmTree.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "operators/models/ModelError.h"
#include "operators/models/forest/ForestLimits.h"

namespace auspex::operators {

namespace {

// Bits of decision_type.
constexpr int64_t kCategorical = 1;
constexpr int64_t kDefaultLeft = 2;
enum class Missing : uint8_t { None, Zero, Nan };

template <typename Number>
std::vector<Number> parseList(std::string_view field, std::string_view text) {
  std::vector<Number> values;
  const char* next = text.data();
  const char* const end = next + text.size();
  while (next != end) {
    if (*next == ' ') {
      ++next;
      continue;
    }
    Number value{};
    const auto [stop, error] = std::from_chars(next, end, value);
    if (error != std::errc() || (stop != end && *stop != ' ')) {
      failAt(field, values.size(),
             "'" + std::string(next, std::min(end, next + 40)) + "' is no number of its kind");
    }
    values.push_back(value);
    next = stop;
  }
  return values;
}

/// A tree as it stands in the file. Splits and leaves are numbered apart; a child below 0 is the
/// leaf ~child.
struct Lists {
  size_t numLeaves = 0;
  std::vector<int64_t> features;
  std::vector<double> thresholds;
  std::vector<int64_t> decisions;
  std::vector<int64_t> left;
  std::vector<int64_t> right;
  std::vector<double> leafValues;
  std::vector<double> leafCounts;
  std::vector<double> splitCounts;
  std::vector<int64_t> categoryStarts;
  std::vector<int64_t> categoryWords;
};

std::string_view textOf(const LightgbmFields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string_view() : found->second;
}

int64_t countOf(const LightgbmFields& fields, std::string_view name, int64_t limit) {
  const std::vector<int64_t> values = parseIntegers(name, textOf(fields, name));
  if (values.size() != 1 || values[0] < 0 || values[0] > limit) {
    throw ModelError(std::string(name) + ": is missing or not a number from 0 to " +
                     std::to_string(limit));
  }
  return values[0];
}

Lists readLists(const LightgbmFields& fields) {
  constexpr auto kMaxLeaves = static_cast<int64_t>(ForestLimits::kNodesPerTree / 2);
  Lists tree;
  tree.numLeaves = static_cast<size_t>(countOf(fields, "num_leaves", kMaxLeaves));
  if (tree.numLeaves == 0) {
    throw ModelError("num_leaves: a tree needs at least one leaf");
  }
  if (fields.contains("is_linear") && countOf(fields, "is_linear", 1) == 1) {
    throw ModelError("is_linear: trees with linear models in their leaves are not supported");
  }
  tree.leafValues = parseNumbers("leaf_value", textOf(fields, "leaf_value"));
  const auto requireLength = [](std::string_view field, size_t length, size_t wanted) {
    if (length != wanted) {
      throw ModelError(std::string(field) + ": has " + std::to_string(length) + " entries, not " +
                       std::to_string(wanted));
    }
  };
  requireLength("leaf_value", tree.leafValues.size(), tree.numLeaves);
  const size_t numSplits = tree.numLeaves - 1;
  if (numSplits == 0) {
    return tree;
  }
  const auto integers = [&](std::string_view name) {
    std::vector<int64_t> values = parseIntegers(name, textOf(fields, name));
    requireLength(name, values.size(), numSplits);
    return values;
  };
  tree.features = integers("split_feature");
  tree.decisions = integers("decision_type");
  tree.left = integers("left_child");
  tree.right = integers("right_child");
  tree.thresholds = parseNumbers("threshold", textOf(fields, "threshold"));
  requireLength("threshold", tree.thresholds.size(), numSplits);
  tree.leafCounts = parseNumbers("leaf_count", textOf(fields, "leaf_count"));
  tree.splitCounts = parseNumbers("internal_count", textOf(fields, "internal_count"));
  if (!tree.leafCounts.empty() || !tree.splitCounts.empty()) {
    requireLength("leaf_count", tree.leafCounts.size(), tree.numLeaves);
    requireLength("internal_count", tree.splitCounts.size(), numSplits);
  }
  tree.categoryStarts = parseIntegers("cat_boundaries", textOf(fields, "cat_boundaries"));
  tree.categoryWords = parseIntegers("cat_threshold", textOf(fields, "cat_threshold"));
  return tree;
}

/// The set of a categorical split, whose threshold is its place; the place in the forest + 1.
uint32_t addCategorySet(const Lists& tree, size_t split, ForestDescription& forest,
                        size_t& numCategoryWords) {
  const double place = tree.thresholds[split];
  const size_t numSets = tree.categoryStarts.empty() ? 0 : tree.categoryStarts.size() - 1;
  if (!(place >= 0 && place < static_cast<double>(numSets)) || place != std::floor(place)) {
    failAt("threshold", split, "names no set of categories");
  }
  const int64_t first = tree.categoryStarts[static_cast<size_t>(place)];
  const int64_t end = tree.categoryStarts[static_cast<size_t>(place) + 1];
  if (first < 0 || end < first || end > static_cast<int64_t>(tree.categoryWords.size()) ||
      end - first > ForestLimits::kCategories / 32) {
    failAt("cat_boundaries", static_cast<size_t>(place), "lies outside cat_threshold");
  }
  std::vector<uint32_t> words;
  for (int64_t i = first; i < end; ++i) {
    const int64_t word = tree.categoryWords[static_cast<size_t>(i)];
    if (word < 0 || word > std::numeric_limits<uint32_t>::max()) {
      failAt("cat_threshold", static_cast<size_t>(i), "is no word of 32 categories");
    }
    words.push_back(static_cast<uint32_t>(word));
  }
  numCategoryWords += words.size();
  if (numCategoryWords > ForestLimits::kCategoryWords) {
    throw ModelError("cat_threshold: the category sets take more than 64 MiB");
  }
  forest.categorySets.push_back(std::move(words));
  return static_cast<uint32_t>(forest.categorySets.size());
}

/// Makes a node of a split, without its children, and its threshold.
TreeNode makeSplit(const Lists& tree, size_t split, ForestDescription& forest,
                   size_t& numCategoryWords, double& threshold) {
  TreeNode node;
  if (tree.features[split] < 0 || static_cast<size_t>(tree.features[split]) >= forest.numFeatures) {
    failAt("split_feature", split,
           std::to_string(tree.features[split]) + " is no feature; the model has " +
               std::to_string(forest.numFeatures));
  }
  node.feature = static_cast<uint32_t>(tree.features[split]);
  const int64_t decision = tree.decisions[split];
  if (decision < 0 || decision > 15 || (decision >> 2) == 3) {
    failAt("decision_type", split, std::to_string(decision) + " is not known");
  }
  if ((decision & kCategorical) != 0) {
    // In the file the set goes left and everything else, missing too, right; ours is the mirror.
    node.categorySet = addCategorySet(tree, split, forest, numCategoryWords);
    node.defaultLeft = true;
    return node;
  }
  const double written = tree.thresholds[split];
  if (std::isnan(written)) {
    failAt("threshold", split, "is not a number");
  }
  // value <= t is value < the next double above t; what stands above infinity is reached by none.
  constexpr double kWideInfinity = std::numeric_limits<double>::infinity();
  threshold = written == kWideInfinity ? std::numeric_limits<double>::quiet_NaN()
                                       : std::nextafter(written, kWideInfinity);
  const auto missing = static_cast<Missing>(decision >> 2);
  node.zeroIsMissing = missing == Missing::Zero;
  // Without a missing kind NaN counts as 0.
  node.defaultLeft = missing == Missing::None ? written >= 0 : (decision & kDefaultLeft) != 0;
  return node;
}

/// Turns the lists into breadth-first nodes.
class TreeMaker {
 public:
  TreeMaker(const Lists& tree, ForestDescription& forest, size_t& numCategoryWords)
      : tree_(tree),
        forest_(forest),
        numCategoryWords_(numCategoryWords),
        splitReached_(tree.numLeaves - 1, 0),
        leafReached_(tree.numLeaves, 0) {}

  TreeDescription make() {
    // Children as in the file: splits by number, leaves as ~number.
    std::vector<int64_t> queue{tree_.numLeaves == 1 ? ~int64_t{0} : 0};
    reach("num_leaves", 0, queue[0]);
    size_t endOfLevel = 1;
    for (size_t next = 0; next < queue.size(); ++next) {
      if (next == endOfLevel) {
        endOfLevel = queue.size();
        if (++made_.depth > ForestLimits::kDepth) {
          throw ModelError("left_child: the tree is deeper than " +
                           std::to_string(ForestLimits::kDepth));
        }
      }
      const int64_t child = queue[next];
      if (child < 0) {
        addLeaf(static_cast<size_t>(~child));
        continue;
      }
      const auto split = static_cast<size_t>(child);
      double threshold = 0;
      TreeNode node = makeSplit(tree_, split, forest_, numCategoryWords_, threshold);
      node.id = static_cast<uint32_t>(split);
      node.cover = countOf(tree_.splitCounts, split);
      node.left = static_cast<uint32_t>(queue.size());
      reach("left_child", split, tree_.left[split]);
      reach("right_child", split, tree_.right[split]);
      const bool isMirrored = node.categorySet != 0;
      queue.push_back(isMirrored ? tree_.right[split] : tree_.left[split]);
      queue.push_back(isMirrored ? tree_.left[split] : tree_.right[split]);
      made_.nodes.push_back(node);
      made_.wideValues.push_back(threshold);
    }
    if (made_.nodes.size() != 2 * tree_.numLeaves - 1) {
      throw ModelError("left_child: not all splits and leaves are reached from the root");
    }
    return std::move(made_);
  }

 private:
  void addLeaf(size_t leaf) {
    if (!std::isfinite(tree_.leafValues[leaf])) {
      failAt("leaf_value", leaf, "the value of a leaf is not finite");
    }
    TreeNode node;
    node.id = static_cast<uint32_t>(leaf);
    node.cover = countOf(tree_.leafCounts, leaf);
    made_.nodes.push_back(node);
    made_.wideValues.push_back(tree_.leafValues[leaf]);
  }

  float countOf(const std::vector<double>& counts, size_t place) {
    const double count = counts.empty() ? 0 : counts[place];
    const bool isSound = count >= 0 && count < 1e30 && (tree_.numLeaves == 1 || !counts.empty());
    forest_.hasCovers = forest_.hasCovers && isSound;
    return isSound ? static_cast<float>(count) : 0.0F;
  }

  void reach(std::string_view field, size_t place, int64_t child) {
    std::vector<uint8_t>& reached = child < 0 ? leafReached_ : splitReached_;
    const int64_t number = child < 0 ? ~child : child;
    if (number >= static_cast<int64_t>(reached.size())) {
      failAt(field, place, std::to_string(child) + " is neither a split nor a leaf");
    }
    uint8_t& mark = reached[static_cast<size_t>(number)];
    if (mark != 0) {
      failAt(field, place, std::to_string(child) + " is the child of two splits");
    }
    mark = 1;
  }

  const Lists& tree_;
  ForestDescription& forest_;
  size_t& numCategoryWords_;
  std::vector<uint8_t> splitReached_;
  std::vector<uint8_t> leafReached_;
  TreeDescription made_;
};

}  // namespace

std::vector<double> parseNumbers(std::string_view field, std::string_view text) {
  return parseList<double>(field, text);
}

std::vector<int64_t> parseIntegers(std::string_view field, std::string_view text) {
  return parseList<int64_t>(field, text);
}

void addLightgbmTree(const LightgbmFields& fields, uint32_t output, ForestDescription& forest,
                     size_t& numCategoryWords) {
  const Lists tree = readLists(fields);
  TreeDescription made = TreeMaker(tree, forest, numCategoryWords).make();
  made.output = output;
  forest.trees.push_back(std::move(made));
}

}  // namespace auspex::operators
