// SPDX-License-Identifier: Apache-2.0
#include "engine/ModelCommand.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iostream>

#include "engine/ModelRows.h"
#include "engine/ResultCollector.h"
#include "operators/PredictOperator.h"
#include "operators/formats/json/JsonText.h"
#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"

namespace auspex::engine {
namespace {

using operators::FeatureInfo;
using operators::ModelInfo;
using operators::ModelVersion;
using operators::OutputForm;

/// Rows read and scored together.
constexpr size_t kRowsAtOnce = 1'024;

std::shared_ptr<const ModelVersion> load(const std::string& path) {
  operators::LoadOptions options;
  options.name = path;
  return operators::loadModel(path, options);
}

const char* kindOf(const FeatureInfo& feature) {
  return feature.kind == operators::FeatureKind::Categorical ? "categorical" : "numeric";
}

void printText(const ModelInfo& info) {
  std::cout << fmt::format(
      "Format    : {}\nKind      : {}\nObjective : {}\nOutputs   : {}\nTrees     : {} of depth {}\n"
      "Size      : {} bytes\nChecksum  : {}\n",
      info.format, info.kind, info.objective, info.numOutputs, info.numTrees, info.maxDepth,
      info.sizeBytes, info.checksum);
  queries::TextTable features{{"Feature", "Kind", "Categories"}, {}};
  for (const FeatureInfo& feature : info.features) {
    const size_t numCategories = feature.categories.size() + feature.integerCategories.size();
    features.rows.push_back(
        {feature.name, kindOf(feature), numCategories == 0 ? "" : std::to_string(numCategories)});
  }
  writeTable(features, std::cout);
}

std::string jsonText(std::string_view text) {
  std::string json;
  operators::appendJsonString(json, text);
  return json;
}

std::string toJson(const FeatureInfo& feature, const std::string& name) {
  std::string categories;
  for (const std::string& category : feature.categories) {
    categories += (categories.empty() ? "" : ",") + jsonText(category);
  }
  for (const int64_t category : feature.integerCategories) {
    categories += (categories.empty() ? "" : ",") + std::to_string(category);
  }
  return fmt::format(R"({{"name":{},"type":"{}","categories":[{}]}})", jsonText(name),
                     kindOf(feature), categories);
}

void printJson(const ModelInfo& info) {
  std::string features;
  const std::vector<std::string> names = operators::featureNames(info);
  for (size_t i = 0; i < names.size(); ++i) {
    features += (i == 0 ? "" : ",") + toJson(info.features[i], names[i]);
  }
  std::string attributes;
  for (const auto& [name, value] : info.attributes) {
    attributes += (attributes.empty() ? "" : ",") + jsonText(name) + ":" + jsonText(value);
  }
  std::cout << fmt::format(
      R"({{"kind":{},"format":{},"objective":{},"outputs":{},"trees":{},"depth":{},"size":{},)"
      R"("checksum":"{}","features":[{}],"attributes":{{{}}}}})",
      jsonText(info.kind), jsonText(info.format), jsonText(info.objective), info.numOutputs,
      info.numTrees, info.maxDepth, info.sizeBytes, info.checksum, features, attributes);
  std::cout << "\n";
}

std::optional<OutputForm> parseForm(const std::string& name) {
  static constexpr std::pair<std::string_view, OutputForm> kForms[] = {
      {"value", OutputForm::Value},
      {"proba", OutputForm::Probability},
      {"margin", OutputForm::Margin},
      {"leaf", OutputForm::Leaf},
      {"contributions", OutputForm::Contribution}};
  for (const auto& [known, form] : kForms) {
    if (known == name) {
      return form;
    }
  }
  return std::nullopt;
}

/// The shortest text that reads as the same number in its own precision.
template <typename Number>
void appendNumber(Number value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  out.append(text, error == std::errc() ? end : text);
}

/// Writes the numbers of a row in a form.
class RowWriter {
 public:
  RowWriter(const ModelInfo& info, OutputForm form)
      : form_(form), perObject_(info.features.size() + 1) {
    for (const std::string& name : operators::featureNames(info)) {
      keys_.push_back(jsonText(name));
    }
    keys_.push_back(jsonText(operators::biasName(info)));
  }

  template <typename Number>
  void append(std::span<const Number> numbers, std::string& out) const {
    if (form_ == OutputForm::Contribution) {
      appendObjects(numbers, out);
      return;
    }
    const bool isArray = numbers.size() > 1 || form_ == OutputForm::Leaf;
    out += isArray ? "[" : "";
    for (size_t i = 0; i < numbers.size(); ++i) {
      out += i == 0 ? "" : ",";
      appendNumber(numbers[i], out);
    }
    out += isArray ? "]" : "";
  }

 private:
  template <typename Number>
  void appendObjects(std::span<const Number> numbers, std::string& out) const {
    const bool isArray = numbers.size() > perObject_;
    out += isArray ? "[" : "";
    for (size_t i = 0; i < numbers.size(); ++i) {
      const size_t key = i % perObject_;
      out += key == 0 ? (i == 0 ? "{" : ",{") : ",";
      out += keys_[key] + ":";
      appendNumber(numbers[i], out);
      out += key + 1 == perObject_ ? "}" : "";
    }
    out += isArray ? "]" : "";
  }

  OutputForm form_;
  size_t perObject_;
  std::vector<std::string> keys_;
};

/// Scores one chunk in the precision of the model and appends its lines.
void scoreChunk(const ModelVersion& model, OutputForm form, std::span<const double> matrix,
                size_t numRows, const RowWriter& writer, std::string& out) {
  const size_t perRow = model.outputsPerRow(form);
  const size_t numFeatures = model.info().features.size();
  if (model.info().isWide) {
    std::vector<double> scores(numRows * perRow);
    model.scoreWide({matrix.data(), numRows, numFeatures}, form, scores);
    for (size_t row = 0; row < numRows; ++row) {
      writer.append(std::span<const double>(scores).subspan(row * perRow, perRow), out);
      out += "\n";
    }
    return;
  }
  const std::vector<float> narrow(matrix.begin(), matrix.end());
  std::vector<float> scores(numRows * perRow);
  model.score({narrow.data(), numRows, numFeatures}, form, scores);
  for (size_t row = 0; row < numRows; ++row) {
    writer.append(std::span<const float>(scores).subspan(row * perRow, perRow), out);
    out += "\n";
  }
}

}  // namespace

ExitCode inspectModel(const std::string& path, bool asJson) {
  try {
    const auto version = load(path);
    if (asJson) {
      printJson(version->info());
    } else {
      printText(version->info());
    }
    return ExitCode::Success;
  } catch (const operators::ModelError& error) {
    std::cerr << fmt::format("auspex: {}: {}\n", path, error.what());
    return ExitCode::StatementFailed;
  }
}

ExitCode scoreFile(const ScoreOptions& options) {
  const std::optional<OutputForm> form = parseForm(options.form);
  if (!form) {
    std::cerr << fmt::format(
        "auspex: --as '{}' is none of value, proba, margin, leaf, contributions\n", options.form);
    return ExitCode::WrongUsage;
  }
  try {
    const auto model = load(options.model);
    if (model->outputsPerRow(*form) == 0) {
      std::cerr << fmt::format("auspex: {}: the model {}\n", options.model,
                               model->refusalOf(*form));
      return ExitCode::StatementFailed;
    }
    ModelRows rows(model->info(), options.input);
    const RowWriter writer(model->info(), *form);
    std::vector<double> matrix;
    std::string lines;
    while (const size_t numRows = rows.read(kRowsAtOnce, matrix)) {
      scoreChunk(*model, *form, matrix, numRows, writer, lines);
      std::cout << lines;
      lines.clear();
      matrix.clear();
    }
    std::cout.flush();
    return ExitCode::Success;
  } catch (const operators::ModelError& error) {
    std::cerr << fmt::format("auspex: {}: {}\n", options.model, error.what());
  } catch (const ModelRowError& error) {
    std::cerr << fmt::format("auspex: {}: {}\n", options.input, error.what());
  }
  return ExitCode::StatementFailed;
}

}  // namespace auspex::engine
