// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/GrpcMessage.h"

#include <charconv>

#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {

namespace {

constexpr size_t kFrameHeadBytes = 5;

/// What a status says, by the list of statuscodes.md.
AnswerFault faultOfGrpc(int status, std::string_view message) {
  switch (status) {
    case 3:   // INVALID_ARGUMENT
    case 9:   // FAILED_PRECONDITION
    case 11:  // OUT_OF_RANGE
      return AnswerFault::Refused;
    case 8:  // RESOURCE_EXHAUSTED: too large a message, which halves cure, or too much work
      return message.find("larger than") != std::string_view::npos ? AnswerFault::Refused
                                                                   : AnswerFault::Unreachable;
    case 1:   // CANCELLED
    case 4:   // DEADLINE_EXCEEDED
    case 10:  // ABORTED
    case 14:  // UNAVAILABLE
      return AnswerFault::Unreachable;
    case 5:   // NOT_FOUND
    case 7:   // PERMISSION_DENIED
    case 12:  // UNIMPLEMENTED
    case 16:  // UNAUTHENTICATED
      return AnswerFault::Away;
    default:
      return AnswerFault::Faulty;
  }
}

std::string_view nameOfGrpc(int status) {
  constexpr std::string_view kNames[] = {"OK",
                                         "CANCELLED",
                                         "UNKNOWN",
                                         "INVALID_ARGUMENT",
                                         "DEADLINE_EXCEEDED",
                                         "NOT_FOUND",
                                         "ALREADY_EXISTS",
                                         "PERMISSION_DENIED",
                                         "RESOURCE_EXHAUSTED",
                                         "FAILED_PRECONDITION",
                                         "ABORTED",
                                         "OUT_OF_RANGE",
                                         "UNIMPLEMENTED",
                                         "INTERNAL",
                                         "UNAVAILABLE",
                                         "DATA_LOSS",
                                         "UNAUTHENTICATED"};
  return status >= 0 && status <= 16 ? kNames[status] : "an unknown status";
}

[[noreturn]] void failFrame(const std::string& reason) {
  throw AnswerError(AnswerFault::Unreachable, "the answer is no gRPC: " + reason);
}

/// The status is a trailer, or a header where the server sends nothing else.
std::string_view findTrailer(const HttpResponse& response, std::string_view name) {
  const std::string_view trailer = findHeader(response.trailers, name);
  return trailer.empty() ? findHeader(response.headers, name) : trailer;
}

void requireStatus(const HttpResponse& response) {
  const std::string_view text = findTrailer(response, "grpc-status");
  int status = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    failFrame(text.empty() ? "it has no grpc-status" : "grpc-status '" + presentable(text) + "'");
  }
  if (status == 0) {
    return;
  }
  const std::string message = percentDecoded(findTrailer(response, "grpc-message"));
  std::string shown = "the server answers " + std::string(nameOfGrpc(status));
  if (!message.empty()) {
    shown += ": " + presentable(message);
  }
  throw AnswerError(faultOfGrpc(status, message), shown);
}

}  // namespace

HttpRequest grpcRequest(const std::string& serverUrl, std::string_view method,
                        std::string_view message, std::chrono::milliseconds timeout) {
  HttpRequest request;
  request.url = serverUrl + std::string(method);
  request.isHttp2 = true;
  request.timeout = timeout;
  request.headers = {{"Content-Type", "application/grpc"},
                     {"TE", "trailers"},
                     {"grpc-timeout", std::to_string(timeout.count()) + "m"}};
  request.body.reserve(kFrameHeadBytes + message.size());
  request.body += '\0';  // not compressed
  stateStore::appendFixed32(request.body, static_cast<uint32_t>(message.size()));
  request.body += message;
  return request;
}

std::string_view grpcMessageOf(const HttpResponse& response) {
  requireAnswer(response);
  requireStatus(response);
  const std::string_view body = response.body;
  if (body.size() < kFrameHeadBytes) {
    failFrame("it holds no message");
  }
  if (body[0] != '\0') {
    failFrame("its message is compressed, which was not asked for");
  }
  uint64_t size = 0;
  for (size_t i = 1; i < kFrameHeadBytes; ++i) {
    size = (size << 8) | static_cast<uint8_t>(body[i]);
  }
  if (size != body.size() - kFrameHeadBytes) {
    failFrame("its message of " + std::to_string(size) + " bytes lies in " +
              std::to_string(body.size() - kFrameHeadBytes));
  }
  return body.substr(kFrameHeadBytes);
}

void failProtobuf(std::string_view type, const std::string& reason) {
  throw ModelError(std::string(type) + " is malformed: " + reason);
}

std::string_view requireBytes(const WireField& field, std::string_view type) {
  if (field.type != WireType::Bytes) {
    failProtobuf(type, "field " + std::to_string(field.number) + " is a number");
  }
  return field.bytes;
}

uint64_t requireVarint(const WireField& field, std::string_view type) {
  if (field.type != WireType::Varint) {
    failProtobuf(type, "field " + std::to_string(field.number) + " is no varint");
  }
  return field.value;
}

WireEntry readEntry(const WireField& field, std::string_view type) {
  WireEntry entry;
  forEachField(requireBytes(field, type), type, [&](const WireField& part) {
    if (part.number == 1) {
      entry.key = requireBytes(part, type);
    } else if (part.number == 2) {
      entry.value = requireBytes(part, type);
    }
  });
  return entry;
}

void appendVarintField(std::string& out, uint32_t number, uint64_t value) {
  if (value != 0) {
    appendTag(out, number, WireType::Varint);
    stateStore::appendVarint(out, value);
  }
}

void readRepeatedVarints(const WireField& field, std::string_view type, size_t limit,
                         std::vector<int64_t>& values) {
  const auto take = [&](uint64_t value) {
    if (values.size() == limit) {
      failProtobuf(type, "field " + std::to_string(field.number) + " has more than " +
                             std::to_string(limit) + " elements");
    }
    values.push_back(static_cast<int64_t>(value));
  };
  if (field.type == WireType::Varint) {
    take(field.value);
    return;
  }
  WireReader reader(requireBytes(field, type));
  while (!reader.atEnd()) {
    const std::optional<uint64_t> value = reader.nextVarint();
    if (!value) {
      failProtobuf(type, "it ends within a number");
    }
    take(*value);
  }
}

}  // namespace auspex::operators
