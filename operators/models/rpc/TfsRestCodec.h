// SPDX-License-Identifier: Apache-2.0
// TensorFlow Serving's REST API, as in its api_rest.md: rows as "instances", columns as "inputs".
#pragma once

#include <string>

#include "operators/models/rpc/RemoteCodec.h"

namespace auspex::operators {

class TfsRestCodec final : public RemoteCodec {
 public:
  explicit TfsRestCodec(const RemoteModelOptions& options);

  /// This JSON may hold NaN and Infinity bare.
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
  std::string modelUrl_;
  std::string signatureName_;
  std::chrono::milliseconds timeout_;
};

/// The signature that TensorFlow Serving takes where none is named.
inline constexpr std::string_view kDefaultSignature = "serving_default";

}  // namespace auspex::operators
