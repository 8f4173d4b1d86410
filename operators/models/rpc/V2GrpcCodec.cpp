// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/V2GrpcCodec.h"

#include "operators/models/ModelError.h"
#include "operators/models/rpc/GrpcMessage.h"
#include "operators/models/rpc/V2JsonMessage.h"

namespace auspex::operators {

namespace {

/// More than any model has: what a hostile answer is cut at.
constexpr size_t kMaxTensorsTold = 65'536;
constexpr size_t kMaxDimensionsTold = 64;

TensorMetadata readTensorMetadata(std::string_view message) {
  constexpr std::string_view kType = "TensorMetadata";
  TensorMetadata tensor;
  forEachField(message, kType, [&](const WireField& field) {
    if (field.number == 1) {
      tensor.name = requireBytes(field, kType);
    } else if (field.number == 2) {
      tensor.datatype = requireBytes(field, kType);
      tensor.known = datatypeOfV2(tensor.datatype);
    } else if (field.number == 3) {
      readRepeatedVarints(field, kType, kMaxDimensionsTold, tensor.shape);
    }
  });
  tensor.isOfAnyShape = tensor.shape.empty();
  return tensor;
}

}  // namespace

V2GrpcCodec::V2GrpcCodec(const RemoteModelOptions& options)
    : serverUrl_(endpointUrl(options.endpoint)),
      model_{options.model, options.version},
      timeout_(options.timeout) {
}

HttpRequest V2GrpcCodec::metadataRequest(size_t) const {
  std::string message;
  appendBytes(message, 1, model_.name);
  if (!model_.version.empty()) {
    appendBytes(message, 2, model_.version);
  }
  return grpcRequest(serverUrl_, "/inference.GRPCInferenceService/ModelMetadata", message,
                     timeout_);
}

void V2GrpcCodec::readMetadata(size_t, const HttpResponse& response,
                               RemoteMetadata& metadata) const {
  const std::string_view message = grpcMessageOf(response);
  try {
    forEachField(message, "ModelMetadataResponse", [&](const WireField& field) {
      if (field.number != 4 && field.number != 5) {
        return;
      }
      auto& list = field.number == 4 ? metadata.inputs : metadata.outputs;
      if (list.size() == kMaxTensorsTold) {
        failProtobuf("ModelMetadataResponse", "it has too many tensors");
      }
      list.push_back(readTensorMetadata(requireBytes(field, "ModelMetadataResponse")));
    });
  } catch (const ModelError& error) {
    failForeignV2(error.what());
  }
}

HttpRequest V2GrpcCodec::inferRequest(std::span<const FeatureRows> rows,
                                      const RemoteSignature& signature, uint64_t id) const {
  const std::string message = makeV2ProtobufRequest(model_, rows, signature, std::to_string(id));
  return grpcRequest(serverUrl_, "/inference.GRPCInferenceService/ModelInfer", message, timeout_);
}

void V2GrpcCodec::readScores(const HttpResponse& response, const RemoteSignature& signature,
                             size_t numRows, uint64_t id, std::vector<double>& scores) const {
  const std::string_view message = grpcMessageOf(response);
  try {
    readV2ProtobufScores(message, signature, numRows, std::to_string(id), scores);
  } catch (const ModelError& error) {
    failForeignV2(error.what());
  }
}

}  // namespace auspex::operators
