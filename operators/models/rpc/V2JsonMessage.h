// SPDX-License-Identifier: Apache-2.0
// Requests and answers of the Open Inference Protocol V2 as JSON, with raw tensors behind it where
// the server takes them: what travels over HTTP and through topics alike. As in inference_rest.md
// of kserve/open-inference-protocol and extension_binary_data.md of triton-inference-server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/forest/JsonReader.h"
#include "operators/models/rpc/FeatureTensors.h"
#include "operators/models/rpc/RemoteSignature.h"

namespace auspex::operators {

struct V2JsonRequest {
  std::string json;
  std::string raw;  ///< tensors in order of the inputs; empty unless the signature is binary
};

/// Asks for the scores of rows that are sendable (findUnsendable). id: empty when the message needs
/// none of its own.
V2JsonRequest makeV2JsonRequest(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                                const std::string& id);

/// Reads the scores of as many rows, [rows x outputs] row-major. id: what the answer must repeat if
/// it has one; empty: anything. Throws AnswerError (Refused) when it tells an error or its scores
/// do not fit, ModelError when it is no message of the protocol.
void readV2JsonScores(std::string_view json, std::string_view raw, const RemoteSignature& signature,
                      size_t numRows, const std::string& id, std::vector<double>& scores);

/// [1, -1]. Throws ModelError when it is none.
std::vector<int64_t> readV2Shape(JsonReader& reader);

/// Throws AnswerError: what is no answer of the protocol says nothing of the rows, since something
/// else answered.
[[noreturn]] void failForeignV2(const std::string& reason);

}  // namespace auspex::operators
