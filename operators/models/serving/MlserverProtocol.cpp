// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/MlserverProtocol.h"

#include "operators/formats/Utf8.h"
#include "operators/models/ModelError.h"
#include "operators/models/kafka/TopicHeaders.h"
#include "operators/models/serving/InferRows.h"
#include "operators/models/serving/V2Json.h"

namespace auspex::operators {

void MlserverProtocol::decode(const RequestRecord& request, RequestHead& head,
                              ServedRows& rows) const {
  const std::string_view body = request.record.value.value_or("");
  const std::string_view key = request.record.key.value_or("");
  const bool isKeyUsable = !key.empty() && isUtf8(key);
  head.id = isKeyUsable ? std::string(key) : findInferId(body).value_or(request.coordinates());
  if (!key.empty() && !isKeyUsable) {
    throw ModelError("the key, which is the request's id, is not UTF-8");
  }
  const std::optional<std::string_view> model = request.header(kMlserverModelHeader);
  if (!model) {
    throw ModelError("the header mlserver-model is missing");
  }
  requireModelName(*model, serving_.modelName);
  const DecodedInfer decoded = decodeV2Json(body);
  if (const auto* const fault = std::get_if<InferFault>(&decoded)) {
    throw ModelError(fault->message);
  }
  InferRequest infer = std::get<InferRequest>(decoded);
  infer.version = request.header(kMlserverVersionHeader).value_or("");
  infer.wantsBinary = false;  // there is no raw form here
  takeInferRequest(infer, serving_, head, rows);
}

void MlserverProtocol::encode(const RequestRecord& request, const RequestHead& head,
                              const ReplyContent& content, ReplyRecord& reply) const {
  reply.key = head.id;
  reply.headers = request.record.headers;
  reply.value = content.error.empty()
                    ? encodeV2Json(makeInferResponse(head, serving_, content)).body
                    : inferErrorJson(serving_.modelName, head.id, content.error);
}

}  // namespace auspex::operators
