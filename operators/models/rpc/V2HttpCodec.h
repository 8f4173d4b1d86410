// SPDX-License-Identifier: Apache-2.0
// The Open Inference Protocol V2 over HTTP: JSON, and raw tensors behind it where the server has
// the binary tensor extension. As in inference_rest.md of kserve/open-inference-protocol and
// extension_binary_data.md of triton-inference-server.
#pragma once

#include <string>

#include "operators/models/rpc/RemoteCodec.h"

namespace auspex::operators {

class V2HttpCodec final : public RemoteCodec {
 public:
  explicit V2HttpCodec(const RemoteModelOptions& options);

  NonFinite nonFinite(const RemoteSignature& signature) const override;
  /// The model's own, and the server's list of extensions.
  size_t numMetadataRequests() const override { return 2; }
  HttpRequest metadataRequest(size_t step) const override;
  void readMetadata(size_t step, const HttpResponse& response,
                    RemoteMetadata& metadata) const override;
  HttpRequest inferRequest(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                           uint64_t id) const override;
  void readScores(const HttpResponse& response, const RemoteSignature& signature, size_t numRows,
                  uint64_t id, std::vector<double>& scores) const override;

 private:
  std::string serverUrl_;
  std::string modelUrl_;
  std::chrono::milliseconds timeout_;
};

}  // namespace auspex::operators
