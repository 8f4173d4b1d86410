// SPDX-License-Identifier: Apache-2.0
// MLServer's messages over Kafka, as its mlserver/kafka has them: the Open Inference Protocol V2 as
// JSON, the model in a header. MLServer sends no reply when it fails over a request.
#pragma once

#include <string>

#include "operators/models/kafka/TopicCodec.h"

namespace auspex::operators {

class MlserverCodec final : public TopicCodec {
 public:
  explicit MlserverCodec(const RemoteModelOptions& options);

  NonFinite nonFinite(const RemoteSignature&) const override { return NonFinite::NanOnly; }
  HttpRequest inferRequest(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                           uint64_t id) const override;
  void readScores(const HttpResponse& response, const RemoteSignature& signature, size_t numRows,
                  uint64_t id, std::vector<double>& scores) const override;

 private:
  std::string model_;
  std::string version_;
};

}  // namespace auspex::operators
