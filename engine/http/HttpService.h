// SPDX-License-Identifier: Apache-2.0
// What answers the requests that an HttpServer gets, whatever version of HTTP they came by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "operators/ports/HttpTransport.h"

namespace auspex::engine {

/// A whole request.
struct ServerRequest {
  std::string method;              ///< upper case
  std::string target;              ///< path and query as they were sent, percent-encoded
  operators::HttpHeaders headers;  ///< names in lower case
  std::string body;
  bool isHttp2 = false;

  /// The value of the first header of that name (lower case); empty when it is not there.
  std::string_view header(std::string_view name) const;
};

/// The way back to who asked. All methods are of the server's thread that handed it over; other
/// threads come by ServerThread::post. What is said after the connection has ended is lost, and an
/// exchange that is let go of without an end becomes an answer of 500, or is cut off when it had
/// begun.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  HttpExchange() = default;
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  /// Status and headers (names in lower case), once. bodyBytes: what write() will give in all;
  /// nullopt: an answer in pieces of which nobody knows how many there will be.
  virtual void begin(int status, const operators::HttpHeaders& headers,
                     std::optional<size_t> bodyBytes) = 0;
  virtual void write(std::string_view bytes) = 0;
  /// trailers: sent over HTTP/2 only.
  virtual void end(const operators::HttpHeaders& trailers) = 0;

  /// A whole answer.
  void answer(int status, const operators::HttpHeaders& headers, std::string_view body) {
    begin(status, headers, body.size());
    write(body);
    end({});
  }
};

/// One for each of the server's threads, and of that thread alone.
class HttpService {
 public:
  virtual ~HttpService() = default;

  /// A whole request has come. Answers it now or later; must not wait.
  virtual void handle(ServerRequest request, std::shared_ptr<HttpExchange> exchange) = 0;

  /// All that had arrived so far was handed over: for those who gather requests to do them
  /// together. An answer may have the next request of its connection handed over at once; it counts
  /// among those of this call.
  virtual void finishRound() {}
};

/// One of a server's threads, as its service sees it.
class ServerThread {
 public:
  virtual ~ServerThread() = default;
  /// Has an action done on this thread, soon; never when the server has stopped. Any thread may
  /// call it while the service is there.
  virtual void post(std::function<void()> action) = 0;
};

/// Makes the service of one thread.
using ServiceFactory = std::function<std::unique_ptr<HttpService>(ServerThread&)>;

}  // namespace auspex::engine
