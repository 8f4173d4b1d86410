// SPDX-License-Identifier: Apache-2.0
// Requests and replies as the model gateway of Seldon Core 2 takes and gives them. Source:
// scheduler/pkg/kafka of SeldonIO/seldon-core.
#pragma once

#include "operators/models/serving/ServingProtocol.h"

namespace auspex::operators {

/// Request: a ModelInferRequest of V2, protobuf (perhaps behind a schema registry's six bytes) or
/// JSON, as the header seldon-infer-type says, else as the value looks. Reply: a ModelInferResponse
/// in the same form, with key and headers of the request; the id is the body's, else x-request-id,
/// which is added where it is missing. An error is JSON, `{"model_name": ..., "id": ..., "error":
/// ...}`, with the model's name in the header seldon-pipeline-errors.
class SeldonProtocol final : public ServingProtocol {
 public:
  explicit SeldonProtocol(ServingSpec serving) : serving_(std::move(serving)) {}

  void decode(const RequestRecord& request, RequestHead& head, ServedRows& rows) const override;
  void encode(const RequestRecord& request, const RequestHead& head, const ReplyContent& content,
              ReplyRecord& reply) const override;

 private:
  ServingSpec serving_;
};

}  // namespace auspex::operators
