// SPDX-License-Identifier: Apache-2.0
// Rows, signatures and bytes for the tests of this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/models/rpc/RemoteCodec.h"

namespace auspex::operators {

/// Bytes of hexadecimal digits.
std::string fromHex(std::string_view digits);
std::string toHex(std::string_view bytes);

/// Numbers in columns a, b, c: 1, 2.5, NULL; -4, 0, 7.
FeatureBatch numericBatch();
/// a BIGINT: 5, -1; b VARCHAR: 'DE', ''.
FeatureBatch mixedBatch();

RemoteModelOptions optionsOf(RemoteProtocol protocol);
/// One tensor x of FP32 [rows, 3] to score.
RemoteSignature tensorSignature(bool isBinary);
/// a INT64 [rows] and b BYTES [rows, 1] to the only output.
RemoteSignature columnSignature(bool isBinary);

HttpResponse answer(int status, std::string body);
/// A message in gRPC's frame, with that status in the trailers.
HttpResponse grpcReply(std::string_view message, const std::string& status = "0",
                       const std::string& text = "");

}  // namespace auspex::operators
