// SPDX-License-Identifier: Apache-2.0
// Requests to model servers without waiting: by HTTP, or in the same form through topics, where a
// request is a record and its answer another. Implemented by the engine for both.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace auspex::operators {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// One request to a server.
struct HttpRequest {
  std::string method = "POST";
  /// http:// or https://, with host, port and path; through topics: topicUrl() of
  /// operators/models/kafka/TopicAddress.h.
  std::string url;
  bool isHttp2 = false;  ///< HTTP/2, over http:// by prior knowledge, as gRPC wants it
  HttpHeaders headers;   ///< besides Host and Content-Length; through topics: the record's
  std::string body;
  std::chrono::milliseconds timeout{5000};   ///< from now to the last byte of the answer
  size_t maxAnswerBytes = size_t{16} << 20;  ///< of the answer's body
};

/// What came of a request.
struct HttpResponse {
  enum class Failure : uint8_t {
    None,        ///< a whole answer came, of whatever status
    NotAllowed,  ///< the address is not on the allow-list, or the server redirects
    Connect,     ///< the server never saw the request
    Timeout,
    TooLarge,  ///< the answer is larger than the request allows
    NotTaken,  ///< the request was not sent: it is larger than its topic takes
    Broken,    ///< the connection ended within the exchange
  };
  Failure failure = Failure::None;
  std::string message;  ///< why it failed, for people
  int status = 0;
  HttpHeaders headers;   ///< names in lower case
  HttpHeaders trailers;  ///< of HTTP/2; names in lower case
  std::string body;
  std::chrono::microseconds waited{0};     ///< before it was sent: for a connection
  std::chrono::microseconds exchanged{0};  ///< from there to the last byte of the answer
};

/// Any thread may call any method.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  /// Sends a request. Never waits and never throws. `done` is called exactly once, on a thread of
  /// the transport or the caller's, also when the transport is closed first.
  virtual void send(HttpRequest request, std::function<void(HttpResponse)> done) = 0;

  /// The clock that timeouts and callAt go by.
  virtual std::chrono::steady_clock::time_point now() const = 0;
  /// Calls `action` at that time or soon after, on a thread of the transport; never when the
  /// transport is closed first. For those who have to look again at a time without waiting for it.
  virtual void callAt(std::chrono::steady_clock::time_point time, std::function<void()> action) = 0;
};

}  // namespace auspex::operators
