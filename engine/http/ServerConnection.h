// SPDX-License-Identifier: Apache-2.0
// One accepted socket: its bytes go to the session that they ask for, the session's answers back;
// and the limits of time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/http/ServerSession.h"

namespace auspex::engine {

///            first bytes          over, all sent             the client closes, or time is up
///   Unknown ------------> Serving ----------------> Lingering ----------------------------> closed
///                                   if it was cut
/// Lingering: our side is shut and what still comes is thrown away, since closing at once would
/// take the answer back from a client that is still sending.
class ServerConnection {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Owns the descriptor, which does not block.
  ServerConnection(int descriptor, SessionContext context, Time now);
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  int descriptor() const { return descriptor_; }

  /// Reads what is there, up to a bound, so that others have their turn.
  void read();
  /// Sends what there is to be sent. False when the connection is to be closed.
  bool write(Time now);
  /// Takes no further requests.
  void stop();
  /// Nothing can be sent any more.
  void markBroken() { isBroken_ = true; }
  bool isBroken() const { return isBroken_; }

  /// The events of epoll that would bring it on.
  uint32_t wantedEvents() const;
  uint32_t watchedEvents = 0;
  bool isTouched = false;  ///< it is on its loop's list

  enum class Lateness : uint8_t { None, Idle, Late };
  /// Late: its time is up. Idle: it has not asked for anything for long.
  Lateness latenessAt(Time now);

 private:
  void receive(std::string_view bytes);
  void linger(Time now);

  int descriptor_;
  SessionContext context_;
  std::string first_;  ///< bytes that do not tell the version yet
  std::unique_ptr<ServerSession> session_;
  std::string unsent_;
  size_t numSent_ = 0;  ///< of unsent_
  bool isStopped_ = false;
  bool isPeerDone_ = false;  ///< nothing more comes from there
  bool isBroken_ = false;
  bool isLingering_ = false;
  Time lastUse_;   ///< when it last had an open request
  Time lastSent_;  ///< when something was last taken
  Time lingerSince_;
  std::optional<uint64_t> arriving_;  ///< the oldest request of which some is still to come
  Time arrivingSince_;
};

}  // namespace auspex::engine
