// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/InferRows.h"

#include <type_traits>
#include <utility>

#include "operators/data/Assert.h"
#include "operators/formats/Utf8.h"
#include "operators/formats/json/JsonText.h"
#include "operators/models/ModelError.h"
#include "operators/models/forest/JsonReader.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::operators {
namespace {

void requireRowCount(int64_t numRows) {
  if (numRows > static_cast<int64_t>(kMaxServedRows)) {
    throw ModelError("the request has " + std::to_string(numRows) + " rows; it may have " +
                     std::to_string(kMaxServedRows));
  }
}

/// Writes the elements at `begin`, begin + stride, ... as a feature of the rows from `first` on.
void takeFeature(const FeatureColumn& column, size_t begin, size_t stride, size_t feature,
                 size_t first, ServedRows& rows) {
  std::visit(
      [&](const auto& values) {
        size_t place = begin;
        for (size_t row = first; row < rows.numRows(); ++row, place += stride) {
          if (!column.validity.empty() && column.validity[place] == 0) {
            continue;
          }
          using Value = std::decay_t<decltype(values[place])>;
          if constexpr (std::is_same_v<Value, std::string>) {
            rows.setText(row, feature, values[place]);
          } else if constexpr (std::is_same_v<Value, int64_t>) {
            rows.setInteger(row, feature, values[place]);
          } else {
            rows.setNumber(row, feature, static_cast<double>(values[place]));
          }
        }
      },
      column.values);
}

void takeMatrix(const InferTensor& matrix, ServedRows& rows) {
  const size_t numFeatures = rows.features().size();
  const size_t first = rows.numRows();
  requireRowCount(matrix.shape[0]);
  rows.append(static_cast<size_t>(matrix.shape[0]));
  for (size_t feature = 0; feature < numFeatures; ++feature) {
    takeFeature(matrix.elements, feature, numFeatures, feature, first, rows);
  }
}

void takeInputColumn(const InferTensor& input, size_t feature, size_t first, ServedRows& rows) {
  if (!isOneColumn(input)) {
    throw ModelError(shownInput(input) + " is of neither shape [rows] nor [rows, 1]");
  }
  requireRowCount(input.shape[0]);
  const auto numRows = static_cast<size_t>(input.shape[0]);
  if (rows.numRows() == first) {
    rows.append(numRows);
  }
  if (rows.numRows() - first != numRows) {
    throw ModelError(shownInput(input) + " is not as long as the inputs before it");
  }
  takeFeature(input.elements, 0, 1, feature, first, rows);
}

void takeInputColumns(const InferRequest& request, ServedRows& rows) {
  const std::vector<ServedFeature>& features = rows.features();
  std::vector<bool> isGiven(features.size(), false);
  const size_t first = rows.numRows();
  for (const InferTensor& input : request.inputs) {
    const std::optional<size_t> feature = rows.find(input.elements.name);
    if (!feature) {
      continue;
    }
    if (isGiven[*feature]) {
      throw ModelError("feature '" + features[*feature].name + "' is given twice");
    }
    isGiven[*feature] = true;
    takeInputColumn(input, *feature, first, rows);
  }
  for (size_t feature = 0; feature < features.size(); ++feature) {
    if (!isGiven[feature] && !features[feature].hasDefault) {
      refuseMissingFeature(request, features[feature].name, features.size());
    }
  }
}

int32_t requestedForm(const InferRequest& request, const ServingSpec& serving) {
  int32_t form = request.wantsBinary ? kWantsRaw : 0;
  for (const RequestedOutput& output : request.outputs) {
    if (output.name == kPredictOutput && serving.givesPredictions) {
      form |= kWantsPrediction;
    } else if (output.name == kProbabilityOutput && serving.givesProbabilities) {
      form |= kWantsProbabilities;
    } else {
      throw ModelError("output '" + presentable(output.name) + "' is not given out here");
    }
  }
  if (request.outputs.empty()) {
    form |= (serving.givesPredictions ? kWantsPrediction : 0) |
            (serving.givesProbabilities ? kWantsProbabilities : 0);
  }
  return form;
}

InferOutput makeOutput(std::string_view name, const ReplyContent& content,
                       const std::optional<ReplyScores>& scores, const RequestHead& head,
                       const ServingSpec& serving) {
  AUSPEX_ASSERT(scores.has_value());
  return {std::string(name),
          serving.isWide ? Datatype::Fp64 : Datatype::Fp32,
          content.numRows,
          scores->width,
          {scores->values.begin(), scores->values.end()},
          (head.form & kWantsRaw) != 0};
}

}  // namespace

void takeInferRequest(const InferRequest& request, const ServingSpec& serving, RequestHead& head,
                      ServedRows& rows) {
  const size_t first = rows.numRows();
  head.form = requestedForm(request, serving);
  if (!request.version.empty()) {
    head.version = readVersion(request.version);
  }
  if (hasAllFeatures(request, rows.features().size())) {
    takeMatrix(request.inputs[0], rows);
  } else {
    takeInputColumns(request, rows);
  }
  if (rows.numRows() == first) {
    throw ModelError("the request has no rows");
  }
}

InferResponse makeInferResponse(const RequestHead& head, const ServingSpec& serving,
                                const ReplyContent& content) {
  InferResponse response;
  response.model = serving.modelName;
  const std::optional<int32_t> version = content.onlyVersion();
  response.version = version ? std::to_string(*version) : "";
  response.id = head.id;
  if ((head.form & kWantsPrediction) != 0) {
    response.outputs.push_back(
        makeOutput(kPredictOutput, content, content.predictions, head, serving));
  }
  if ((head.form & kWantsProbabilities) != 0) {
    response.outputs.push_back(
        makeOutput(kProbabilityOutput, content, content.probabilities, head, serving));
  }
  return response;
}

std::string inferErrorJson(std::string_view model, std::string_view id, std::string_view error) {
  std::string json = "{\"model_name\":";
  appendJsonString(json, model);
  json += ",\"id\":";
  appendJsonString(json, id);
  json += ",\"error\":";
  appendJsonString(json, error);
  return json + "}";
}

std::optional<std::string> findInferId(std::string_view json) {
  std::optional<std::string> id;
  if (!isUtf8(json)) {
    return id;
  }
  try {
    JsonReader reader(json);
    readObject(reader, [&](const std::string& member) {
      if (member == "id" && reader.peek() == DocumentReader::Kind::String) {
        id = reader.readString();
      } else {
        reader.skip();
      }
    });
  } catch (const ModelError&) {
    // What was found by then has to do.
  }
  return id;
}

}  // namespace auspex::operators
