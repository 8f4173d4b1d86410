// SPDX-License-Identifier: Apache-2.0
#include "engine/http/ServerSession.h"

#include <algorithm>

#include "engine/http/Http1Session.h"
#include "engine/http/Http2Session.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::engine {

std::unique_ptr<ServerSession> makeSession(std::string_view firstBytes,
                                           const SessionContext& context) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const size_t count = std::min(firstBytes.size(), kPreface.size());
  if (firstBytes.substr(0, count) != kPreface.substr(0, count)) {
    return std::make_unique<Http1Session>(context);
  }
  return count == kPreface.size() ? std::make_unique<Http2Session>(context) : nullptr;
}

std::string_view reasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string_view ServerRequest::header(std::string_view name) const {
  return operators::findHeader(headers, name);
}

}  // namespace auspex::engine
