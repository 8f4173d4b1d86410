// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/TreeShap.h"

#include <algorithm>

#include "operators/data/Assert.h"
#include "operators/models/forest/TreeWalk.h"

namespace auspex::operators {

namespace {

double leafValue(const TreeDescription& tree, size_t node) {
  return tree.wideValues.empty() ? static_cast<double>(tree.nodes[node].value)
                                 : tree.wideValues[node];
}

/// The part of a split's training weight that went to one of its sides. A split that no weight
/// reached says nothing about its sides: each counts half.
double shareOf(const TreeDescription& tree, const TreeNode& split, size_t child) {
  const auto left = static_cast<double>(tree.nodes[split.left].cover);
  const auto right = static_cast<double>(tree.nodes[split.left + 1].cover);
  const double both = left + right;
  return both > 0 ? static_cast<double>(tree.nodes[child].cover) / both : 0.5;
}

/// One feature on the way to a node, as often as it was asked: the share of all rows that would go
/// this way if the feature were not known, and 1 or 0, whether the row goes this way. `weight` sums
/// the weights of all subsets of known features of one size, the size being the element's place.
struct PathElement {
  /// kNobody for the first element, which stands for no feature.
  size_t feature;
  double unknownShare;
  double knownShare;
  double weight;
};

constexpr size_t kNobody = static_cast<size_t>(-1);

/// Puts a feature at the end of a path of `length` elements.
void extendPath(PathElement* path, size_t length, const PathElement& added) {
  path[length] = added;
  path[length].weight = length == 0 ? 1 : 0;
  const auto size = static_cast<double>(length + 1);
  for (size_t i = length; i-- > 0;) {
    path[i + 1].weight += added.knownShare * path[i].weight * static_cast<double>(i + 1) / size;
    path[i].weight = added.unknownShare * path[i].weight * static_cast<double>(length - i) / size;
  }
}

/// Gives the weights that a path of `length` elements has without the one at `place` to `use`, from
/// the longest subsets to the shortest.
template <typename Use>
void weightsWithout(const PathElement* path, size_t length, size_t place, Use use) {
  const double known = path[place].knownShare;
  const double unknown = path[place].unknownShare;
  const auto size = static_cast<double>(length);
  double next = path[length - 1].weight;
  for (size_t i = length - 1; i-- > 0;) {
    const auto smaller = static_cast<double>(length - 1 - i);
    double weight = 0;
    if (known != 0) {
      weight = next * size / (static_cast<double>(i + 1) * known);
      next = path[i].weight - weight * unknown * smaller / size;
    } else {
      weight = path[i].weight * size / (unknown * smaller);
    }
    use(i, weight);
  }
}

/// Takes the element at `place` out of a path of `length` elements.
void shortenPath(PathElement* path, size_t length, size_t place) {
  weightsWithout(path, length, place, [&](size_t i, double weight) { path[i].weight = weight; });
  for (size_t i = place; i + 1 < length; ++i) {
    path[i].feature = path[i + 1].feature;
    path[i].unknownShare = path[i + 1].unknownShare;
    path[i].knownShare = path[i + 1].knownShare;
  }
}

/// The walk over one tree for one row.
template <typename Number>
class Explanation {
 public:
  /// paths: room for the walk, kept from tree to tree.
  Explanation(const ForestDescription& forest, const TreeDescription& tree, const Number* row,
              double* contributions, std::vector<PathElement>& paths)
      : forest_(forest), tree_(tree), row_(row), contributions_(contributions), paths_(paths) {
    // Every level has a path of its own, one element longer than that above.
    const size_t levels = size_t{tree.depth} + 2;
    paths_.resize(std::max(paths_.size(), levels * (levels + 1) / 2));
  }

  void run() { visit(0, paths_.data(), 0, {kNobody, 1, 1, 0}); }

 private:
  /// path: this node's own, beginning with `length` elements copied from the level above.
  void visit(size_t node, PathElement* path, size_t length, const PathElement& added) {
    extendPath(path, length, added);
    ++length;
    const TreeNode& split = tree_.nodes[node];
    if (split.left == 0) {
      addLeaf(path, length, leafValue(tree_, node));
      return;
    }
    PathElement before{split.feature, 1, 1, 0};
    const auto same = std::find_if(path + 1, path + length, [&](const PathElement& element) {
      return element.feature == split.feature;
    });
    if (same != path + length) {
      before = *same;
      shortenPath(path, length, static_cast<size_t>(same - path));
      --length;
    }
    const bool isLeft = goesLeft(forest_, tree_, node, row_[split.feature]);
    for (size_t side = 0; side < 2; ++side) {
      const size_t child = split.left + side;
      const bool isTaken = (side == 0) == isLeft;
      const PathElement next{split.feature, before.unknownShare * shareOf(tree_, split, child),
                             isTaken ? before.knownShare : 0, 0};
      // Where no row can come from, known or not, nothing is contributed.
      if (next.unknownShare > 0 || next.knownShare > 0) {
        PathElement* const below = path + length;
        std::copy(path, path + length, below);
        visit(child, below, length, next);
      }
    }
  }

  void addLeaf(const PathElement* path, size_t length, double value) {
    for (size_t place = 1; place < length; ++place) {
      double sum = 0;
      weightsWithout(path, length, place, [&](size_t, double weight) { sum += weight; });
      contributions_[path[place].feature] +=
          sum * (path[place].knownShare - path[place].unknownShare) * value;
    }
  }

  const ForestDescription& forest_;
  const TreeDescription& tree_;
  const Number* row_;
  double* contributions_;
  std::vector<PathElement>& paths_;
};

/// What the leaves give on average, by training weight. Children stand behind their parents.
double meanOf(const TreeDescription& tree) {
  std::vector<double> means(tree.nodes.size());
  for (size_t node = tree.nodes.size(); node-- > 0;) {
    const TreeNode& split = tree.nodes[node];
    means[node] = split.left == 0
                      ? leafValue(tree, node)
                      : shareOf(tree, split, split.left) * means[split.left] +
                            shareOf(tree, split, split.left + 1) * means[split.left + 1];
  }
  return means[0];
}

}  // namespace

bool canExplain(const ForestDescription& forest) {
  const size_t numbersPerRow = forest.baseMargins.size() * (forest.numFeatures + 1);
  return forest.hasCovers && numbersPerRow <= kMaxContributions &&
         std::all_of(forest.trees.begin(), forest.trees.end(),
                     [](const TreeDescription& tree) { return tree.depth <= kMaxExplainedDepth; });
}

TreeShap::TreeShap(const ForestDescription& forest) : forest_(forest) {
  means_.reserve(forest.trees.size());
  for (const TreeDescription& tree : forest.trees) {
    means_.push_back(meanOf(tree));
  }
}

template <typename Number>
void TreeShap::explain(const Number* row, std::span<double> contributions) const {
  const size_t perOutput = forest_.numFeatures + 1;
  AUSPEX_ASSERT(contributions.size() == forest_.baseMargins.size() * perOutput);
  std::fill(contributions.begin(), contributions.end(), 0.0);
  for (size_t output = 0; output < forest_.baseMargins.size(); ++output) {
    contributions[(output + 1) * perOutput - 1] = static_cast<double>(forest_.baseMargins[output]);
  }
  std::vector<PathElement> paths;
  for (size_t i = 0; i < forest_.trees.size(); ++i) {
    const TreeDescription& tree = forest_.trees[i];
    double* const out = contributions.data() + tree.output * perOutput;
    out[forest_.numFeatures] += means_[i];
    Explanation<Number>(forest_, tree, row, out, paths).run();
  }
}

template void TreeShap::explain(const float* row, std::span<double> contributions) const;
template void TreeShap::explain(const double* row, std::span<double> contributions) const;

}  // namespace auspex::operators
