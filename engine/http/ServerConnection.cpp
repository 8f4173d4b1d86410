// SPDX-License-Identifier: Apache-2.0
#include "engine/http/ServerConnection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace auspex::engine {

namespace {

constexpr size_t kReceiveBytes = size_t{64} << 10;
/// Reads of one connection before it is others' turn.
constexpr int kReadsInTurn = 8;
constexpr size_t kSendBytes = size_t{256} << 10;
constexpr std::chrono::milliseconds kLongestLinger{2'000};

}  // namespace

ServerConnection::ServerConnection(int descriptor, SessionContext context, Time now)
    : descriptor_(descriptor),
      context_(std::move(context)),
      lastUse_(now),
      lastSent_(now),
      lingerSince_(now),
      arrivingSince_(now) {
}

ServerConnection::~ServerConnection() {
  // The session's exchanges may still be held by the service: they learn that it is gone.
  session_.reset();
  close(descriptor_);
}

void ServerConnection::read() {
  static thread_local std::array<char, kReceiveBytes> buffer;
  for (int turn = 0; turn < kReadsInTurn && !isPeerDone_ && !isBroken_; ++turn) {
    if (!isLingering_ && session_ && !session_->wantsBytes()) {
      return;
    }
    const ssize_t count = recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (count > 0) {
      receive({buffer.data(), static_cast<size_t>(count)});
    } else if (count == 0) {
      isPeerDone_ = true;
    } else if (errno != EINTR) {
      isBroken_ = errno != EAGAIN && errno != EWOULDBLOCK;
      return;
    }
  }
}

void ServerConnection::receive(std::string_view bytes) {
  if (isLingering_) {
    return;
  }
  if (session_) {
    session_->receive(bytes);
    return;
  }
  first_ += bytes;
  session_ = makeSession(first_, context_);
  if (session_) {
    session_->receive(std::exchange(first_, {}));
    if (isStopped_) {
      session_->stop();
    }
  }
}

bool ServerConnection::write(Time now) {
  if (!session_) {
    return !isBroken_ && !isPeerDone_ && !(isStopped_ && first_.empty());
  }
  if (isLingering_) {
    return !isBroken_ && !isPeerDone_;
  }
  while (!isBroken_) {
    if (numSent_ == unsent_.size()) {
      unsent_.clear();
      numSent_ = 0;
      session_->pull(unsent_, kSendBytes);
      if (unsent_.empty()) {
        break;
      }
      lastSent_ = now;  // the client's time to take it begins here
    }
    const ssize_t count =
        send(descriptor_, unsent_.data() + numSent_, unsent_.size() - numSent_, MSG_NOSIGNAL);
    if (count >= 0) {
      numSent_ += static_cast<size_t>(count);
      lastSent_ = now;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;
    } else if (errno != EINTR) {
      isBroken_ = true;
    }
  }
  const bool hasUnanswered = session_->numOpen() > session_->numArriving();
  if (isBroken_ || (isPeerDone_ && !hasUnanswered)) {
    return false;
  }
  if (session_->isOver()) {
    if (!session_->isCut()) {
      return false;
    }
    linger(now);
  }
  return true;
}

void ServerConnection::linger(Time now) {
  isLingering_ = true;
  lingerSince_ = now;
  shutdown(descriptor_, SHUT_WR);
}

void ServerConnection::stop() {
  isStopped_ = true;
  if (session_) {
    session_->stop();
  }
}

uint32_t ServerConnection::wantedEvents() const {
  uint32_t events = 0;
  if (!isPeerDone_ && (!session_ || isLingering_ || session_->wantsBytes())) {
    events |= EPOLLIN;
  }
  if (numSent_ < unsent_.size()) {
    events |= EPOLLOUT;
  }
  return events;
}

ServerConnection::Lateness ServerConnection::latenessAt(Time now) {
  const ServerLimits& limits = context_.limits;
  const auto isLate = [&](Time since, std::chrono::milliseconds limit) {
    return now - since > limit ? Lateness::Late : Lateness::None;
  };
  if (isLingering_) {
    return isLate(lingerSince_, kLongestLinger);
  }
  if (numSent_ < unsent_.size()) {
    return isLate(lastSent_, limits.writeTimeout);
  }
  if (!session_) {
    return isLate(lastUse_, limits.requestTimeout);
  }
  if (session_->numOpen() > 0) {
    lastUse_ = now;
    const std::optional<uint64_t> arriving = session_->oldestArriving();
    if (arriving != arriving_) {
      arriving_ = arriving;
      arrivingSince_ = now;
    }
    return arriving ? isLate(arrivingSince_, limits.requestTimeout) : Lateness::None;
  }
  arriving_.reset();
  return now - lastUse_ > limits.idleTimeout ? Lateness::Idle : Lateness::None;
}

}  // namespace auspex::engine
