// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/V2Json.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "operators/formats/Utf8.h"
#include "operators/formats/json/JsonText.h"
#include "operators/models/forest/JsonReader.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::operators {

namespace {

/// More tensors, outputs or dimensions than any model has: what a hostile request is cut at.
constexpr size_t kMaxJsonTensors = 65'536;
constexpr size_t kMaxJsonDimensions = 64;

/// One input as it stands: its elements are read when its type is known.
struct JsonInput {
  InferTensor tensor;
  std::string datatype;
  std::optional<JsonReader> data;  ///< stands before the elements
  std::optional<int64_t> binarySize;
};

/// Parameters of a request, an input or an output; others are passed over.
struct JsonParameters {
  std::optional<int64_t> binarySize;
  std::optional<bool> isBinary;
  bool wantsBinary = false;
};

bool skipsNull(JsonReader& reader) {
  const bool isNull = reader.peek() == DocumentReader::Kind::Null;
  if (isNull) {
    reader.skip();
  }
  return isNull;
}

JsonParameters readParameters(JsonReader& reader) {
  JsonParameters parameters;
  if (skipsNull(reader)) {
    return parameters;
  }
  readObject(reader, [&](const std::string& key) {
    if (key == "binary_data_size") {
      parameters.binarySize = reader.readInteger();
    } else if (key == "binary_data") {
      parameters.isBinary = reader.readBoolean();
    } else if (key == "binary_data_output") {
      parameters.wantsBinary = reader.readBoolean();
    } else if (key == "content_type" && reader.peek() == DocumentReader::Kind::String) {
      const std::string type = reader.readString();
      if (type == "base64" || type == "datetime") {
        reader.fail("content_type '" + type + "' is not taken; send strings or numbers");
      }
    } else {
      reader.skip();
    }
  });
  return parameters;
}

std::vector<int64_t> readInputShape(JsonReader& reader) {
  std::vector<int64_t> shape;
  reader.beginArray();
  while (reader.nextElement()) {
    if (shape.size() == kMaxJsonDimensions) {
      reader.fail("the shape has more than " + std::to_string(kMaxJsonDimensions) + " dimensions");
    }
    shape.push_back(reader.readInteger());
  }
  return shape;
}

/// Calls each() before every scalar of nested or flat arrays.
template <typename Each>
void forEachScalar(JsonReader& reader, Each each) {
  if (reader.peek() != DocumentReader::Kind::Array) {
    each();
    return;
  }
  reader.beginArray();
  while (reader.nextElement()) {
    forEachScalar(reader, each);
  }
}

/// Reads at most `count` elements and fails at more.
template <typename Value, typename ReadOne>
void readScalars(JsonReader& reader, size_t count, FeatureColumn& column, ReadOne readOne) {
  auto& values = column.values.emplace<std::vector<Value>>();
  forEachScalar(reader, [&] {
    if (values.size() == count) {
      reader.fail("data has more than the " + std::to_string(count) + " elements of the shape");
    }
    if (!skipsNull(reader)) {
      values.push_back(readOne());
      return;
    }
    column.validity.resize(values.size(), 1);
    column.validity.push_back(0);
    values.emplace_back();
  });
  if (values.size() != count) {
    reader.fail("data has " + std::to_string(values.size()) + " elements, the shape " +
                std::to_string(count));
  }
  if (!column.validity.empty()) {
    column.validity.resize(count, 1);
  }
}

void readJsonElements(JsonReader& reader, Datatype datatype, size_t count, FeatureColumn& column) {
  switch (datatype) {
    case Datatype::Bool:
      return readScalars<uint8_t>(reader, count, column,
                                  [&] { return static_cast<uint8_t>(reader.readBoolean()); });
    case Datatype::Bytes:
      return readScalars<std::string>(reader, count, column, [&] { return reader.readString(); });
    case Datatype::Fp64:
      return readScalars<double>(reader, count, column, [&] { return reader.readDouble(); });
    case Datatype::Fp16:
    case Datatype::Fp32:
      return readScalars<double>(reader, count, column,
                                 [&] { return static_cast<double>(reader.readFloat()); });
    default:
      return readScalars<int64_t>(reader, count, column, [&] {
        const int64_t value = reader.readInteger();
        requireInRange(value, datatype);
        return value;
      });
  }
}

JsonInput readJsonInput(JsonReader& reader) {
  JsonInput input;
  readObject(reader, [&](const std::string& key) {
    if (key == "name") {
      input.tensor.elements.name = reader.readString();
    } else if (key == "datatype") {
      input.datatype = reader.readString();
    } else if (key == "shape") {
      input.tensor.shape = readInputShape(reader);
    } else if (key == "parameters") {
      input.binarySize = readParameters(reader).binarySize;
    } else if (key == "data") {
      input.data = reader;
      reader.skip();
    } else {
      reader.skip();
    }
  });
  return input;
}

RequestedOutput readRequestedOutput(JsonReader& reader) {
  RequestedOutput output;
  readObject(reader, [&](const std::string& key) {
    if (key == "name") {
      output.name = reader.readString();
    } else if (key == "parameters") {
      output.isBinary = readParameters(reader).isBinary;
    } else {
      reader.skip();
    }
  });
  return output;
}

/// Reads the array that comes next, bounded; readOne reads one element.
template <typename ReadOne>
void readList(JsonReader& reader, const char* what, ReadOne readOne) {
  if (skipsNull(reader)) {
    return;
  }
  reader.beginArray();
  for (size_t count = 0; reader.nextElement(); ++count) {
    if (count == kMaxJsonTensors) {
      reader.fail(std::string("there are more than ") + std::to_string(kMaxJsonTensors) + " " +
                  what);
    }
    readOne();
  }
}

/// The elements of an input: from its JSON, or from the front of the raw bytes.
void takeJsonElements(JsonInput& input, std::string_view& raw) {
  FeatureColumn& column = input.tensor.elements;
  const std::optional<Datatype> datatype = datatypeOfV2(input.datatype);
  if (!datatype) {
    throw ModelError("its datatype '" + presentable(input.datatype) +
                     "' is none of the protocol's");
  }
  const std::optional<size_t> count = countElements(input.tensor.shape);
  if (!count) {
    throw ModelError("its shape is none");
  }
  if (!input.binarySize) {
    if (!input.data) {
      throw ModelError("it has no data");
    }
    return readJsonElements(*input.data, *datatype, *count, column);
  }
  const int64_t size = *input.binarySize;
  if (input.data || size < 0 || static_cast<uint64_t>(size) > raw.size()) {
    throw ModelError(input.data ? "it has both data and binary_data_size"
                                : "it claims " + std::to_string(size) + " bytes where " +
                                      std::to_string(raw.size()) + " are left behind the JSON");
  }
  readRawElements(raw.substr(0, static_cast<size_t>(size)), *datatype, *count, column);
  raw.remove_prefix(static_cast<size_t>(size));
}

InferRequest readV2Request(std::string_view json, std::string_view raw) {
  if (!isUtf8(json)) {
    throw ModelError("it is not UTF-8");
  }
  JsonReader reader(json);
  InferRequest request;
  std::vector<JsonInput> inputs;
  readObject(reader, [&](const std::string& key) {
    if (key == "id") {
      request.id = skipsNull(reader) ? std::nullopt : std::optional(reader.readString());
    } else if (key == "parameters") {
      request.wantsBinary = readParameters(reader).wantsBinary;
    } else if (key == "inputs") {
      readList(reader, "inputs", [&] { inputs.push_back(readJsonInput(reader)); });
    } else if (key == "outputs") {
      readList(reader, "outputs", [&] { request.outputs.push_back(readRequestedOutput(reader)); });
    } else {
      reader.skip();
    }
  });
  reader.expectEnd();
  if (inputs.empty()) {
    throw ModelError("it has no inputs");
  }
  for (JsonInput& input : inputs) {
    try {
      takeJsonElements(input, raw);
    } catch (const ModelError& error) {
      throw ModelError("input '" + presentable(input.tensor.elements.name) + "': " + error.what());
    }
    request.inputs.push_back(std::move(input.tensor));
  }
  if (!raw.empty()) {
    throw ModelError(std::to_string(raw.size()) + " bytes behind the JSON are of no input");
  }
  return request;
}

void appendJsonScores(const InferOutput& output, std::string& json) {
  json += "[";
  for (size_t i = 0; i < output.scores.size(); ++i) {
    json += i == 0 ? "" : ",";
    if (!std::isfinite(output.scores[i])) {
      json += "null";
      continue;
    }
    char text[32];
    const auto [end, error] = std::to_chars(text, text + sizeof(text), output.scores[i]);
    json.append(text, error == std::errc() ? end : text);
  }
  json += "]";
}

void appendTensorList(const std::vector<TensorMetadata>& tensors, std::string& json) {
  json += "[";
  for (size_t i = 0; i < tensors.size(); ++i) {
    json += i == 0 ? "{\"name\":" : ",{\"name\":";
    appendJsonString(json, tensors[i].name);
    json += ",\"datatype\":\"" + tensors[i].datatype + "\",\"shape\":[";
    for (size_t k = 0; k < tensors[i].shape.size(); ++k) {
      json += (k == 0 ? "" : ",") + std::to_string(tensors[i].shape[k]);
    }
    json += "]}";
  }
  json += "]";
}

}  // namespace

DecodedInfer decodeV2Json(std::string_view body, std::optional<size_t> jsonBytes) {
  const size_t length = jsonBytes.value_or(body.size());
  if (length == 0 || length > body.size()) {
    return InferFault{InferFault::Kind::Malformed, "the request has no JSON: of its " +
                                                       std::to_string(body.size()) + " bytes " +
                                                       std::to_string(length) + " should be"};
  }
  try {
    return readV2Request(body.substr(0, length), body.substr(length));
  } catch (const ModelError& error) {
    return InferFault{InferFault::Kind::Malformed,
                      std::string("the request is not of the Open Inference Protocol: ") +
                          presentable(error.what())};
  }
}

EncodedV2 encodeV2Json(const InferResponse& response) {
  EncodedV2 encoded;
  std::string& json = encoded.body;
  json += "{\"model_name\":";
  appendJsonString(json, response.model);
  json += ",\"model_version\":";
  appendJsonString(json, response.version);
  if (response.id) {
    json += ",\"id\":";
    appendJsonString(json, *response.id);
  }
  json += ",\"outputs\":[";
  std::string raw;
  for (size_t i = 0; i < response.outputs.size(); ++i) {
    const InferOutput& output = response.outputs[i];
    json += i == 0 ? "{\"name\":" : ",{\"name\":";
    appendJsonString(json, output.name);
    json += ",\"datatype\":\"" + std::string(v2NameOf(output.datatype)) + "\",\"shape\":[" +
            std::to_string(output.numRows) + "," + std::to_string(output.width) + "]";
    if (output.isBinary) {
      const size_t before = raw.size();
      appendRawScores(output, raw);
      json += ",\"parameters\":{\"binary_data_size\":" + std::to_string(raw.size() - before) + "}}";
    } else {
      json += ",\"data\":";
      appendJsonScores(output, json);
      json += "}";
    }
  }
  json += "]}";
  encoded.jsonBytes = json.size();
  json += raw;
  return encoded;
}

std::string encodeV2Error(std::string_view message) {
  std::string json = "{\"error\":";
  appendJsonString(json, message);
  return json + "}";
}

std::string encodeV2Metadata(const InferMetadata& metadata) {
  std::string json = "{\"name\":";
  appendJsonString(json, metadata.name);
  json += ",\"versions\":[";
  for (size_t i = 0; i < metadata.versions.size(); ++i) {
    json += i == 0 ? "" : ",";
    appendJsonString(json, metadata.versions[i]);
  }
  json += "],\"platform\":";
  appendJsonString(json, metadata.platform);
  json += ",\"inputs\":";
  appendTensorList(metadata.inputs, json);
  json += ",\"outputs\":";
  appendTensorList(metadata.outputs, json);
  return json + "}";
}

}  // namespace auspex::operators
