// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/V2HttpCodec.h"

#include <charconv>

#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/V2JsonMessage.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kJsonLengthHeader = "inference-header-content-length";
/// More tensors than any model has: what a hostile answer is cut at.
constexpr size_t kMaxTensorsListed = 65'536;

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

std::vector<TensorMetadata> readTensorList(JsonReader& reader) {
  std::vector<TensorMetadata> tensors;
  if (reader.peek() == DocumentReader::Kind::Null) {
    reader.skip();
    return tensors;
  }
  reader.beginArray();
  while (reader.nextElement()) {
    if (tensors.size() == kMaxTensorsListed) {
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
        tensor.shape = readV2Shape(reader);
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
    failForeignV2(error.what());
  }
}

HttpRequest V2HttpCodec::inferRequest(std::span<const FeatureRows> rows,
                                      const RemoteSignature& signature, uint64_t id) const {
  HttpRequest request;
  request.url = modelUrl_ + "/infer";
  request.timeout = timeout_;
  V2JsonRequest message = makeV2JsonRequest(rows, signature, std::to_string(id));
  request.headers = {{"Accept", "application/json, application/octet-stream"}};
  if (signature.isBinary) {
    request.headers.emplace_back("Content-Type", "application/octet-stream");
    request.headers.emplace_back("Inference-Header-Content-Length",
                                 std::to_string(message.json.size()));
    message.json += message.raw;
  } else {
    request.headers.emplace_back("Content-Type", "application/json");
  }
  request.body = std::move(message.json);
  return request;
}

void V2HttpCodec::readScores(const HttpResponse& response, const RemoteSignature& signature,
                             size_t numRows, uint64_t id, std::vector<double>& scores) const {
  requireAnswer(response);
  try {
    const std::string_view body = response.body;
    const size_t length = jsonLength(response);
    readV2JsonScores(body.substr(0, length), body.substr(length), signature, numRows,
                     std::to_string(id), scores);
  } catch (const ModelError& error) {
    failForeignV2(error.what());
  }
}

}  // namespace auspex::operators
