// SPDX-License-Identifier: Apache-2.0
// Recorded models of every XGBoost version score as their makers predicted, and as the linked
// library does.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"
#include "operators/models/embedded/XgboostBooster.h"
#include "tests/unit/operators/models/support/ModelFiles.h"

using namespace auspex::operators;

namespace {

std::vector<float> scoreAll(const ModelVersion& model, FeatureMatrix features, OutputForm form) {
  std::vector<float> scores(features.rows * model.outputsPerRow(form));
  model.score(features, form, scores);
  return scores;
}

/// The largest difference by 1 + |expected|.
double largestDifference(const std::vector<float>& scores, const std::vector<float>& expected) {
  REQUIRE(scores.size() == expected.size());
  double largest = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    const double wanted = static_cast<double>(expected[i]);
    const double difference = std::abs(static_cast<double>(scores[i]) - wanted);
    largest = std::max(largest, difference / (1 + std::abs(wanted)));
  }
  return largest;
}

std::shared_ptr<const ModelVersion> load(const std::string& name, bool useBestIteration = false) {
  return loadModel(modelPath(name), {"m", 1, useBestIteration});
}

}  // namespace

TEST_CASE("Every recorded model scores as its maker predicted") {
  const std::vector<std::string> models = listModels();
  CHECK(models.size() >= 45);
  for (const std::string& name : models) {
    CAPTURE(name);
    const auto model = load(name);
    const ExpectedScores expected = readExpected(stemOf(name));
    CHECK(model->info().features.size() == expected.features);
    CHECK(model->outputsPerRow(OutputForm::Margin) == expected.marginsPerRow);
    CHECK(model->outputsPerRow(OutputForm::Value) == expected.valuesPerRow);
    CHECK(largestDifference(scoreAll(*model, expected.view(), OutputForm::Margin),
                            expected.margins) <= 1e-6);
    CHECK(largestDifference(scoreAll(*model, expected.view(), OutputForm::Value),
                            expected.values) <= 1e-6);
  }
}

TEST_CASE("The linked library agrees on every model that it can read") {
  size_t numCompared = 0;
  for (const std::string& name : listModels()) {
    CAPTURE(name);
    const std::string bytes = readModelBytes(name);
    const bool isSorted = name.starts_with("quantile");
    // It looks for the weights of dart where files before 3.3 have them, and silently scores
    // without.
    if (name == "dart-3.4.1.ubj") {
      continue;
    }
    try {
      XgboostBooster booster(bytes);
      const ExpectedScores expected = readExpected(stemOf(name));
      const auto model = load(name);
      const auto margins = booster.predictMargins(expected.view());
      CHECK(largestDifference(scoreAll(*model, expected.view(), OutputForm::Margin), margins) <=
            1e-6);
      if (!isSorted) {
        const auto values = booster.predictValues(expected.view());
        CHECK(largestDifference(scoreAll(*model, expected.view(), OutputForm::Value), values) <=
              1e-6);
      }
      ++numCompared;
    } catch (const ModelError& error) {
      // 1.7.4 knows neither the objectives, their parameters nor the typed arrays of later files.
      const std::string reason = error.what();
      const bool isKnown = reason.find("is not supported for typed array") != std::string::npos ||
                           reason.find("Unknown objective") != std::string::npos ||
                           reason.find("from Null to Object") != std::string::npos;
      CHECK_MESSAGE(isKnown, reason);
    }
  }
  CHECK(numCompared >= 20);
}

TEST_CASE("Early stopping: all trees by default, those up to the best round on request") {
  for (const std::string name : {"stopped-1.7.6", "stopped-3.2.0"}) {
    CAPTURE(name);
    const ExpectedScores expected = readExpected(name + ".best");
    const auto all = load(name + ".ubj");
    const auto best = load(name + ".ubj", true);
    CHECK(best->info().numTrees < all->info().numTrees);
    CHECK(largestDifference(scoreAll(*best, expected.view(), OutputForm::Margin),
                            expected.margins) <= 1e-6);
  }
}

TEST_CASE("Forms: probabilities of all classes, and the prediction as the objective gives it") {
  const ExpectedScores rows = readExpected("softprob-3.2.0");
  SUBCASE("two classes") {
    const auto model = load("logistic-3.2.0.json");
    CHECK(model->info().outputKind == OutputKind::Probability);
    const auto both = scoreAll(*model, rows.view(), OutputForm::Probability);
    const auto values = scoreAll(*model, rows.view(), OutputForm::Value);
    REQUIRE(both.size() == 2 * values.size());
    for (size_t row = 0; row < values.size(); ++row) {
      CHECK(both[2 * row + 1] == values[row]);
      CHECK(both[2 * row] == 1.0F - values[row]);
    }
    CHECK(scoreAll(*model, rows.view(), OutputForm::Prediction) == values);
  }
  SUBCASE("softprob predicts the most probable class") {
    const auto model = load("softprob-3.2.0.json");
    CHECK(model->info().outputKind == OutputKind::ClassLabel);
    CHECK(scoreAll(*model, rows.view(), OutputForm::Probability) ==
          scoreAll(*model, rows.view(), OutputForm::Value));
    const auto labels = scoreAll(*model, rows.view(), OutputForm::Prediction);
    REQUIRE(labels.size() == rows.rows);
    for (size_t row = 0; row < rows.rows; ++row) {
      const float* first = rows.values.data() + row * 3;
      CHECK(labels[row] == static_cast<float>(std::max_element(first, first + 3) - first));
    }
  }
  SUBCASE("softmax has probabilities too") {
    const auto model = load("softmax-3.2.0.ubj");
    CHECK(model->outputsPerRow(OutputForm::Value) == 1);
    CHECK(model->outputsPerRow(OutputForm::Prediction) == 1);
    const auto all = scoreAll(*model, rows.view(), OutputForm::Probability);
    for (size_t row = 0; row < rows.rows; ++row) {
      CHECK(all[3 * row] + all[3 * row + 1] + all[3 * row + 2] == doctest::Approx(1.0));
    }
  }
  SUBCASE("no probabilities where the objective has none") {
    for (const std::string name :
         {"regression-3.2.0.ubj", "poisson-3.2.0.json", "hinge-3.2.0.ubj"}) {
      CHECK(load(name)->outputsPerRow(OutputForm::Probability) == 0);
    }
    CHECK(load("logitraw-3.2.0.ubj")->outputsPerRow(OutputForm::Probability) == 2);
  }
}

TEST_CASE("What a file says of itself") {
  const auto model = load("dictionary-3.4.1.ubj");
  const ModelInfo& info = model->info();
  CHECK(info.name == "m");
  CHECK(info.format == "XGBoost UBJSON 3.4.1");
  CHECK(info.objective == "reg:squarederror");
  CHECK(info.numTrees == 3);
  CHECK(info.maxDepth == 3);
  CHECK(info.sizeBytes == readModelBytes("dictionary-3.4.1.ubj").size());
  CHECK(info.checksum.size() == 64);
  CHECK(info.namedFeatures);
  REQUIRE(info.features.size() == 5);
  CHECK(info.features[1].name == "Score x");
  CHECK(info.features[1].kind == FeatureKind::Numeric);
  CHECK(info.features[3].kind == FeatureKind::Categorical);
  CHECK(info.features[3].categories == std::vector<std::string>{"red", "green", "blue", "naïve", "",
                                                                "black", "white", "grey", "pink",
                                                                "gold"});
  CHECK(info.features[4].integerCategories ==
        std::vector<int64_t>{7, 11, 400, -3, 9'000'000'000, 12});
  const auto text = load("dictionaryAscii-3.2.0.json");
  CHECK(text->info().format == "XGBoost JSON 3.2.0");
  CHECK(text->info().features[3].categories[3] == "naive");
  CHECK(text->info().features[3].categories[9] == "gold");
  CHECK(text->info().checksum != info.checksum);
  CHECK(load("oneHot-1.7.6.json")->info().features[3].kind == FeatureKind::Categorical);
}

TEST_CASE("SHA-256 is the one that everybody computes") {
  const auto model = loadModelBytes(readModelBytes("hinge-3.2.0.ubj"), {"h", 7, false});
  CHECK(model->info().version == 7);
  CHECK(model->info().checksum == load("hinge-3.2.0.ubj")->info().checksum);
}

TEST_CASE("A dictionary with the wrong offsets of XGBoost 3.1 to 3.3 is not trusted") {
  const FeatureInfo color = load("dictionary-3.2.0.ubj")->info().features[3];
  CHECK(color.kind == FeatureKind::Categorical);
  CHECK(color.categories.empty());
  CHECK(color.hasDamagedCategories);
}
