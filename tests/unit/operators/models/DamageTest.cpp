// SPDX-License-Identifier: Apache-2.0
// Damaged, hostile and foreign files: each is refused with its reason, or scores without fault.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"
#include "tests/unit/operators/models/support/ModelFiles.h"

using namespace auspex::operators;

namespace {

/// Loads and, if accepted, scores a few rows in each form. True when it was accepted.
bool tryModel(const std::string& bytes) {
  std::shared_ptr<const ModelVersion> model;
  try {
    model = loadModelBytes(bytes, {"m", 1, false});
  } catch (const ModelError& error) {
    REQUIRE(std::string(error.what()).size() > 5);
    return false;
  }
  const size_t features = model->info().features.size();
  std::vector<float> rows(40 * features);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] =
        i % 5 == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(i % 23) - 3.0F;
  }
  for (const OutputForm form :
       {OutputForm::Margin, OutputForm::Value, OutputForm::Probability, OutputForm::Prediction}) {
    std::vector<float> out(40 * model->outputsPerRow(form));
    if (!out.empty()) {
      model->score({rows.data(), 40, features}, form, out);
    }
  }
  return true;
}

std::string refusalOf(const std::string& bytes) {
  try {
    loadModelBytes(bytes, {"m", 1, false});
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

/// A small whole model of one tree: 0 splits into 1 and 2, 1 into 3 and 4.
std::string smallModel() {
  return R"({"learner":{"attributes":{},"feature_names":[],"feature_types":[],)"
         R"("gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1",)"
         R"("num_trees":"1"},"tree_info":[0],"trees":[{"categories":[],"categories_nodes":[],)"
         R"("categories_segments":[],"categories_sizes":[],"default_left":[1,0,0,0,0],"id":0,)"
         R"("left_children":[1,3,-1,-1,-1],"parents":[2147483647,0,0,1,1],)"
         R"("right_children":[2,4,-1,-1,-1],"split_conditions":[0.5,1.5,7,8,9],)"
         R"("split_indices":[0,1,0,0,0],"split_type":[0,0,0,0,0],"tree_param":{"num_deleted":"0",)"
         R"("num_feature":"2","num_nodes":"5","size_leaf_vector":"1"}}]},"name":"gbtree"},)"
         R"("learner_model_param":{"base_score":"0","num_class":"0","num_feature":"2",)"
         R"("num_target":"1"},"objective":{"name":"reg:squarederror"}},"version":[3,0,0]})";
}

struct Damage {
  std::string from;
  std::string to;
  /// What the refusal must say.
  std::string reason;
};

/// Puts each damage into the small model and checks the refusal.
void checkRefusals(const std::vector<Damage>& cases) {
  for (const Damage& damage : cases) {
    CAPTURE(damage.from);
    CAPTURE(damage.to);
    std::string bytes = smallModel();
    const size_t place = bytes.find(damage.from);
    REQUIRE(place != std::string::npos);
    bytes.replace(place, damage.from.size(), damage.to);
    const std::string refusal = refusalOf(bytes);
    CAPTURE(refusal);
    CHECK(refusal.find(damage.reason) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("The small model itself is sound") {
  REQUIRE(refusalOf(smallModel()) == "");
  const auto model = loadModelBytes(smallModel(), {"m", 1, false});
  const std::vector<float> rows = {0, 1, 0, 2, 1, 0};
  std::vector<float> margins(3);
  model->score({rows.data(), 3, 2}, OutputForm::Margin, margins);
  CHECK(margins == std::vector<float>{8, 9, 7});
}

TEST_CASE("Every kind of damage to a tree is refused by its reason") {
  checkRefusals({
      {"[1,3,-1,-1,-1]", "[1,99,-1,-1,-1]", "tree 0: left_children[1]: 99 is no node"},
      {"[1,3,-1,-1,-1]", "[1,-2,-1,-1,-1]", "left_children[1]: -2 is no node"},
      {"[1,3,-1,-1,-1]", "[1,0,-1,-1,-1]", "left_children[1]: 0 is no node below the root"},
      {"[1,3,-1,-1,-1]", "[1,1,-1,-1,-1]", "node 1 is the child of two nodes"},
      {"[1,3,-1,-1,-1]", "[1,2,-1,-1,-1]", "node 2 is the child of two nodes"},
      {"[1,3,-1,-1,-1]", "[1,-1,-1,-1,-1]", "left_children[1]: -1 is no node"},
      {"[1,3,-1,-1,-1]", "[1,3,-1,-1]", "right_children: has 5 entries for 4 nodes"},
      {"[1,3,-1,-1,-1]", "[1,3,-1,-1,1e3]", "is not a 64-bit integer"},
      {"[1,3,-1,-1,-1]", "[1,3,-1,-1,5000000000]", "out of range"},
      {"[1,3,-1,-1,-1]", "[]", "needs at least one node"},
      {"[2,4,-1,-1,-1]", "[2,3,-1,-1,-1]", "node 3 is the child of two nodes"},
      {"[2,4,-1,-1,-1]", "[2,4,-1,-1]", "right_children: has 4 entries for 5 nodes"},
      {"[2147483647,0,0,1,1]", "[2147483647,0,0,1,0]",
       "parents[4]: 0, but it is a child of node 1"},
      {"[2147483647,0,0,1,1]", "[3,0,0,1,1]", "parents[0]: the root has a parent"},
      {"[0.5,1.5,7,8,9]", "[0.5,NaN,7,8,9]", "split_conditions[1]: the threshold of a split"},
      {"[0.5,1.5,7,8,9]", "[0.5,Infinity,7,8,9]", "split_conditions[1]: the threshold of a split"},
      {"[0.5,1.5,7,8,9]", "[0.5,1.5,7,NaN,9]", "split_conditions[3]: the value of a leaf"},
      {"[0.5,1.5,7,8,9]", "[0.5,1.5,7,8]", "split_conditions: has 4 entries"},
      {"[0,1,0,0,0]", "[0,2,0,0,0]", "split_indices[1]: 2 is no feature; the model has 2"},
      {"[0,1,0,0,0]", "[0,-1,0,0,0]", "split_indices[1]: -1 is no feature"},
      {"[1,0,0,0,0]", "[1,0,0,2,0]", "2 is neither 0 nor 1"},
      {"[1,0,0,0,0]", "[1,0,0,0]", "default_left: has 4 entries"},
      {"\"split_type\":[0,0,0,0,0]", "\"split_type\":[0,1,0,0,0]", "but has no categories"},
      {"\"split_type\":[0,0,0,0,0]", "\"split_type\":[0]", "split_type: has 1 entries"},
      {"\"categories_nodes\":[]", "\"categories_nodes\":[1]", "differ in length"},
      {"\"num_nodes\":\"5\"", "\"num_nodes\":\"6\"", "num_nodes: 6 for 5 nodes"},
      {"\"num_nodes\":\"5\"", "\"num_nodes\":\"x\"", "is not a count"},
      {"\"num_deleted\":\"0\"", "\"num_deleted\":\"1\"", "0 nodes are not reached"},
      {"\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"2\"",
       "size_leaf_vector: 2, but there are 1 outputs"},
      {"\"id\":0", "\"leaf_weights\":[1]", "leaf_weights: stands in a tree without"},
      {"\"id\":0", "\"sum_hessian\":[1]", "sum_hessian: has 1 entries for 5 nodes"},
      {"\"id\":0", "\"shape\":0", "unknown field 'shape' in a tree"},
  });
}

TEST_CASE("Every kind of damage around the trees is refused by its reason") {
  checkRefusals({
      {"\"tree_info\":[0]", "\"tree_info\":[1]", "tree_info[0]: 1 is no output; there are 1"},
      {"\"tree_info\":[0]", "\"tree_info\":[-1]", "tree_info[0]: -1 is no output"},
      {"\"tree_info\":[0]", "\"tree_info\":[0,0]", "tree_info: has 2 entries for 1 trees"},
      {"\"tree_info\":[0]", "\"other\":[0]", "unknown field 'other'"},
      {"\"num_trees\":\"1\"", "\"num_trees\":\"2\"", "num_trees: 2 for 1 trees"},
      {"\"name\":\"gbtree\"", "\"name\":\"dart\"", "weight_drop: has 0 entries for 1 trees"},
      {"\"name\":\"gbtree\"", "\"name\":\"other\"", "unknown booster 'other'"},
      {"reg:squarederror", "reg:mine", "unknown objective 'reg:mine'"},
      {"reg:squarederror", "binary:logistic", "out of range for binary:logistic"},
      {"\"base_score\":\"0\"", "\"base_score\":\"[0,1]\"",
       "base_score: has 2 entries for 1 outputs"},
      {"\"base_score\":\"0\"", "\"base_score\":\"[0\"", "neither a number nor a list"},
      {"\"base_score\":\"0\"", "\"base_score\":\"[]\"", "neither a number nor a list"},
      {"\"base_score\":\"0\"", "\"base_score\":\"nan\"", "out of range"},
      {"\"base_score\":\"0\"", "\"base\":\"0\"", "base_score: is missing"},
      {"\"num_feature\":\"2\",\"num_target", "\"num_feature\":\"1\",\"num_target",
       "split_indices[1]: 1 is no feature; the model has 1"},
      {"\"num_feature\":\"2\",\"num_target", "\"num_feature\":\"99999999\",\"num_target",
       "is not a number from 0 to 65536"},
      {"\"num_class\":\"0\"", "\"num_class\":\"-1\"", "is not a number from 0"},
      {"\"num_class\":\"0\"", "\"num_class\":\"999999\"", "is not a number from 0 to 10000"},
      {"\"feature_names\":[]", "\"feature_names\":[\"a\"]", "feature_names: has 1 entries for 2"},
      {"\"feature_types\":[]", "\"feature_types\":[\"c\"]", "feature_types: has 1 entries for 2"},
      {"[3,0,0]}", "[3,0]}", "version: is missing or not three numbers"},
      {"[3,0,0]}", "[0,9,0]}", "before 1.0"},
      {"{\"learner\"", "{\"model\"", "this is no XGBoost model"},
      {"[3,0,0]}", "[3,0,0]}}", "followed by more bytes"},
  });
}

TEST_CASE("Categorical splits: sets are checked as trees are") {
  std::string sound = smallModel();
  const auto put = [](std::string& bytes, const std::string& from, const std::string& to) {
    const size_t place = bytes.find(from);
    REQUIRE(place != std::string::npos);
    bytes.replace(place, from.size(), to);
  };
  put(sound, "\"split_type\":[0,0,0,0,0]", "\"split_type\":[0,1,0,0,0]");
  put(sound, "\"categories\":[]", "\"categories\":[3,40]");
  put(sound, "\"categories_nodes\":[]", "\"categories_nodes\":[1]");
  put(sound, "\"categories_segments\":[]", "\"categories_segments\":[0]");
  put(sound, "\"categories_sizes\":[]", "\"categories_sizes\":[2]");
  REQUIRE(refusalOf(sound) == "");
  const auto model = loadModelBytes(sound, {"m", 1, false});
  CHECK(model->info().features[1].kind == FeatureKind::Categorical);
  const std::vector<float> rows = {0, 3, 0, 40.9F, 0, 4, 0, -1, 0, 1e9F, 0, 64};
  std::vector<float> margins(6);
  model->score({rows.data(), 6, 2}, OutputForm::Margin, margins);
  CHECK(margins == std::vector<float>{9, 9, 8, 8, 8, 8});
  const std::vector<Damage> cases = {
      {"\"categories\":[3,40]", "\"categories\":[3,-1]", "categories[1]: -1 is no category"},
      {"\"categories\":[3,40]", "\"categories\":[3,16777216]", "16777216 is no category"},
      {"\"categories_nodes\":[1]", "\"categories_nodes\":[7]", "7 is no node or twice"},
      {"\"categories_nodes\":[1]", "\"categories_nodes\":[0]", "split is categorical but has no"},
      {"\"categories_segments\":[0]", "\"categories_segments\":[1]", "lies outside"},
      {"\"categories_segments\":[0]", "\"categories_segments\":[-1]", "lies outside"},
      {"\"categories_sizes\":[2]", "\"categories_sizes\":[9223372036854775807]", "lies outside"},
  };
  for (const Damage& damage : cases) {
    std::string bytes = sound;
    put(bytes, damage.from, damage.to);
    const std::string refusal = refusalOf(bytes);
    CAPTURE(refusal);
    CHECK(refusal.find(damage.reason) != std::string::npos);
  }
}

TEST_CASE("Files of other kinds are refused with what to do") {
  CHECK(refusalOf("").find("empty") != std::string::npos);
  CHECK(refusalOf("<xml/>").find("neither XGBoost JSON nor UBJSON nor a LightGBM") !=
        std::string::npos);
  CHECK(refusalOf("tree\nversion=v4\n").find("ends before 'end of trees'") != std::string::npos);
  CHECK(refusalOf(readModelBytes("refusedOldBinary-1.7.6.model")).find("save_model") !=
        std::string::npos);
  CHECK_THROWS_AS(loadModel("/no/such/model", {"m", 1, false}), ModelError);
  CHECK_THROWS_AS(loadModel(MODEL_FILES, {"m", 1, false}), ModelError);
}

TEST_CASE("A file cut anywhere is refused") {
  for (const std::string name :
       {"dictionary-3.2.0.ubj", "logistic-1.0.2.json", "oneHot-3.2.0.json", "dart-3.4.1.ubj"}) {
    CAPTURE(name);
    const std::string bytes = readModelBytes(name);
    const std::string sound = bytes.substr(0, bytes.find_last_not_of(" \n\r") + 1);
    for (size_t length = 0; length < sound.size(); length += 3) {
      CAPTURE(length);
      CHECK(!tryModel(sound.substr(0, length)));
    }
    CHECK(tryModel(sound));
  }
}

TEST_CASE("Files with flipped bytes are refused or score without fault") {
  const unsigned seed = 20'261;
  CAPTURE(seed);
  std::mt19937 random(seed);
  size_t numAccepted = 0;
  size_t numTried = 0;
  for (const std::string name : {"dictionary-3.2.0.ubj", "logistic-1.0.2.json", "oneHot-3.2.0.json",
                                 "softprob-3.4.1.json", "partition-1.7.6.ubj"}) {
    const std::string sound = readModelBytes(name);
    for (int i = 0; i < 500; ++i) {
      std::string bytes = sound;
      const size_t numFlips = 1 + random() % 4;
      for (size_t flip = 0; flip < numFlips; ++flip) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      numAccepted += tryModel(bytes) ? 1 : 0;
      ++numTried;
    }
  }
  // Flips in numbers and names are models too; most others must be refused.
  CHECK(numAccepted > 0);
  CHECK(numAccepted < numTried);
}
