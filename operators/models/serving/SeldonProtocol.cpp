// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/SeldonProtocol.h"

#include "operators/formats/Utf8.h"
#include "operators/models/ModelError.h"
#include "operators/models/kafka/TopicHeaders.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/serving/InferRows.h"
#include "operators/models/serving/V2Json.h"
#include "operators/models/serving/V2Protobuf.h"

namespace auspex::operators {
namespace {

constexpr std::string_view kRequestIdHeader = "x-request-id";
/// Of a record that belongs to a pipeline, whose requests bear its name as model.
constexpr std::string_view kPipelineNameHeader = "pipeline";
/// What a schema registry writes before protobuf: a zero, the schema's number, one message index.
constexpr size_t kRegistryBytes = 6;

/// RequestHead::form, beside the flags of InferRows.h.
constexpr int32_t kIsProtobuf = 8;

bool isProtobufRequest(const RequestRecord& request, std::string_view body) {
  const std::optional<std::string_view> type = request.header(kSeldonTypeHeader);
  if (!type) {
    return !body.starts_with('{');
  }
  if (*type == kSeldonProtobufRequest || *type == kSeldonJsonRequest) {
    return *type == kSeldonProtobufRequest;
  }
  throw ModelError("the header seldon-infer-type is '" + presentable(*type) +
                   "', which is no request's");
}

}  // namespace

void SeldonProtocol::decode(const RequestRecord& request, RequestHead& head,
                            ServedRows& rows) const {
  std::string_view body = request.record.value.value_or("");
  const std::optional<std::string_view> idHeader = request.header(kRequestIdHeader);
  head.id = idHeader && isUtf8(*idHeader) ? std::string(*idHeader) : request.coordinates();
  const bool isProtobuf = isProtobufRequest(request, body);
  if (isProtobuf && body.size() >= kRegistryBytes && body[0] == '\0') {
    body.remove_prefix(kRegistryBytes);
  }
  DecodedInfer decoded = isProtobuf ? decodeV2Protobuf(body) : decodeV2Json(body);
  if (const auto* const fault = std::get_if<InferFault>(&decoded)) {
    head.id = isProtobuf ? head.id : findInferId(body).value_or(head.id);
    throw ModelError(fault->message);
  }
  InferRequest& infer = std::get<InferRequest>(decoded);
  if (infer.id && !infer.id->empty()) {
    head.id = *infer.id;
  }
  if (!infer.model.empty() && !request.header(kPipelineNameHeader)) {
    requireModelName(infer.model, serving_.modelName);
  }
  infer.wantsBinary = infer.wantsBinary && isProtobuf;  // JSON has no raw form here
  takeInferRequest(infer, serving_, head, rows);
  head.form |= isProtobuf ? kIsProtobuf : 0;
}

void SeldonProtocol::encode(const RequestRecord& request, const RequestHead& head,
                            const ReplyContent& content, ReplyRecord& reply) const {
  if (request.record.key) {
    reply.key.emplace(*request.record.key);
  }
  for (const Header& header : request.record.headers) {
    if (header.key != kSeldonTypeHeader) {
      reply.headers.push_back(header);
    }
  }
  if (!request.header(kRequestIdHeader)) {
    reply.addedHeader = head.id;
    reply.headers.push_back({kRequestIdHeader, reply.addedHeader});
  }
  const bool isProtobuf = content.error.empty() && (head.form & kIsProtobuf) != 0;
  reply.headers.push_back(
      {kSeldonTypeHeader, isProtobuf ? "proto/InferModelResponse" : "json/inferModelResponse"});
  if (!content.error.empty()) {
    reply.headers.push_back({kSeldonErrorsHeader, serving_.modelName});
    reply.value = inferErrorJson(serving_.modelName, head.id, content.error);
    return;
  }
  const InferResponse response = makeInferResponse(head, serving_, content);
  reply.value = isProtobuf ? encodeV2Protobuf(response) : encodeV2Json(response).body;
}

}  // namespace auspex::operators
