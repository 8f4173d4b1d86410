// SPDX-License-Identifier: Apache-2.0
// Scores rows with the forest and with the linked XGBoost library, in turn, and prints the ratio
// per row: bench_forest [FILE.json|ubj]. Without a file: 100 random trees of depth 6 over 30
// features.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "operators/models/ModelLoader.h"
#include "operators/models/embedded/XgboostBooster.h"
#include "tests/bench/QuickTurn.h"

namespace {

using namespace auspex::operators;
using Clock = std::chrono::steady_clock;

constexpr int kTrees = 100;
constexpr int kDepth = 6;
constexpr int kFeatures = 30;

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

/// A full tree of kDepth in XGBoost's JSON.
std::string makeTree(std::mt19937& random, int id) {
  const int numSplits = (1 << kDepth) - 1;
  const int numNodes = 2 * numSplits + 1;
  std::normal_distribution<double> normal;
  std::vector<int> left, right, parents, features, defaultLeft, zeros;
  std::vector<double> conditions;
  const std::vector<double> weights(static_cast<size_t>(numNodes), 0.0);
  for (int node = 0; node < numNodes; ++node) {
    const bool isSplit = node < numSplits;
    left.push_back(isSplit ? 2 * node + 1 : -1);
    right.push_back(isSplit ? 2 * node + 2 : -1);
    parents.push_back(node == 0 ? std::numeric_limits<int>::max() : (node - 1) / 2);
    features.push_back(isSplit ? static_cast<int>(random() % kFeatures) : 0);
    defaultLeft.push_back(static_cast<int>(random() % 2));
    conditions.push_back(isSplit ? normal(random) : 0.1 * normal(random));
    zeros.push_back(0);
  }
  const std::string count = std::to_string(numNodes);
  return R"({"base_weights":)" + join(weights) +
         R"(,"categories":[],"categories_nodes":[],"categories_segments":[],)" +
         R"("categories_sizes":[])" + R"(,"default_left":)" + join(defaultLeft) + R"(,"id":)" +
         std::to_string(id) + R"(,"left_children":)" + join(left) + R"(,"loss_changes":)" +
         join(weights) + R"(,"parents":)" + join(parents) + R"(,"right_children":)" + join(right) +
         R"(,"split_conditions":)" + join(conditions) + R"(,"split_indices":)" + join(features) +
         R"(,"split_type":)" + join(zeros) + R"(,"sum_hessian":)" + join(weights) +
         R"(,"tree_param":{"num_deleted":"0","num_feature":")" + std::to_string(kFeatures) +
         R"(","num_nodes":")" + count + R"(","size_leaf_vector":"0"}})";
}

std::string makeModel() {
  std::mt19937 random(1);
  std::string trees;
  for (int id = 0; id < kTrees; ++id) {
    trees += (id == 0 ? "" : ",") + makeTree(random, id);
  }
  const std::string count = std::to_string(kTrees);
  return R"({"learner":{"attributes":{},"feature_names":[],"feature_types":[],)"
         R"("gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1",)"
         R"("num_trees":")" +
         count + R"(","size_leaf_vector":"0"},"tree_info":)" + join(std::vector<int>(kTrees, 0)) +
         R"(,"trees":[)" + trees +
         R"(]},"name":"gbtree"},"learner_model_param":{"base_score":"5E-1","boost_from_average":)"
         R"("1","num_class":"0","num_feature":")" +
         std::to_string(kFeatures) +
         R"(","num_target":"1"},"objective":{"name":"binary:logistic","reg_loss_param":)"
         R"({"scale_pos_weight":"1"}}},"version":[1,7,6]})";
}

/// Nanoseconds per row: the least of several rounds, each long enough to be measured.
double measure(size_t rows, const std::function<void()>& scoreAll) {
  const size_t repetitions = std::max<size_t>(1, 4096 / rows);
  double least = std::numeric_limits<double>::max();
  for (int round = 0; round < auspex::bench::fullOrQuick(15, 2); ++round) {
    const auto start = Clock::now();
    for (size_t i = 0; i < repetitions; ++i) {
      scoreAll();
    }
    const std::chrono::duration<double, std::nano> taken = Clock::now() - start;
    least = std::min(least, taken.count() / static_cast<double>(repetitions * rows));
  }
  return least;
}

std::string readFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void compare(const std::string& bytes) {
  const auto model = loadModelBytes(bytes, {"bench", 1, false});
  XgboostBooster booster(bytes);
  const size_t features = model->info().features.size();
  std::printf("%s, %zu trees, depth %zu, %zu features; library %s, one thread\n",
              model->info().objective.c_str(), model->info().numTrees, model->info().maxDepth,
              features, XgboostBooster::libraryVersion().c_str());
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  for (const size_t rows : {size_t{1}, size_t{16}, size_t{256}, size_t{1024}}) {
    std::vector<float> matrix(rows * features);
    for (float& value : matrix) {
      value = random() % 10 == 0 ? std::numeric_limits<float>::quiet_NaN() : normal(random);
    }
    const FeatureMatrix view{matrix.data(), rows, features};
    std::vector<float> scores(rows * model->outputsPerRow(OutputForm::Value));
    const double ours = measure(rows, [&] { model->score(view, OutputForm::Value, scores); });
    const double theirs = measure(rows, [&] { booster.predictValues(view); });
    std::printf("%5zu rows: forest %8.1f ns/row, library %8.1f ns/row, ratio %.2f\n", rows, ours,
                theirs, ours / theirs);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    compare(argc > 1 ? readFile(argv[1]) : makeModel());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
