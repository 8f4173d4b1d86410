// SPDX-License-Identifier: Apache-2.0
// Scores rows with the forest and with the XGBoost library, in turn, and prints the ratio per row:
// ForestBench [--instructions portable|avx2|avx512] [--shape NAME] [FILE.json|ubj]. Without a file:
// models of several shapes, whose cuts mostly lie on 255 levels per feature as those of XGBoost's
// histograms do. --write FOLDER and --compiled FOLDER are for tests/bench/compiled.
// LD_PRELOAD=.../libxgboost.so measures another library than the linked one, such as the newest
// wheel's.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "operators/models/ModelLoader.h"
#include "operators/models/embedded/XgboostBooster.h"
#include "tests/bench/CompiledModel.h"
#include "tests/bench/QuickTurn.h"

namespace {

using namespace auspex::operators;

/// What a random model looks like.
struct Shape {
  const char* name;
  int trees;
  int depth;
  int features;
  int classes;
  /// The last so many features are categories, 0 to 39.
  int categorical;
  /// Leaves of a tree, which grows where chance wants up to the depth; 0: it is full.
  int leaves = 0;
  /// Different cuts of a feature.
  int levels = 255;
};

constexpr Shape kShapes[] = {
    {"100 trees of depth 6", 100, 6, 10, 1, 0}, {"500 trees of depth 8", 500, 8, 10, 1, 0},
    {"100 classes", 300, 6, 10, 100, 0},        {"with categories", 100, 6, 10, 1, 3},
    {"30 features", 100, 6, 30, 1, 0},          {"deep", 10, 12, 10, 1, 0},
};
/// What takes long to make: deep and irregular trees, cuts without number, thousands of trees.
constexpr Shape kLargeShapes[] = {
    {"irregular", 500, 24, 10, 1, 0, 64},
    {"random forest", 100, 24, 10, 1, 0, 4000, 100000},
    {"exact cuts", 500, 8, 10, 1, 0, 0, 100000},
    {"5000 trees", 5000, 6, 10, 1, 0},
};
constexpr int kCategories = 40;
constexpr double kSpan = 5.1;

std::string join(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) {
    text += (text.empty() ? "" : ",") + std::to_string(value);
  }
  return "[" + text + "]";
}

std::string join(const std::vector<int>& values) {
  std::string text;
  for (const int value : values) {
    text += (text.empty() ? "" : ",") + std::to_string(value);
  }
  return "[" + text + "]";
}

/// The lists of one tree in XGBoost's JSON.
struct TreeLists {
  std::vector<int> left, right, parents, features, defaultLeft, types;
  std::vector<int> categories, categoryNodes, categoryStarts, categoryCounts;
  std::vector<double> conditions;
};

void addCategories(std::mt19937& random, int node, TreeLists& tree) {
  tree.categoryNodes.push_back(node);
  tree.categoryStarts.push_back(static_cast<int>(tree.categories.size()));
  for (int category = 0; category < kCategories; ++category) {
    if (random() % 2 == 0) {
      tree.categories.push_back(category);
    }
  }
  tree.categoryCounts.push_back(static_cast<int>(tree.categories.size()) -
                                tree.categoryStarts.back());
}

/// Which nodes are split: all above the depth, or leaves taken by chance, each with its sides
/// behind all nodes there are.
void growNodes(std::mt19937& random, const Shape& shape, TreeLists& tree) {
  std::vector<int> depths = {0};
  std::vector<int> leaves = {0};
  const auto addNode = [&](int parent) {
    tree.left.push_back(-1);
    tree.right.push_back(-1);
    tree.parents.push_back(parent);
    return static_cast<int>(tree.left.size()) - 1;
  };
  addNode(std::numeric_limits<int>::max());
  const size_t numLeaves =
      shape.leaves > 0 ? static_cast<size_t>(shape.leaves) : size_t{1} << shape.depth;
  for (size_t first = 0; first < leaves.size() && leaves.size() - first < numLeaves; ++first) {
    // Behind `first` are the leaves that can still be split.
    if (shape.leaves > 0) {
      std::swap(leaves[first], leaves[first + random() % (leaves.size() - first)]);
    }
    const int node = leaves[first];
    if (depths[static_cast<size_t>(node)] == shape.depth) {
      continue;
    }
    const int left = addNode(node);
    const int right = addNode(node);
    tree.left[static_cast<size_t>(node)] = left;
    tree.right[static_cast<size_t>(node)] = right;
    depths.insert(depths.end(), 2, depths[static_cast<size_t>(node)] + 1);
    leaves.insert(leaves.end(), {left, right});
  }
}

std::string makeTree(std::mt19937& random, const Shape& shape, int id) {
  TreeLists tree;
  growNodes(random, shape, tree);
  const size_t numNodes = tree.left.size();
  std::normal_distribution<double> normal;
  const std::vector<double> weights(numNodes, 1.0);
  for (size_t node = 0; node < numNodes; ++node) {
    const bool isSplit = tree.left[node] >= 0;
    const int feature =
        isSplit ? static_cast<int>(random() % static_cast<unsigned>(shape.features)) : 0;
    const bool isCategorical = isSplit && feature >= shape.features - shape.categorical;
    tree.features.push_back(feature);
    tree.defaultLeft.push_back(static_cast<int>(random() % 2));
    // Levels from -2.54 to 2.54.
    const auto place = static_cast<int>(random() % static_cast<unsigned>(shape.levels));
    const double level = (place - shape.levels / 2) * kSpan / shape.levels;
    tree.conditions.push_back(isSplit ? level : 0.1 * normal(random));
    tree.types.push_back(isCategorical ? 1 : 0);
    if (isCategorical) {
      addCategories(random, static_cast<int>(node), tree);
    }
  }
  return R"({"base_weights":)" + join(weights) + R"(,"categories":)" + join(tree.categories) +
         R"(,"categories_nodes":)" + join(tree.categoryNodes) + R"(,"categories_segments":)" +
         join(tree.categoryStarts) + R"(,"categories_sizes":)" + join(tree.categoryCounts) +
         R"(,"default_left":)" + join(tree.defaultLeft) + R"(,"id":)" + std::to_string(id) +
         R"(,"left_children":)" + join(tree.left) + R"(,"loss_changes":)" + join(weights) +
         R"(,"parents":)" + join(tree.parents) + R"(,"right_children":)" + join(tree.right) +
         R"(,"split_conditions":)" + join(tree.conditions) + R"(,"split_indices":)" +
         join(tree.features) + R"(,"split_type":)" + join(tree.types) + R"(,"sum_hessian":)" +
         join(weights) + R"(,"tree_param":{"num_deleted":"0","num_feature":")" +
         std::to_string(shape.features) + R"(","num_nodes":")" + std::to_string(numNodes) +
         R"(","size_leaf_vector":"0"}})";
}

std::string makeModel(const Shape& shape) {
  std::mt19937 random(1);
  std::string trees;
  std::vector<int> outputs;
  for (int id = 0; id < shape.trees; ++id) {
    trees += (id == 0 ? "" : ",") + makeTree(random, shape, id);
    outputs.push_back(id % shape.classes);
  }
  const bool isMulticlass = shape.classes > 1;
  const std::string count = std::to_string(shape.trees);
  return R"({"learner":{"attributes":{},"feature_names":[],"feature_types":[],)"
         R"("gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1",)"
         R"("num_trees":")" +
         count + R"(","size_leaf_vector":"0"},"tree_info":)" + join(outputs) + R"(,"trees":[)" +
         trees +
         R"(]},"name":"gbtree"},"learner_model_param":{"base_score":"5E-1","boost_from_average":)"
         R"("1","num_class":")" +
         std::to_string(isMulticlass ? shape.classes : 0) + R"(","num_feature":")" +
         std::to_string(shape.features) + R"(","num_target":"1"},"objective":)" +
         (isMulticlass ? R"({"name":"multi:softprob","softmax_multiclass_param":{"num_class":")" +
                             std::to_string(shape.classes) + R"("}})"
                       : std::string(R"({"name":"binary:logistic","reg_loss_param":)"
                                     R"({"scale_pos_weight":"1"}})")) +
         R"(},"version":[1,7,6]})";
}

/// Seconds of processor time that the process has taken: what else the machine does counts little.
double processorSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Rows that are scored in turn, few at a time: of one and the same row a branch predictor would
/// soon know every turn.
constexpr size_t kRowsInTurn = 4096;

/// Nanoseconds per row: the least of several rounds, each long enough to be measured. scoreBlock is
/// called with the first of `rows` rows.
double measure(size_t rows, const std::function<void(size_t)>& scoreBlock) {
  constexpr double kRoundSeconds = 0.02;
  const size_t callsPerLook = std::max<size_t>(1, 128 / rows);
  double least = std::numeric_limits<double>::max();
  size_t first = 0;
  for (int round = 0; round < auspex::bench::fullOrQuick(7, 1); ++round) {
    size_t numScored = 0;
    const double start = processorSeconds();
    double taken = 0;
    while (taken < kRoundSeconds) {
      // To ask for the time is a call of the kernel, which a single row must not pay for.
      for (size_t i = 0; i < callsPerLook; ++i) {
        scoreBlock(first);
        first = (first + rows) % kRowsInTurn;
      }
      numScored += callsPerLook * rows;
      taken = processorSeconds() - start;
    }
    least = std::min(least, 1e9 * taken / static_cast<double>(numScored));
  }
  return least;
}

std::string readFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

/// Random rows, a tenth of the values missing; categorical features get codes.
std::vector<float> makeRows(std::mt19937& random, const ModelInfo& info, size_t rows) {
  std::normal_distribution<float> normal;
  const size_t features = info.features.size();
  std::vector<float> matrix(rows * features);
  for (size_t i = 0; i < matrix.size(); ++i) {
    const bool isCode = info.features[i % features].kind == FeatureKind::Categorical;
    const float value = isCode ? static_cast<float>(random() % kCategories) : normal(random);
    matrix[i] = random() % 10 == 0 ? std::numeric_limits<float>::quiet_NaN() : value;
  }
  return matrix;
}

/// What the command line asks for.
struct Request {
  Instructions instructions = bestInstructions();
  std::string shape;     ///< only this one
  std::string file;      ///< a model instead of the shapes
  std::string write;     ///< a folder for the models, which are not measured
  std::string compiled;  ///< a folder with models that tl2cgen has compiled
};

/// A shape's file in a folder.
std::string pathOf(const std::string& folder, std::string name, const char* ending) {
  std::replace(name.begin(), name.end(), ' ', '-');
  return folder + "/" + name + ending;
}

/// matrix: kRowsInTurn rows.
void compareSize(const ModelVersion& model, XgboostBooster& booster,
                 auspex::bench::CompiledModel* compiled, const std::vector<float>& matrix,
                 size_t rows) {
  const size_t features = model.info().features.size();
  std::vector<float> scores(rows * model.outputsPerRow(OutputForm::Value));
  const auto block = [&](size_t first) {
    return FeatureMatrix{matrix.data() + first * features, rows, features};
  };
  const double ours =
      measure(rows, [&](size_t first) { model.score(block(first), OutputForm::Value, scores); });
  const double theirs = measure(rows, [&](size_t first) { booster.predictValues(block(first)); });
  std::printf("%5zu rows: forest %8.1f ns/row, library %8.1f ns/row, ratio %.3f, %.1f times", rows,
              ours, theirs, ours / theirs, theirs / ours);
  if (compiled != nullptr) {
    const double machine = measure(rows, [&](size_t first) { compiled->score(first, scores); });
    std::printf(", compiled %8.1f ns/row, %.1f times", machine, machine / ours);
  }
  std::printf("\n");
}

void compare(const char* name, const std::string& bytes, const Request& request) {
  const double start = processorSeconds();
  LoadOptions options;
  options.name = "bench";
  options.instructions = request.instructions;
  const auto model = loadModelBytes(bytes, options);
  const double loaded = 1e3 * (processorSeconds() - start);
  XgboostBooster booster(bytes);
  std::optional<auspex::bench::CompiledModel> compiled;
  const std::string path = pathOf(request.compiled, name, ".so");
  if (!request.compiled.empty() && std::ifstream(path).good()) {
    compiled.emplace(path);
  }
  const size_t features = model->info().features.size();
  std::printf(
      "%s: %s, %zu trees, depth %zu, %zu features; loaded in %.0f ms; library %s, one thread\n",
      name, model->info().objective.c_str(), model->info().numTrees, model->info().maxDepth,
      features, loaded, XgboostBooster::libraryVersion().c_str());
  std::mt19937 random(2);
  const std::vector<float> matrix = makeRows(random, model->info(), kRowsInTurn);
  if (compiled) {
    compiled->setRows({matrix.data(), kRowsInTurn, features},
                      model->outputsPerRow(OutputForm::Value));
  }
  for (const size_t rows : {size_t{1}, size_t{16}, size_t{256}, kRowsInTurn}) {
    compareSize(*model, booster, compiled ? &*compiled : nullptr, matrix, rows);
  }
}

constexpr std::pair<const char*, Instructions> kInstructions[] = {
    {"portable", Instructions::Portable},
    {"avx2", Instructions::Avx2},
    {"avx512", Instructions::Avx512},
};

/// Throws when there are none of that name, or this processor has not got them.
Instructions findInstructions(const std::string& name) {
  for (const auto& [known, instructions] : kInstructions) {
    if (name == known && instructions <= bestInstructions()) {
      return instructions;
    }
  }
  throw std::invalid_argument("no instructions '" + name + "' here");
}

Request readRequest(int argc, char** argv) {
  Request request;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (!name.starts_with("--") || i + 1 == argc) {
      request.file = name;
      continue;
    }
    const std::string value = argv[++i];
    if (name == "--instructions") {
      request.instructions = findInstructions(value);
    } else if (name == "--shape") {
      request.shape = value;
    } else if (name == "--write") {
      request.write = value;
    } else if (name == "--compiled") {
      request.compiled = value;
    } else {
      throw std::invalid_argument("no option " + name);
    }
  }
  return request;
}

void runShapes(const Request& request) {
  std::vector<Shape> shapes(std::begin(kShapes), std::end(kShapes));
  if (!auspex::bench::isQuick()) {
    shapes.insert(shapes.end(), std::begin(kLargeShapes), std::end(kLargeShapes));
  }
  for (const Shape& shape : shapes) {
    if (!request.shape.empty() && request.shape != shape.name) {
      continue;
    }
    if (request.write.empty()) {
      compare(shape.name, makeModel(shape), request);
    } else {
      std::ofstream(pathOf(request.write, shape.name, ".json")) << makeModel(shape);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Request request = readRequest(argc, argv);
    std::printf("instructions: %s\n",
                kInstructions[static_cast<size_t>(request.instructions)].first);
    if (request.file.empty()) {
      runShapes(request);
    } else {
      compare(request.file.c_str(), readFile(request.file.c_str()), request);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
