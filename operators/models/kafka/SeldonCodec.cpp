// SPDX-License-Identifier: Apache-2.0
#include "operators/models/kafka/SeldonCodec.h"

#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/V2JsonMessage.h"

namespace auspex::operators {

namespace {

constexpr const char* kTypeHeader = "seldon-infer-type";
/// Which step of a pipeline failed; the value is why, then.
constexpr std::string_view kErrorHeader = "seldon-pipeline-errors";

/// By the header; without it as Seldon's own gateway does, which no protobuf of ours can look like.
bool isJsonReply(const HttpResponse& response) {
  const std::string_view type = findHeader(response.headers, kTypeHeader);
  return type.empty() ? response.body.starts_with('{') : type.starts_with("json/");
}

}  // namespace

std::string seldonTopic(const std::string& model, std::string_view direction) {
  return "seldon.default.model." + model + "." + std::string(direction);
}

SeldonCodec::SeldonCodec(const RemoteModelOptions& options)
    : TopicCodec(options), model_{options.model, options.version} {
}

NonFinite SeldonCodec::nonFinite(const RemoteSignature& signature) const {
  return signature.isBinary ? NonFinite::All : NonFinite::NanOnly;
}

HttpRequest SeldonCodec::inferRequest(std::span<const FeatureRows> rows,
                                      const RemoteSignature& signature, uint64_t) const {
  if (signature.isBinary) {
    return makeRequest({{kTypeHeader, "proto/InferModelRequest"}},
                       makeV2ProtobufRequest(model_, rows, signature, ""));
  }
  return makeRequest({{kTypeHeader, "json/inferModelRequest"}},
                     makeV2JsonRequest(rows, signature, "").json);
}

void SeldonCodec::readScores(const HttpResponse& response, const RemoteSignature& signature,
                             size_t numRows, uint64_t, std::vector<double>& scores) const {
  requireAnswer(response);
  if (!findHeader(response.headers, kErrorHeader).empty()) {
    throw AnswerError(AnswerFault::Refused, "the server answers: " + presentable(response.body));
  }
  try {
    if (isJsonReply(response)) {
      readV2JsonScores(response.body, "", signature, numRows, "", scores);
    } else {
      readV2ProtobufScores(response.body, signature, numRows, "", scores);
    }
  } catch (const ModelError& error) {
    failForeignV2(error.what());
  }
}

}  // namespace auspex::operators
