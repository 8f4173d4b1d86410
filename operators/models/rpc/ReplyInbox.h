// SPDX-License-Identifier: Apache-2.0
// Where answers wait until the task that asked comes for them.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "operators/ports/HttpTransport.h"

namespace auspex::operators {

/// Filled by the transport's thread, emptied by the task's; outlives both the predictor and its
/// requests. Any thread may call any method.
class ReplyInbox {
 public:
  using Reply = std::pair<uint64_t, HttpResponse>;

  explicit ReplyInbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// Keeps the answer to a request and wakes the task.
  void put(uint64_t id, HttpResponse response) {
    {
      const std::lock_guard lock(mutex_);
      replies_.emplace_back(id, std::move(response));
    }
    wake();
  }

  /// Gives what has come since the last call.
  std::vector<Reply> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(replies_, {});
  }

  /// Wakes the task, unless it is gone.
  void wake() {
    // Held during the call, so that close() means that none is under way.
    const std::lock_guard lock(wakeMutex_);
    if (wake_) {
      wake_();
    }
  }

  /// After this the task is not woken any more.
  void close() {
    const std::lock_guard lock(wakeMutex_);
    wake_ = nullptr;
  }

 private:
  std::mutex mutex_;  ///< guards replies_
  std::vector<Reply> replies_;
  std::mutex wakeMutex_;  ///< guards wake_
  std::function<void()> wake_;
};

}  // namespace auspex::operators
