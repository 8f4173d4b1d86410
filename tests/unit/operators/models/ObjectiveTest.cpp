// SPDX-License-Identifier: Apache-2.0
// Objectives: links, transforms and their limits.
#include "operators/models/forest/Objective.h"

#include <doctest/doctest.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "operators/models/ModelError.h"

using namespace auspex::operators;

namespace {

float marginOf(const std::string& objective, float baseScore) {
  linkBaseScores(findObjective(objective), std::span(&baseScore, 1));
  return baseScore;
}

}  // namespace

TEST_CASE("Base scores enter the sum through the objective's link") {
  struct Case {
    std::string objective;
    float baseScore;
    double margin;
  };
  const std::vector<Case> cases = {
      {"binary:logistic", 0.5F, 0.0},
      {"binary:logistic", 0.25F, std::log(1.0 / 3.0)},
      {"reg:logistic", 0.75F, std::log(3.0)},
      {"count:poisson", 2.0F, std::log(2.0)},
      {"reg:gamma", 0.5F, std::log(0.5)},
      {"reg:squarederror", -3.5F, -3.5},
      {"binary:logitraw", 0.5F, 0.5},
      {"multi:softprob", 0.5F, 0.5},
      {"survival:aft", 1.0F, 0.0},
      {"rank:ndcg", 0.25F, 0.25},
  };
  for (const Case& entry : cases) {
    CAPTURE(entry.objective);
    CHECK(static_cast<double>(marginOf(entry.objective, entry.baseScore)) ==
          doctest::Approx(entry.margin).epsilon(1e-6));
  }
}

TEST_CASE("Base scores outside the link and unknown objectives are refused") {
  CHECK_THROWS_AS(marginOf("binary:logistic", 0.0F), ModelError);
  CHECK_THROWS_AS(marginOf("binary:logistic", 1.0F), ModelError);
  CHECK_THROWS_AS(marginOf("count:poisson", -1.0F), ModelError);
  CHECK_THROWS_AS(marginOf("reg:squarederror", INFINITY), ModelError);
  CHECK_THROWS_AS(findObjective("my:own"), ModelError);
  CHECK_THROWS_AS(findObjective(""), ModelError);
}

TEST_CASE("Extreme margins stay within their forms") {
  const Objective logistic = findObjective("binary:logistic");
  for (const float margin : {-1e30F, -200.0F, -1.0F, 0.0F, 1.0F, 200.0F, 1e30F}) {
    std::vector<float> both(2);
    transformRow(logistic, OutputForm::Probability, std::vector<float>{margin}, both);
    CHECK(both[1] >= 0.0F);
    CHECK(both[1] <= 1.0F);
    CHECK(both[0] + both[1] == 1.0F);
  }
  const Objective softprob = findObjective("multi:softprob");
  std::vector<float> classes(3);
  transformRow(softprob, OutputForm::Value, std::vector<float>{1e30F, -1e30F, 0.0F}, classes);
  CHECK(classes == std::vector<float>{1.0F, 0.0F, 0.0F});
  std::vector<float> label(1);
  transformRow(softprob, OutputForm::Prediction, std::vector<float>{0.5F, 2.0F, 2.0F}, label);
  CHECK(label[0] == 1.0F);
}
