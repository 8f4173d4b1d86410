// SPDX-License-Identifier: Apache-2.0
// gRPC's frame around one protobuf message, and its status, as in PROTOCOL-HTTP2.md of grpc/grpc.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/formats/protobuf/ProtobufWire.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::operators {

/// A call of a method ("/package.Service/Method") with one message.
HttpRequest grpcRequest(const std::string& serverUrl, std::string_view method,
                        std::string_view message, std::chrono::milliseconds timeout);

/// The one message of an answer, a view into its body. Throws AnswerError when the exchange failed,
/// the status is not 0, or the frame is not whole.
std::string_view grpcMessageOf(const HttpResponse& response);

/// Throws ModelError "TYPE is malformed at field N": the message is not of its type.
[[noreturn]] void failProtobuf(std::string_view type, const std::string& reason);

/// Calls each(field) with the fields of a message. Throws ModelError when it is malformed.
template <typename Each>
void forEachField(std::string_view message, std::string_view type, Each each) {
  WireReader reader(message);
  while (!reader.atEnd()) {
    const std::optional<WireField> field = reader.next();
    if (!field) {
      failProtobuf(type, "it ends within a field");
    }
    each(*field);
  }
}

/// The bytes of a field that must be a message, string or bytes. Throws ModelError otherwise.
std::string_view requireBytes(const WireField& field, std::string_view type);
/// The number of a field that must be a varint. Throws ModelError otherwise.
uint64_t requireVarint(const WireField& field, std::string_view type);

/// The entry of a map<string, message>.
struct WireEntry {
  std::string_view key;
  std::string_view value;
};
WireEntry readEntry(const WireField& field, std::string_view type);

/// Appends a varint field; proto3 leaves zeros out, and so does this.
void appendVarintField(std::string& out, uint32_t number, uint64_t value);

/// Appends a repeated integer's elements to values, whether packed or one by one. Throws ModelError
/// at more than `limit`.
void readRepeatedVarints(const WireField& field, std::string_view type, size_t limit,
                         std::vector<int64_t>& values);

}  // namespace auspex::operators
