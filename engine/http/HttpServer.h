// SPDX-License-Identifier: Apache-2.0
// A server of HTTP/1.1 and HTTP/2 on one port, in clear text: threads that each wait for sockets of
// their own. What is asked, a service answers; this knows no paths.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/http/HttpService.h"
#include "engine/http/ServerLimits.h"

namespace auspex::engine {

struct ServerOptions {
  std::string host = "127.0.0.1";  ///< an address, or a name that means one
  uint16_t port = 0;               ///< 0: any that is free
  size_t numThreads = 1;
  ServerLimits limits = {};
};

/// The kernel gives each thread its share of the connections. A request is handed to the service of
/// its connection's thread, which answers it on the same thread.
class HttpServer {
 public:
  /// Listens and answers from here on. Throws std::runtime_error when it cannot listen there.
  HttpServer(ServerOptions options, const ServiceFactory& makeService);
  /// Stops.
  ~HttpServer();

  uint16_t port() const { return port_; }

  /// Takes no further connections and requests, answers what is in flight within
  /// ServerLimits::stopTimeout, and closes. Waits for it.
  void stop();

 private:
  class Loop;

  ServerOptions options_;
  BufferBudget budget_;
  uint16_t port_ = 0;
  std::vector<std::unique_ptr<Loop>> loops_;
};

/// "host:port" or "[::1]:port" as its parts. Throws std::invalid_argument when it is neither.
ServerOptions parseListenAddress(const std::string& text);

}  // namespace auspex::engine
