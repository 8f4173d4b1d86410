// SPDX-License-Identifier: Apache-2.0
// The Open Inference Protocol V2 over gRPC: calls of GRPCInferenceService, and the metadata.
#pragma once

#include <string>

#include "operators/models/rpc/RemoteCodec.h"
#include "operators/models/rpc/V2ProtobufMessage.h"

namespace auspex::operators {

class V2GrpcCodec final : public RemoteCodec {
 public:
  explicit V2GrpcCodec(const RemoteModelOptions& options);

  NonFinite nonFinite(const RemoteSignature&) const override { return NonFinite::All; }
  size_t numMetadataRequests() const override { return 1; }
  HttpRequest metadataRequest(size_t step) const override;
  void readMetadata(size_t step, const HttpResponse& response,
                    RemoteMetadata& metadata) const override;
  HttpRequest inferRequest(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                           uint64_t id) const override;
  void readScores(const HttpResponse& response, const RemoteSignature& signature, size_t numRows,
                  uint64_t id, std::vector<double>& scores) const override;

 private:
  std::string serverUrl_;
  V2ModelName model_;
  std::chrono::milliseconds timeout_;
};

}  // namespace auspex::operators
