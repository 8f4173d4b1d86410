// SPDX-License-Identifier: Apache-2.0
#include "engine/serving/GrpcAnswer.h"

#include "stateStore/ByteParser.h"

namespace auspex::engine {

namespace {

constexpr size_t kGrpcHeadBytes = 5;
const operators::HttpHeaders kGrpcHeaders = {{"content-type", "application/grpc"}};

/// grpc-message: what is no plain letter is written as %XX.
std::string percentEncodedMessage(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < ' ' || byte > '~' || byte == '%') {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    } else {
      encoded += letter;
    }
  }
  return encoded;
}

}  // namespace

std::variant<std::string_view, GrpcFault> readGrpcFrame(std::string_view body) {
  if (body.size() < kGrpcHeadBytes) {
    return GrpcFault{GrpcStatus::Internal, "the request holds no message"};
  }
  if (body[0] != '\0') {
    return GrpcFault{GrpcStatus::Unimplemented, "compressed messages are not taken"};
  }
  uint64_t size = 0;
  for (size_t i = 1; i < kGrpcHeadBytes; ++i) {
    size = (size << 8) | static_cast<uint8_t>(body[i]);
  }
  if (size != body.size() - kGrpcHeadBytes) {
    return GrpcFault{GrpcStatus::Internal, "the request's message of " + std::to_string(size) +
                                               " bytes lies in " +
                                               std::to_string(body.size() - kGrpcHeadBytes)};
  }
  return body.substr(kGrpcHeadBytes);
}

void answerGrpcMessage(HttpExchange& exchange, std::string_view message) {
  exchange.begin(200, kGrpcHeaders, std::nullopt);
  std::string head(1, '\0');  // not compressed
  stateStore::appendFixed32(head, static_cast<uint32_t>(message.size()));
  exchange.write(head);
  exchange.write(message);
  exchange.end({{"grpc-status", "0"}});
}

void answerGrpcStatus(HttpExchange& exchange, GrpcStatus status, std::string_view message) {
  exchange.begin(200, kGrpcHeaders, std::nullopt);
  exchange.end({{"grpc-status", std::to_string(static_cast<int>(status))},
                {"grpc-message", percentEncodedMessage(message)}});
}

GrpcStatus grpcStatusOf(operators::InferFault::Kind kind) {
  switch (kind) {
    case operators::InferFault::Kind::Malformed:
      return GrpcStatus::InvalidArgument;
    case operators::InferFault::Kind::NotFound:
      return GrpcStatus::NotFound;
    case operators::InferFault::Kind::Busy:
      return GrpcStatus::ResourceExhausted;
    case operators::InferFault::Kind::Internal:
      break;
  }
  return GrpcStatus::Internal;
}

}  // namespace auspex::engine
