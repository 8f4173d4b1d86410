// SPDX-License-Identifier: Apache-2.0
// Predictors by name, and the embedded one: answers at once, bounded in flight, buffers come back.
#include <doctest/doctest.h>

#include <algorithm>

#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"
#include "operators/models/Predictors.h"
#include "tests/unit/operators/models/support/ModelFiles.h"

using namespace auspex::operators;

namespace {

FeatureBatch makeBatch(const std::shared_ptr<const ModelVersion>& model, const ExpectedScores& rows,
                       uint64_t id) {
  FeatureBatch batch;
  batch.id = id;
  batch.version = model;
  batch.matrix = rows.matrix;
  for (size_t row = 0; row < rows.rows; ++row) {
    batch.rowIds.push_back(100 + row);
  }
  return batch;
}

}  // namespace

TEST_CASE("Kinds are found ignoring case; an unknown one is refused with those there are") {
  CHECK(makePredictor("embedded", {}) != nullptr);
  CHECK(makePredictor("EMBEDDED", {}) != nullptr);
  CHECK_THROWS_AS(makePredictor("EMBED", {}), ModelError);
  CHECK_THROWS_AS(makePredictor("", {}), ModelError);
  CHECK(predictorKinds().size() >= 1);
}

TEST_CASE("The embedded predictor scores at once and gives the batch back") {
  const auto model = loadModel(modelPath("softprob-3.2.0.json"), {"m", 3, false});
  const ExpectedScores rows = readExpected("softprob-3.2.0");
  const auto predictor = makePredictor("EMBEDDED", {});
  CHECK(predictor->layout() == FeatureLayout::Matrix);
  FeatureBatch batch = makeBatch(model, rows, 42);
  batch.form = OutputForm::Probability;
  REQUIRE(predictor->submit(batch));
  CHECK(predictor->rowsInFlight() == rows.rows);
  std::vector<ScoredBatch> done;
  CHECK(predictor->poll(done) == 1);
  CHECK(predictor->poll(done) == 0);
  CHECK(predictor->rowsInFlight() == 0);
  REQUIRE(done.size() == 1);
  CHECK(done[0].request.id == 42);
  CHECK(done[0].request.rowIds.front() == 100);
  CHECK(done[0].request.matrix.size() == rows.matrix.size());
  CHECK(done[0].request.version->info().version == 3);
  CHECK(done[0].failures.empty());
  CHECK(done[0].outputsPerRow == 3);
  REQUIRE(done[0].scores.size() == rows.values.size());
  for (size_t i = 0; i < rows.values.size(); ++i) {
    CHECK(done[0].scores[i] == doctest::Approx(rows.values[i]).epsilon(1e-6));
  }
}

TEST_CASE("What is in flight is bounded, and a refused batch is left as it was") {
  const auto model = loadModel(modelPath("logistic-3.2.0.json"), {"m", 1, false});
  const ExpectedScores rows = readExpected("logistic-3.2.0");
  PredictorSettings settings;
  settings.maxRowsInFlight = rows.rows + 1;
  const auto predictor = makePredictor("EMBEDDED", settings);
  FeatureBatch first = makeBatch(model, rows, 1);
  FeatureBatch second = makeBatch(model, rows, 2);
  CHECK(predictor->submit(first));
  CHECK(!predictor->submit(second));
  CHECK(second.rowIds.size() == rows.rows);
  CHECK(second.matrix.size() == rows.matrix.size());
  std::vector<ScoredBatch> done;
  predictor->poll(done);
  CHECK(predictor->submit(second));
  predictor->poll(done);
  REQUIRE(done.size() == 2);
  CHECK(done[0].scores == done[1].scores);
  CHECK(done[1].request.id == 2);
}
