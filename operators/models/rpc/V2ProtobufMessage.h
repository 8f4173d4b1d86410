// SPDX-License-Identifier: Apache-2.0
// Requests and answers of the Open Inference Protocol V2 as protobuf, as in
// open_inference_grpc.proto of kserve/open-inference-protocol: tensors raw or as typed contents, in
// gRPC's frames and through topics alike.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/rpc/FeatureTensors.h"
#include "operators/models/rpc/RemoteSignature.h"

namespace auspex::operators {

/// The server's name for a model; version: empty when the server chooses.
struct V2ModelName {
  std::string name;
  std::string version;
};

/// ModelInferRequest for rows that are sendable (findUnsendable). id: empty when the message needs
/// none of its own.
std::string makeV2ProtobufRequest(const V2ModelName& model, std::span<const FeatureRows> rows,
                                  const RemoteSignature& signature, const std::string& id);

/// Reads the scores of as many rows out of a ModelInferResponse, [rows x outputs] row-major. id:
/// what it must repeat if it has one; empty: anything. Throws AnswerError (Refused) when its scores
/// do not fit, ModelError when it is no such message.
void readV2ProtobufScores(std::string_view message, const RemoteSignature& signature,
                          size_t numRows, const std::string& id, std::vector<double>& scores);

}  // namespace auspex::operators
