// SPDX-License-Identifier: Apache-2.0
// The Open Inference Protocol V2 as a server reads and writes it: JSON, and raw tensors behind it
// (the binary tensor extension). Pure and strict; the client's side is rpc/V2HttpCodec.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operators/models/serving/InferRequest.h"

namespace auspex::operators {

/// Reads an inference request. jsonBytes: length of the JSON in front of raw tensors, as the header
/// Inference-Header-Content-Length tells it; nullopt: the body is JSON alone. Model and version are
/// not in the body and stay empty. JSON may hold bare NaN and infinities; null and NaN are missing
/// values.
DecodedInfer decodeV2Json(std::string_view body, std::optional<size_t> jsonBytes = std::nullopt);

/// An answer's body and the length of its JSON; with raw tensors behind it where that is less.
struct EncodedV2 {
  std::string body;
  size_t jsonBytes = 0;

  bool isBinary() const { return jsonBytes < body.size(); }
};

/// Writes an answer. Scores that are no finite numbers are null where they are not raw; finite ones
/// read back as the same numbers.
EncodedV2 encodeV2Json(const InferResponse& response);

/// {"error": message}
std::string encodeV2Error(std::string_view message);

std::string encodeV2Metadata(const InferMetadata& metadata);

}  // namespace auspex::operators
