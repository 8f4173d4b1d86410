// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/V2HttpCodec.h"

#include <charconv>

#include "operators/formats/json/JsonText.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kJsonLengthHeader = "inference-header-content-length";
/// More dimensions, tensors or names than any model has: what a hostile answer is cut at.
constexpr size_t kMaxListed = 65'536;

/// One tensor of an answer.
struct V2Output {
  std::string name;
  std::string datatype;
  std::vector<int64_t> shape;
  JsonScores data;
  bool hasData = false;
  std::optional<int64_t> binarySize;
  std::string_view binary;  ///< set when binarySize is
};

void appendV2Input(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                   size_t index, std::string& json, std::string& raw) {
  const InputTensor& input = signature.inputs[index];
  json += index == 0 ? "{\"name\":" : ",{\"name\":";
  appendJsonString(json, input.name);
  json += ",\"shape\":[" + std::to_string(countRows(rows));
  if (signature.layout == RemoteLayout::Tensor) {
    json += "," + std::to_string(signature.numFeatures);
  } else if (input.hasUnitDimension) {
    json += ",1";
  }
  json += "],\"datatype\":\"" + std::string(v2NameOf(input.datatype)) + "\"";
  if (signature.isBinary) {
    const size_t before = raw.size();
    appendRawTensor(rows, signature, index, raw);
    json += ",\"parameters\":{\"binary_data_size\":" + std::to_string(raw.size() - before) + "}}";
    return;
  }
  if (input.datatype == Datatype::Bytes) {
    // MLServer gives text to models that ask for columns only where it is told that it is text.
    json += ",\"parameters\":{\"content_type\":\"str\"}";
  }
  json += ",\"data\":";
  appendJsonTensor(rows, signature, index, JsonNonFinite::Null, json);
  json += "}";
}

std::vector<int64_t> readShape(JsonReader& reader) {
  std::vector<int64_t> shape;
  reader.beginArray();
  while (reader.nextElement()) {
    if (shape.size() == kMaxListed) {
      reader.fail("the shape has too many dimensions");
    }
    shape.push_back(reader.readInteger());
  }
  return shape;
}

void readBinarySize(JsonReader& reader, V2Output& output) {
  if (reader.peek() == DocumentReader::Kind::Null) {
    reader.skip();
    return;
  }
  readObject(reader, [&](const std::string& key) {
    if (key == "binary_data_size") {
      output.binarySize = reader.readInteger();
    } else {
      reader.skip();
    }
  });
}

V2Output readV2Output(JsonReader& reader, size_t numScores) {
  V2Output output;
  readObject(reader, [&](const std::string& key) {
    if (key == "name") {
      output.name = reader.readString();
    } else if (key == "datatype") {
      output.datatype = reader.readString();
    } else if (key == "shape") {
      output.shape = readShape(reader);
    } else if (key == "parameters") {
      readBinarySize(reader, output);
    } else if (key == "data" && !output.hasData) {
      output.hasData = true;
      readJsonScores(reader, numScores, output.data);
    } else {
      reader.skip();
    }
  });
  return output;
}

/// Gives each output its bytes behind the JSON, which they must fill exactly.
void cutBinary(std::string_view bytes, std::vector<V2Output>& outputs) {
  for (V2Output& output : outputs) {
    if (!output.binarySize) {
      continue;
    }
    const int64_t size = *output.binarySize;
    if (size < 0 || static_cast<uint64_t>(size) > bytes.size()) {
      throw ModelError("output '" + presentable(output.name) + "' claims " + std::to_string(size) +
                       " bytes where " + std::to_string(bytes.size()) + " are left");
    }
    output.binary = bytes.substr(0, static_cast<size_t>(size));
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  if (!bytes.empty()) {
    throw ModelError(std::to_string(bytes.size()) + " bytes behind the JSON are of no output");
  }
}

size_t jsonLength(const HttpResponse& response) {
  const std::string_view header = findHeader(response.headers, kJsonLengthHeader);
  if (header.empty()) {
    return response.body.size();
  }
  size_t length = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), length);
  if (error != std::errc() || end != header.data() + header.size() ||
      length > response.body.size()) {
    throw ModelError("the header Inference-Header-Content-Length is '" + presentable(header) +
                     "' for a body of " + std::to_string(response.body.size()) + " bytes");
  }
  return length;
}

std::vector<V2Output> readV2Outputs(const HttpResponse& response, size_t numScores,
                                    const std::string& id) {
  const size_t length = jsonLength(response);
  JsonReader reader(std::string_view(response.body).substr(0, length));
  std::vector<V2Output> outputs;
  bool hasOutputs = false;
  readObject(reader, [&](const std::string& key) {
    if (key == "outputs") {
      hasOutputs = true;
      reader.beginArray();
      while (reader.nextElement()) {
        if (outputs.size() == kMaxListed) {
          reader.fail("there are too many outputs");
        }
        outputs.push_back(readV2Output(reader, numScores));
      }
    } else if (key == "id" && reader.peek() == DocumentReader::Kind::String) {
      const std::string given = reader.readString();
      if (!given.empty() && given != id) {
        reader.fail("it answers request '" + presentable(given) + "', not '" + id + "'");
      }
    } else {
      reader.skip();
    }
  });
  reader.expectEnd();
  if (!hasOutputs) {
    throw ModelError("it has no \"outputs\"");
  }
  cutBinary(std::string_view(response.body).substr(length), outputs);
  return outputs;
}

V2Output& chooseOutput(std::vector<V2Output>& outputs, const std::string& wanted) {
  for (V2Output& output : outputs) {
    if (output.name == wanted || (wanted.empty() && outputs.size() == 1)) {
      return output;
    }
  }
  throw AnswerError(AnswerFault::Refused,
                    wanted.empty() ? "the server's answer has " + std::to_string(outputs.size()) +
                                         " outputs. OUTPUT='name' chooses the one with the score"
                                   : "the server's answer has no output '" + wanted + "'");
}

std::vector<TensorMetadata> readTensorList(JsonReader& reader) {
  std::vector<TensorMetadata> tensors;
  if (reader.peek() == DocumentReader::Kind::Null) {
    reader.skip();
    return tensors;
  }
  reader.beginArray();
  while (reader.nextElement()) {
    if (tensors.size() == kMaxListed) {
      reader.fail("there are too many tensors");
    }
    TensorMetadata tensor;
    bool hasShape = false;
    readObject(reader, [&](const std::string& key) {
      if (key == "name") {
        tensor.name = reader.readString();
      } else if (key == "datatype") {
        tensor.datatype = reader.readString();
        tensor.known = datatypeOfV2(tensor.datatype);
      } else if (key == "shape") {
        hasShape = true;
        tensor.shape = readShape(reader);
      } else {
        reader.skip();
      }
    });
    tensor.isOfAnyShape = !hasShape;
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

void readModelMetadata(const std::string& body, RemoteMetadata& metadata) {
  JsonReader reader(body);
  readObject(reader, [&](const std::string& key) {
    if (key == "inputs") {
      metadata.inputs = readTensorList(reader);
    } else if (key == "outputs") {
      metadata.outputs = readTensorList(reader);
    } else {
      reader.skip();
    }
  });
  reader.expectEnd();
}

void readServerMetadata(const std::string& body, RemoteMetadata& metadata) {
  JsonReader reader(body);
  readObject(reader, [&](const std::string& key) {
    if (key != "extensions" || reader.peek() != DocumentReader::Kind::Array) {
      reader.skip();
      return;
    }
    reader.beginArray();
    while (reader.nextElement()) {
      metadata.takesBinary |= reader.readString() == "binary_tensor_data";
    }
  });
  reader.expectEnd();
}

/// What is no answer of the protocol says nothing of the rows: something else answered.
[[noreturn]] void failForeign(const std::string& reason) {
  throw AnswerError(AnswerFault::Unreachable,
                    "the answer is not of the Open Inference Protocol: " + presentable(reason));
}

}  // namespace

V2HttpCodec::V2HttpCodec(const RemoteModelOptions& options)
    : serverUrl_(endpointUrl(options.endpoint) + "/v2"),
      modelUrl_(serverUrl_ + "/models/" + percentEncoded(options.model)),
      timeout_(options.timeout) {
  if (!options.version.empty()) {
    modelUrl_ += "/versions/" + percentEncoded(options.version);
  }
}

NonFinite V2HttpCodec::nonFinite(const RemoteSignature& signature) const {
  return signature.isBinary ? NonFinite::All : NonFinite::NanOnly;
}

HttpRequest V2HttpCodec::metadataRequest(size_t step) const {
  HttpRequest request;
  request.method = "GET";
  request.url = step == 0 ? modelUrl_ : serverUrl_;
  request.headers = {{"Accept", "application/json"}};
  request.timeout = timeout_;
  return request;
}

void V2HttpCodec::readMetadata(size_t step, const HttpResponse& response,
                               RemoteMetadata& metadata) const {
  // A server without the list of extensions has none.
  const bool isList = step == 1 && response.failure == HttpResponse::Failure::None;
  if (isList && (response.status == 404 || response.status == 405 || response.status == 501)) {
    return;
  }
  requireAnswer(response);
  try {
    if (step == 0) {
      readModelMetadata(response.body, metadata);
    } else {
      readServerMetadata(response.body, metadata);
    }
  } catch (const ModelError& error) {
    failForeign(error.what());
  }
}

HttpRequest V2HttpCodec::inferRequest(std::span<const FeatureRows> rows,
                                      const RemoteSignature& signature, uint64_t id) const {
  HttpRequest request;
  request.url = modelUrl_ + "/infer";
  request.timeout = timeout_;
  std::string json = "{\"id\":\"" + std::to_string(id) + "\"";
  const bool asksForBinary = signature.isBinary && signature.output.empty();
  if (signature.layout == RemoteLayout::Columns) {
    // MLServer's mark for a table whose columns are the inputs.
    json += ",\"parameters\":{\"content_type\":\"pd\"";
    json += asksForBinary ? ",\"binary_data_output\":true}" : "}";
  } else if (asksForBinary) {
    json += ",\"parameters\":{\"binary_data_output\":true}";
  }
  json += ",\"inputs\":[";
  std::string raw;
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    appendV2Input(rows, signature, i, json, raw);
  }
  json += "]";
  if (!signature.output.empty()) {
    json += ",\"outputs\":[{\"name\":";
    appendJsonString(json, signature.output);
    json += signature.isBinary ? ",\"parameters\":{\"binary_data\":true}}]" : "}]";
  }
  json += "}";
  request.headers = {{"Accept", "application/json, application/octet-stream"}};
  if (signature.isBinary) {
    request.headers.emplace_back("Content-Type", "application/octet-stream");
    request.headers.emplace_back("Inference-Header-Content-Length", std::to_string(json.size()));
    json += raw;
  } else {
    request.headers.emplace_back("Content-Type", "application/json");
  }
  request.body = std::move(json);
  return request;
}

void V2HttpCodec::readScores(const HttpResponse& response, const RemoteSignature& signature,
                             size_t numRows, uint64_t id, std::vector<double>& scores) const {
  requireAnswer(response);
  const ScoreShape wanted{numRows, signature.numOutputs};
  std::vector<V2Output> outputs;
  try {
    outputs = readV2Outputs(response, wanted.numScores(), std::to_string(id));
  } catch (const ModelError& error) {
    failForeign(error.what());
  }
  V2Output& output = chooseOutput(outputs, signature.output);
  const std::optional<Datatype> datatype = datatypeOfV2(output.datatype);
  requireScoreShape(output.name, datatype, output.shape, wanted);
  if (output.binarySize) {
    readRawScores(output.binary, *datatype, wanted, scores);
    return;
  }
  if (output.data.count != wanted.numScores()) {
    refuseScoreCount(output.data.count, wanted);
  }
  if (output.data.hasText) {
    throw AnswerError(AnswerFault::Refused, "the server's answer holds text among its numbers");
  }
  scores = std::move(output.data.values);
}

}  // namespace auspex::operators
