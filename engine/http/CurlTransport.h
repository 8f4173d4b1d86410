// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 and HTTP/2 to model servers by libcurl: a thread for each, kept connections.
#pragma once

#include <functional>
#include <memory>

#include "engine/http/AddressRules.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::engine {

/// Any thread may call any method. Callbacks come on the transport's own thread and should be
/// short: nothing else is sent or received meanwhile.
///
/// Follows no redirects (HttpResponse::Failure::NotAllowed), uses no proxy, whatever the
/// environment says, and connects only to addresses that the rules allow, whatever a name was
/// resolved to. Checks certificates of https:// by the system's authorities.
class CurlTransport final : public operators::HttpTransport {
 public:
  /// Throws std::runtime_error when libcurl cannot be had.
  explicit CurlTransport(AddressRules allowed);
  /// Closes.
  ~CurlTransport() override;

  void send(operators::HttpRequest request,
            std::function<void(operators::HttpResponse)> done) override;
  std::chrono::steady_clock::time_point now() const override;
  void callAt(std::chrono::steady_clock::time_point time, std::function<void()> action) override;

  /// Ends all requests (Failure::Broken), and every later one at once. Waits for callbacks that are
  /// under way; must not be called by one.
  void close();

 private:
  class Loop;

  std::unique_ptr<Loop> loop_;
  /// HTTP/2 by prior knowledge, apart: libcurl would take up a connection of HTTP/1.1 to the same
  /// port for it.
  std::unique_ptr<Loop> http2Loop_;
};

}  // namespace auspex::engine
