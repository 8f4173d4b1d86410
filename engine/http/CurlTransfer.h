// SPDX-License-Identifier: Apache-2.0
// One request on its way through libcurl. Its own header stays in the .cpp files of this folder.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/http/AddressRules.h"
#include "operators/ports/HttpTransport.h"

struct curl_slist;

namespace auspex::engine {

struct CurlEasyDeleter {
  void operator()(void* easy) const;
};
struct CurlListDeleter {
  void operator()(curl_slist* list) const;
};
using CurlEasy = std::unique_ptr<void, CurlEasyDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

/// How a request gets its connection. HTTP/2 without TLS is begun by prior knowledge, and
/// libcurl 7.88 (Debian 12's) begins it a second time on a connection that it takes up again, which
/// breaks it (curl/curl#10634). So a request either takes up a connection or makes one, and says
/// which.
enum class ConnectionUse : uint8_t {
  Any,    ///< HTTP/1.1, and HTTP/2 over TLS
  Known,  ///< HTTP/2: one that is there, or the transfer ends with needsConnection
  New,    ///< HTTP/2: its own
};

/// Belongs to the transport's thread from when it is started, and stays where it is: libcurl knows
/// its address.
class CurlTransfer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  CurlTransfer(operators::HttpRequest request, std::function<void(operators::HttpResponse)> done);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  Time deadline() const { return deadline_; }
  /// Null while it waits for a connection that another is making.
  void* easy() const { return easy_.get(); }
  /// Host and port.
  const std::string& origin() const { return origin_; }
  /// HTTP/2 by prior knowledge: started as Known or New.
  bool isPriorKnowledge() const;

  /// Sets up a handle, fresh or reset. `allowed` must outlive the transfer.
  void start(CurlEasy easy, const AddressRules& allowed, ConnectionUse use);
  /// Takes the handle back for another request.
  CurlEasy takeEasy() { return std::move(easy_); }
  /// It was started as Known and there was no connection. Nothing was sent; it can be started anew.
  bool needsConnection() const { return needsConnection_; }
  /// It was started as New and its connection stands.
  bool isConnected() const { return isConnected_; }

  /// What came of it: result is libcurl's code of a transfer that ended.
  operators::HttpResponse finish(int result);
  /// What came of it when its time is over.
  operators::HttpResponse expire();
  /// What came of one that was never ended.
  static operators::HttpResponse broken(const std::string& message);

  /// Hands the answer to who asked. Once.
  void answer(operators::HttpResponse response) { done_(std::move(response)); }

 private:
  static size_t takeBody(char* bytes, size_t size, size_t count, void* self);
  static size_t takeHeader(char* bytes, size_t size, size_t count, void* self);
  static int openSocket(void* self, void* address);

  void takeHeaderLine(std::string_view line);
  void measure();
  void setOptions();

  operators::HttpRequest request_;
  std::function<void(operators::HttpResponse)> done_;
  Time arrived_;
  Time deadline_;
  const AddressRules* allowed_ = nullptr;
  CurlEasy easy_;
  CurlList headers_;
  std::vector<char> error_;
  operators::HttpResponse response_;
  std::string origin_;
  ConnectionUse use_ = ConnectionUse::Any;
  bool needsConnection_ = false;
  bool isConnected_ = false;
  std::string refusedAddress_;
  size_t headerBytes_ = 0;
  bool headersAreOver_ = false;
  bool isTooLarge_ = false;
  Time started_;
};

}  // namespace auspex::engine
