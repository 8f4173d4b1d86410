// SPDX-License-Identifier: Apache-2.0
// One connection's side of a version of HTTP: bytes to requests, answers to bytes. No sockets and
// no clock here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/http/HttpService.h"
#include "engine/http/ServerLimits.h"

namespace auspex::engine {

/// What a session is given.
struct SessionContext {
  const ServerLimits& limits;
  BufferBudget& budget;
  HttpService& service;
  /// Called when there is something new to send, or a request was handed to the service.
  std::function<void()> touch;
};

class ServerSession {
 public:
  virtual ~ServerSession() = default;

  /// Takes bytes as they arrive. May hand requests to the service.
  virtual void receive(std::string_view bytes) = 0;
  /// Appends what is to be sent, until `out` has about `enough` bytes.
  virtual void pull(std::string& out, size_t enough) = 0;

  /// False while it would only have to keep what comes.
  virtual bool wantsBytes() const = 0;
  /// True when nothing more comes after what pull() gives: the connection is to be closed then.
  virtual bool isOver() const = 0;
  /// It is over although the client may still be sending.
  virtual bool isCut() const = 0;
  /// Requests that have begun to arrive or are not answered to their end.
  virtual size_t numOpen() const = 0;
  /// Requests of which some bytes are still to come.
  virtual size_t numArriving() const = 0;
  /// A number of its own for the oldest of them.
  virtual std::optional<uint64_t> oldestArriving() const = 0;
  /// Takes no further requests; is over when those that are open are answered.
  virtual void stop() = 0;
};

/// The session that the first bytes of a connection ask for; null while they could be either.
std::unique_ptr<ServerSession> makeSession(std::string_view firstBytes,
                                           const SessionContext& context);

/// The words of a status: "Not Found".
std::string_view reasonOf(int status);

}  // namespace auspex::engine
