// SPDX-License-Identifier: Apache-2.0
#include "operators/models/kafka/SeldonCodec.h"

#include "operators/models/ModelError.h"
#include "operators/models/kafka/TopicHeaders.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/V2JsonMessage.h"

namespace auspex::operators {

namespace {

/// By the header; without it as Seldon's own gateway does, which no protobuf of ours can look like.
bool isJsonReply(const HttpResponse& response) {
  const std::string_view type = findHeader(response.headers, kSeldonTypeHeader);
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
    return makeRequest({{std::string(kSeldonTypeHeader), std::string(kSeldonProtobufRequest)}},
                       makeV2ProtobufRequest(model_, rows, signature, ""));
  }
  return makeRequest({{std::string(kSeldonTypeHeader), std::string(kSeldonJsonRequest)}},
                     makeV2JsonRequest(rows, signature, "").json);
}

void SeldonCodec::readScores(const HttpResponse& response, const RemoteSignature& signature,
                             size_t numRows, uint64_t, std::vector<double>& scores) const {
  requireAnswer(response);
  if (!findHeader(response.headers, kSeldonErrorsHeader).empty()) {
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
