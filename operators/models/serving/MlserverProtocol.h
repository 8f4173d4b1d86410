// SPDX-License-Identifier: Apache-2.0
// Requests and replies as MLServer takes and gives them over Kafka, with what it lacks: a reply to
// every request. Source: mlserver/kafka of SeldonIO/MLServer.
#pragma once

#include "operators/models/serving/ServingProtocol.h"

namespace auspex::operators {

/// Request: V2 JSON, the model's name in the header mlserver-model, perhaps a version in
/// mlserver-version; the key, if there is one, is the id, else the body's. Reply: V2 JSON with the
/// id as key, or `{"model_name": ..., "id": ..., "error": ...}`; headers are the request's.
class MlserverProtocol final : public ServingProtocol {
 public:
  explicit MlserverProtocol(ServingSpec serving) : serving_(std::move(serving)) {}

  void decode(const RequestRecord& request, RequestHead& head, ServedRows& rows) const override;
  void encode(const RequestRecord& request, const RequestHead& head, const ReplyContent& content,
              ReplyRecord& reply) const override;

 private:
  ServingSpec serving_;
};

}  // namespace auspex::operators
