// SPDX-License-Identifier: Apache-2.0
// What a server bears from those who ask it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

namespace auspex::engine {

struct ServerLimits {
  size_t maxBodyBytes = size_t{16} << 20;    ///< of one request; 413 beyond
  size_t maxHeaderBytes = size_t{16} << 10;  ///< of one request, with its target; 431 beyond
  size_t maxHeaders = 100;
  size_t maxConnections = 1'024;                ///< those beyond are closed at once
  size_t maxStreams = 128;                      ///< requests at a time on a connection of HTTP/2
  size_t maxBufferedBytes = size_t{256} << 20;  ///< of all bodies that are not answered; 503 beyond
  std::chrono::milliseconds idleTimeout{60'000};     ///< a connection without a request
  std::chrono::milliseconds requestTimeout{30'000};  ///< from a request's first byte to its last
  std::chrono::milliseconds writeTimeout{30'000};    ///< while nothing of an answer is taken
  std::chrono::milliseconds stopTimeout{5'000};      ///< what is in flight at a stop
};

/// The bytes of bodies that a server holds, over all its threads.
class BufferBudget {
 public:
  explicit BufferBudget(size_t maxBytes) : maxBytes_(maxBytes) {}

  /// False when they are too many.
  bool take(size_t numBytes) {
    if (used_.fetch_add(numBytes, std::memory_order_relaxed) + numBytes <= maxBytes_) {
      return true;
    }
    give(numBytes);
    return false;
  }
  void give(size_t numBytes) { used_.fetch_sub(numBytes, std::memory_order_relaxed); }
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const size_t maxBytes_;
  std::atomic<size_t> used_{0};
};

}  // namespace auspex::engine
