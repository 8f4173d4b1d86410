// SPDX-License-Identifier: Apache-2.0
// What models make of requests: features by name or in one tensor, categories, missing values, and
// the scores of several requests in one batch.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "operators/models/ModelLoader.h"
#include "operators/models/serving/RequestScorer.h"
#include "tests/unit/operators/models/support/ModelFiles.h"

using namespace auspex::operators;

namespace {

const double kNaN = std::numeric_limits<double>::quiet_NaN();

std::shared_ptr<const RequestScorer> scorerOf(const std::string& file,
                                              const LoadOptions& options = {.name = "M"}) {
  return std::make_shared<const RequestScorer>(loadModel(modelPath(file), options));
}

InferRequest wholeRequest(std::vector<double> values, std::vector<int64_t> shape) {
  InferRequest request;
  request.inputs.push_back({{"anything", std::move(values), {}}, std::move(shape)});
  return request;
}

template <typename Value>
InferTensor column(std::string name, std::vector<Value> values,
                   std::vector<uint8_t> validity = {}) {
  const auto rows = static_cast<int64_t>(values.size());
  return {{std::move(name), std::move(values), std::move(validity)}, {rows}};
}

/// Rows of the model with a dictionary: colours by name, stores by number.
InferRequest columnRequest() {
  InferRequest request;
  request.id = "r";
  request.inputs.push_back(column<double>("amount", {-1.51187813, kNaN, 0.5}));
  request.inputs.push_back(column<double>("Score x", {57.6339912, 1, 2}));
  request.inputs.push_back(column<double>("n", {1, 2, 3}));
  request.inputs.push_back(column<std::string>("color", {"white", "no such", "red"}, {1, 1, 0}));
  request.inputs.push_back(column<int64_t>("store", {-3, 9'000'000'000, 1}));
  return request;
}

std::string refusalOf(const RequestScorer& scorer, const InferRequest& request) {
  InferBatch batch(std::make_shared<const RequestScorer>(scorer));
  const auto fault = batch.add(request);
  CHECK(batch.numRows() == 0);
  return fault ? fault->message : "(taken)";
}

InferResponse answerOf(const std::shared_ptr<const RequestScorer>& scorer,
                       const InferRequest& request) {
  InferBatch batch(scorer);
  const auto fault = batch.add(request);
  REQUIRE_MESSAGE(!fault, fault->message);
  batch.score();
  return batch.response(0);
}

/// The rows with codes for categories, as the model sees them.
std::vector<double> scoresOfCodes(const ModelVersion& version, std::vector<float> matrix) {
  std::vector<float> scores(matrix.size() / 5);
  version.score({matrix.data(), scores.size(), 5}, OutputForm::Prediction, scores);
  return {scores.begin(), scores.end()};
}

}  // namespace

TEST_CASE("One tensor gives what the model gives, whatever its name") {
  const auto scorer = scorerOf("logistic-3.2.0.json");
  const ExpectedScores expected = readExpected("logistic-3.2.0");
  InferRequest request =
      wholeRequest({expected.matrix.begin(), expected.matrix.end()},
                   {static_cast<int64_t>(expected.rows), static_cast<int64_t>(expected.features)});
  request.id = "7";
  request.wantsBinary = true;
  const InferResponse response = answerOf(scorer, request);
  CHECK(response.model == "M");
  CHECK(response.version == "1");
  CHECK(response.id == "7");
  REQUIRE(response.outputs.size() == 1);
  CHECK(response.outputs[0].name == "predict");
  CHECK(response.outputs[0].isBinary);
  CHECK(response.outputs[0].numRows == expected.rows);
  CHECK(response.outputs[0].width == 1);
  for (size_t row = 0; row < expected.rows; ++row) {
    CHECK(response.outputs[0].scores[row] == doctest::Approx(expected.values[row]).epsilon(1e-5));
  }
}

TEST_CASE("Columns are found by name, in any order, and become features as PREDICT's do") {
  const auto scorer = scorerOf("dictionaryAscii-3.2.0.json");
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  // white is category 6, -3 the store at place 3; what is not known is missing.
  const std::vector<double> expected =
      scoresOfCodes(scorer->version(),
                    {-1.51187813F, 57.6339912F, 1, 6, 3, nan, 1, 2, nan, 4, 0.5F, 2, 3, nan, nan});
  CHECK(answerOf(scorer, columnRequest()).outputs[0].scores == expected);

  InferRequest shuffled = columnRequest();
  std::swap(shuffled.inputs[0], shuffled.inputs[3]);
  std::swap(shuffled.inputs[1], shuffled.inputs[4]);
  shuffled.inputs[0].elements.name = "COLOR";
  shuffled.inputs[1].shape = {3, 1};
  shuffled.inputs.push_back(column<double>("needless", {1, 2}));
  CHECK(answerOf(scorer, shuffled).outputs[0].scores == expected);
}

TEST_CASE("Requests that do not fit are refused and leave the batch as it was") {
  const auto scorer = scorerOf("dictionaryAscii-3.2.0.json");
  const auto refused = [&](auto change, const char* words) {
    InferRequest request = columnRequest();
    change(request);
    const std::string found = refusalOf(*scorer, request);
    CHECK_MESSAGE(found.find(words) != std::string::npos, found);
  };
  refused([](auto& request) { request.inputs.pop_back(); },
          "no input is the model's feature 'store'");
  refused(
      [](auto& request) {
        request.inputs[2] = column<double>("n", {1, 2});
      },
      "input 'n' of shape [2] is not as long as input 'amount' of shape [3]");
  refused([](auto& request) { request.inputs[2].shape = {1, 3}; }, "neither shape [rows] nor");
  refused(
      [](auto& request) {
        request.inputs[3] = column<double>("color", {1, 2, 3});
      },
      "categorical with strings");
  refused(
      [](auto& request) {
        request.inputs[0] = column<std::string>("amount", {"", "", ""});
      },
      "numeric, but a STRING");
  refused(
      [](auto& request) {
        request.inputs[0].elements.name = "AMOUNT";
        request.inputs.push_back(column<double>("Amount", {1, 2, 3}));
      },
      "several inputs could be");
  refused([](auto& request) { request.outputs.push_back({"score", {}}); }, "no output 'score'");
  refused(
      [](auto& request) {
        request.outputs.push_back({"predict_proba", {}});
      },
      "gives no probabilities");
  refused(
      [](auto& request) {
        for (InferTensor& input : request.inputs) {
          input.shape = {0};
          std::visit([](auto& values) { values.clear(); }, input.elements.values);
          input.elements.validity.clear();
        }
      },
      "no rows");
  const auto numeric = scorerOf("logistic-3.2.0.json");
  CHECK(
      refusalOf(*numeric, wholeRequest({1, 2, 3, 4}, {1, 4})).find("neither of shape [rows, 5]") !=
      std::string::npos);
  CHECK(
      refusalOf(*numeric, wholeRequest({1, 2, 3, 4, 5}, {5})).find("neither of shape [rows, 5]") !=
      std::string::npos);
  CHECK(refusalOf(*numeric, wholeRequest({}, {0, 5})).find("no rows") != std::string::npos);
}

TEST_CASE("The rows of several requests are scored in one call, refused ones between them") {
  const auto scorer = scorerOf("logistic-3.2.0.json");
  InferRequest first = wholeRequest({1, 2, 3, 4, 5}, {1, 5});
  first.id = "first";
  InferRequest second = wholeRequest({5, 4, 3, 2, 1, kNaN, 0, 0, 0, 9}, {2, 5});
  second.outputs = {{"predict_margin", true}, {"predict_proba", false}, {"predict", {}}};
  InferBatch batch(scorer);
  CHECK_FALSE(batch.add(first));
  CHECK(batch.add(wholeRequest({1}, {1, 1})));
  CHECK_FALSE(batch.add(second));
  CHECK(batch.numRequests() == 2);
  CHECK(batch.numRows() == 3);
  batch.score();
  const InferResponse one = batch.response(0);
  const InferResponse two = batch.response(1);
  CHECK(one.id == "first");
  CHECK_FALSE(two.id.has_value());
  CHECK(one.outputs[0].scores == answerOf(scorer, first).outputs[0].scores);
  REQUIRE(two.outputs.size() == 3);
  CHECK(two.outputs[0].name == "predict_margin");
  CHECK(two.outputs[0].isBinary);
  CHECK_FALSE(two.outputs[1].isBinary);
  CHECK(two.outputs[1].width == 2);
  CHECK(two.outputs[1].scores[1] == two.outputs[2].scores[0]);
  CHECK(two.outputs[2].scores[1] ==
        doctest::Approx(1 / (1 + std::exp(-two.outputs[0].scores[1]))).epsilon(1e-5));
}

TEST_CASE("DEFAULT and MISSING of the statement hold") {
  LoadOptions options{.name = "M"};
  options.missing = -999;
  options.inputs = {{"amount", false, {}, 2.5}};
  const auto scorer = scorerOf("logistic-3.2.0.json", options);
  const auto scored = [&](double amount, double score) {
    return answerOf(scorer, wholeRequest({amount, score, 0, 0, 0}, {1, 5})).outputs[0].scores;
  };
  CHECK(scored(kNaN, 1) == scored(2.5, 1));
  CHECK(scored(-999, 1) == scored(2.5, 1));
  CHECK(scored(1, -999) == scored(1, kNaN));
}

TEST_CASE("Metadata tell the tensors that requests may hold") {
  const auto scorer = scorerOf("dictionaryAscii-3.2.0.json");
  std::string told;
  for (const TensorMetadata& input : scorer->inputs()) {
    told += input.name + " " + input.datatype + " " + shapeText(input.shape) + "; ";
  }
  CHECK(told ==
        "amount FP32 [-1]; Score x FP32 [-1]; n FP32 [-1]; color BYTES [-1]; store INT64 [-1]; ");
  REQUIRE(scorer->outputs().size() == 1);
  CHECK(scorer->outputs()[0].name == "predict");
  CHECK(scorer->outputs()[0].shape == std::vector<int64_t>{-1, 1});
}
