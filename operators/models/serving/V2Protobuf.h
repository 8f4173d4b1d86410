// SPDX-License-Identifier: Apache-2.0
// The messages of the Open Inference Protocol V2 as a server reads and writes them in protobuf: as
// in open_inference_grpc.proto of kserve/open-inference-protocol. Pure and strict; gRPC's frames
// are not seen here. The client's side is rpc/V2GrpcCodec.h.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "operators/models/serving/InferRequest.h"

namespace auspex::operators {

/// Reads a ModelInferRequest, tensors raw or as contents. An answer to raw tensors is to be raw.
DecodedInfer decodeV2Protobuf(std::string_view message);

/// Writes a ModelInferResponse: raw when the first output is to be, else as contents.
std::string encodeV2Protobuf(const InferResponse& response);

/// A model and version as ModelReadyRequest and ModelMetadataRequest name them.
struct NamedVersion {
  std::string model;
  std::string version;
};
std::variant<NamedVersion, InferFault> decodeNamedVersion(std::string_view message);

/// ServerLiveResponse, ServerReadyResponse, ModelReadyResponse.
std::string encodeReadyProtobuf(bool isReady);

/// ServerMetadataResponse.
std::string encodeServerProtobuf(std::string_view name, std::string_view version,
                                 const std::vector<std::string>& extensions);

/// ModelMetadataResponse.
std::string encodeMetadataProtobuf(const InferMetadata& metadata);

}  // namespace auspex::operators
