// SPDX-License-Identifier: Apache-2.0
// Requests and answers of the Open Inference Protocol as rows of served models: what all protocols
// over topics that carry them have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "operators/models/serving/InferRequest.h"
#include "operators/models/serving/ServingProtocol.h"

namespace auspex::operators {

/// RequestHead::form: flags that are added.
inline constexpr int32_t kWantsPrediction = 1;
inline constexpr int32_t kWantsProbabilities = 2;
inline constexpr int32_t kWantsRaw = 4;

/// Appends the rows of a request, whose tensors are the features by name ([rows] or [rows, 1] each,
/// others passed over) or one tensor [rows, features] in the model's order. Sets form and version
/// of the head. Throws ModelError when it does not fit the model, or asks for outputs that are not
/// given out.
void takeInferRequest(const InferRequest& request, const ServingSpec& serving, RequestHead& head,
                      ServedRows& rows);

/// The tensors "predict" and "predict_proba", those that the request asks for, or else those that
/// are given out. Where several versions scored none is named.
InferResponse makeInferResponse(const RequestHead& head, const ServingSpec& serving,
                                const ReplyContent& content);

/// {"model_name": ..., "id": ..., "error": ...}
std::string inferErrorJson(std::string_view model, std::string_view id, std::string_view error);

/// The id of a request in JSON that is in error somewhere; nothing when it cannot be made out.
std::optional<std::string> findInferId(std::string_view json);

}  // namespace auspex::operators
