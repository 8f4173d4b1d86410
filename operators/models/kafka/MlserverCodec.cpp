// SPDX-License-Identifier: Apache-2.0
#include "operators/models/kafka/MlserverCodec.h"

#include "operators/models/ModelError.h"
#include "operators/models/kafka/TopicHeaders.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/V2JsonMessage.h"

namespace auspex::operators {

MlserverCodec::MlserverCodec(const RemoteModelOptions& options)
    : TopicCodec(options), model_(options.model), version_(options.version) {
}

HttpRequest MlserverCodec::inferRequest(std::span<const FeatureRows> rows,
                                        const RemoteSignature& signature, uint64_t) const {
  // No header mlserver-method: MLServer compares its text with an enumerator, and refuses all.
  HttpHeaders headers = {{std::string(kMlserverModelHeader), model_}};
  if (!version_.empty()) {
    headers.emplace_back(kMlserverVersionHeader, version_);
  }
  return makeRequest(std::move(headers), makeV2JsonRequest(rows, signature, "").json);
}

void MlserverCodec::readScores(const HttpResponse& response, const RemoteSignature& signature,
                               size_t numRows, uint64_t, std::vector<double>& scores) const {
  requireAnswer(response);
  try {
    readV2JsonScores(response.body, "", signature, numRows, "", scores);
  } catch (const ModelError& error) {
    failForeignV2(error.what());
  }
}

}  // namespace auspex::operators
