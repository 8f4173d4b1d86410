// SPDX-License-Identifier: Apache-2.0
// Seldon Core 2's messages over Kafka, as its scheduler/pkg/kafka has them: the Open Inference
// Protocol V2 as protobuf, or as JSON, told apart by a header.
#pragma once

#include <string>

#include "operators/models/kafka/TopicCodec.h"
#include "operators/models/rpc/V2ProtobufMessage.h"

namespace auspex::operators {

/// The topic that Seldon's model gateway reads a model's requests from ("inputs"), or writes their
/// replies to ("outputs"), with its default prefix and namespace.
std::string seldonTopic(const std::string& model, std::string_view direction);

/// Requests are protobuf unless BINARY=false; replies are read in either form.
class SeldonCodec final : public TopicCodec {
 public:
  explicit SeldonCodec(const RemoteModelOptions& options);

  NonFinite nonFinite(const RemoteSignature& signature) const override;
  HttpRequest inferRequest(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                           uint64_t id) const override;
  void readScores(const HttpResponse& response, const RemoteSignature& signature, size_t numRows,
                  uint64_t id, std::vector<double>& scores) const override;

 private:
  V2ModelName model_;
};

}  // namespace auspex::operators
