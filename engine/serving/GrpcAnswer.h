// SPDX-License-Identifier: Apache-2.0
// gRPC's frame and status on the server's side, as in PROTOCOL-HTTP2.md of grpc/grpc.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "engine/http/HttpService.h"
#include "operators/models/serving/InferRequest.h"

namespace auspex::engine {

/// The numbers of statuscodes.md that are answered.
enum class GrpcStatus : uint8_t {
  Ok = 0,
  InvalidArgument = 3,
  NotFound = 5,
  ResourceExhausted = 8,
  Unimplemented = 12,
  Internal = 13,
};

/// A fault of the frame, which has a status of its own.
struct GrpcFault {
  GrpcStatus status = GrpcStatus::Internal;
  std::string message;
};

/// The one message in a request's body, a view into it.
std::variant<std::string_view, GrpcFault> readGrpcFrame(std::string_view body);

/// An answer of one message.
void answerGrpcMessage(HttpExchange& exchange, std::string_view message);
/// An answer without a message.
void answerGrpcStatus(HttpExchange& exchange, GrpcStatus status, std::string_view message);

GrpcStatus grpcStatusOf(operators::InferFault::Kind kind);

}  // namespace auspex::engine
