// SPDX-License-Identifier: Apache-2.0
// TensorFlow Serving over gRPC: PredictionService of its apis/*.proto with TensorFlow's
// tensor.proto.
#pragma once

#include <string>

#include "operators/models/rpc/RemoteCodec.h"

namespace auspex::operators {

class TfsGrpcCodec final : public RemoteCodec {
 public:
  explicit TfsGrpcCodec(const RemoteModelOptions& options);

  NonFinite nonFinite(const RemoteSignature&) const override { return NonFinite::All; }
  size_t numMetadataRequests() const override { return 1; }
  HttpRequest metadataRequest(size_t step) const override;
  void readMetadata(size_t step, const HttpResponse& response,
                    RemoteMetadata& metadata) const override;
  /// The protocol has no request ids: the exchange itself tells what answers what.
  HttpRequest inferRequest(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                           uint64_t id) const override;
  void readScores(const HttpResponse& response, const RemoteSignature& signature, size_t numRows,
                  uint64_t id, std::vector<double>& scores) const override;

 private:
  std::string serverUrl_;
  std::string modelSpec_;  ///< as bytes of the message of that name
  std::string signatureName_;
  std::chrono::milliseconds timeout_;
};

}  // namespace auspex::operators
