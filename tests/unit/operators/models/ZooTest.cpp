// SPDX-License-Identifier: Apache-2.0
// The zoo: small models of many versions of XGBoost and LightGBM, each with what its maker gives
// for some rows: margins, values, leaves and contributions (tests/zoo).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"

using namespace auspex::operators;

namespace {

/// What a maker gives, from a .scores file; kinds that it cannot give have a width of 0.
struct ZooScores {
  size_t rows = 0;
  size_t features = 0;
  std::vector<double> matrix;
  std::map<OutputForm, size_t> widths;
  std::map<OutputForm, std::vector<double>> numbers;
};

constexpr std::array kForms = {OutputForm::Margin, OutputForm::Value, OutputForm::Leaf,
                               OutputForm::Contribution};

ZooScores readScores(const std::filesystem::path& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), path.string());
  ZooScores scores;
  file >> scores.rows >> scores.features;
  for (const OutputForm form : kForms) {
    file >> scores.widths[form];
  }
  const auto read = [&](size_t count, std::vector<double>& numbers) {
    std::string token;
    for (size_t i = 0; i < count; ++i) {
      file >> token;
      numbers.push_back(std::strtod(token.c_str(), nullptr));
    }
  };
  for (size_t row = 0; row < scores.rows; ++row) {
    read(scores.features, scores.matrix);
    for (const OutputForm form : kForms) {
      read(scores.widths[form], scores.numbers[form]);
    }
  }
  REQUIRE_MESSAGE(file.good(), path.string());
  REQUIRE(scores.rows > 0);
  return scores;
}

/// The model files of the zoo with what their makers give, sorted by name.
std::vector<std::filesystem::path> listZoo() {
  std::vector<std::filesystem::path> models;
  for (const auto& entry : std::filesystem::directory_iterator(ZOO_FILES)) {
    const auto extension = entry.path().extension();
    if (extension == ".json" || extension == ".ubj" || extension == ".txt") {
      models.push_back(entry.path());
    }
  }
  std::sort(models.begin(), models.end());
  return models;
}

std::vector<double> scoreAll(const ModelVersion& model, const ZooScores& rows, OutputForm form) {
  const size_t count = rows.rows * model.outputsPerRow(form);
  if (model.info().isWide) {
    std::vector<double> wide(count);
    model.scoreWide({rows.matrix.data(), rows.rows, rows.features}, form, wide);
    return wide;
  }
  const std::vector<float> matrix(rows.matrix.begin(), rows.matrix.end());
  std::vector<float> out(count);
  model.score({matrix.data(), rows.rows, rows.features}, form, out);
  return {out.begin(), out.end()};
}

/// The largest difference by `floor` + |expected|.
double largestDifference(const std::vector<double>& scores, const std::vector<double>& expected,
                         double floor) {
  REQUIRE(scores.size() == expected.size());
  double largest = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    REQUIRE(std::isfinite(scores[i]));
    largest =
        std::max(largest, std::abs(scores[i] - expected[i]) / (floor + std::abs(expected[i])));
  }
  return largest;
}

/// Contributions against the maker's, by their absolute sum, and their sums against the margins.
void checkContributions(const ModelVersion& model, const ZooScores& expected,
                        const std::vector<double>& margins) {
  const std::vector<double> ours = scoreAll(model, expected, OutputForm::Contribution);
  const std::vector<double>& theirs = expected.numbers.at(OutputForm::Contribution);
  const size_t perOutput = expected.features + 1;
  REQUIRE(ours.size() == margins.size() * perOutput);
  for (size_t output = 0; output < margins.size(); ++output) {
    double sum = 0;
    double absoluteSum = 0;
    double largest = 0;
    for (size_t i = output * perOutput; i < (output + 1) * perOutput; ++i) {
      sum += ours[i];
      absoluteSum += std::abs(ours[i]);
      largest = theirs.empty() ? 0 : std::max(largest, std::abs(ours[i] - theirs[i]));
    }
    CHECK(largest <= 1e-4 * absoluteSum);
    CHECK(std::abs(sum - margins[output]) <= 1e-5 * std::max(1.0, std::abs(margins[output])));
  }
}

void checkModel(const std::filesystem::path& path) {
  CAPTURE(path.filename().string());
  std::filesystem::path scores = path;
  const ZooScores expected = readScores(scores.replace_extension(".scores"));
  const auto model = loadModel(path.string(), {"m", 1, false});
  REQUIRE(model->info().features.size() == expected.features);
  for (const OutputForm form : {OutputForm::Margin, OutputForm::Value, OutputForm::Leaf}) {
    CAPTURE(static_cast<int>(form));
    const size_t width = expected.widths.at(form);
    CHECK(model->outputsPerRow(form) == width);
    if (width == 0 || model->outputsPerRow(form) != width) {
      continue;
    }
    const double allowed = form == OutputForm::Leaf ? 0 : (model->info().isWide ? 1e-14 : 1e-6);
    CHECK(largestDifference(scoreAll(*model, expected, form), expected.numbers.at(form), 1) <=
          allowed);
  }
  if (model->outputsPerRow(OutputForm::Contribution) > 0) {
    checkContributions(*model, expected, scoreAll(*model, expected, OutputForm::Margin));
  } else {
    CHECK(expected.widths.at(OutputForm::Contribution) == 0);
  }
}

}  // namespace

TEST_CASE("Every model of the zoo gives what its maker gives, in every form") {
  const auto models = listZoo();
  CHECK(models.size() >= 30);
  for (const auto& path : models) {
    checkModel(path);
  }
}
