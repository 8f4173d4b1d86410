// SPDX-License-Identifier: Apache-2.0
#include "engine/http/CurlTransport.h"

#include <curl/curl.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/http/CurlTransfer.h"
#include "operators/data/Assert.h"

namespace auspex::engine {

namespace {

using operators::HttpRequest;
using operators::HttpResponse;

constexpr const char* kClosedMessage = "the transport is closed";
/// Connections that are kept for further requests, over all servers.
constexpr long kKeptConnections = 256;
/// Handles that are kept for further requests.
constexpr size_t kKeptHandles = 64;
/// The loop looks around that often even when nothing wakes it.
constexpr std::chrono::milliseconds kLongestWait{1000};

}  // namespace

/// One of the transport's threads and what it shares with the others.
class CurlTransport::Loop {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Loop(AddressRules allowed) : allowed_(std::move(allowed)), multi_(curl_multi_init()) {
    if (multi_ == nullptr) {
      throw std::runtime_error("libcurl cannot be set up");
    }
    curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kKeptConnections);
    thread_ = std::thread([this] { run(); });
  }

  ~Loop() { close(); }

  void send(std::unique_ptr<CurlTransfer> transfer) {
    {
      const std::lock_guard lock(mutex_);
      if (!isClosed_) {
        arrived_.push_back(std::move(transfer));
      }
    }
    if (transfer != nullptr) {
      transfer->answer(CurlTransfer::broken(kClosedMessage));
      return;
    }
    curl_multi_wakeup(multi_.get());
  }

  void callAt(Time time, std::function<void()> action) {
    {
      const std::lock_guard lock(mutex_);
      if (isClosed_) {
        return;
      }
      timers_.emplace(time, std::move(action));
    }
    curl_multi_wakeup(multi_.get());
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      isClosed_ = true;
    }
    curl_multi_wakeup(multi_.get());
    const std::lock_guard lock(joinMutex_);
    if (thread_.joinable()) {
      AUSPEX_ASSERT(thread_.get_id() != std::this_thread::get_id());
      thread_.join();
    }
  }

 private:
  /// Requests by prior knowledge that need a connection to one host and port.
  struct Origin {
    CurlTransfer* connecting = nullptr;  ///< makes it
    std::deque<CurlTransfer*> waiting;
  };

  struct CurlMultiDeleter {
    void operator()(void* multi) const { curl_multi_cleanup(multi); }
  };

  /// The library's own set-up, counted by it.
  class CurlLibrary {
   public:
    CurlLibrary() {
      if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        throw std::runtime_error("libcurl cannot be set up");
      }
    }
    ~CurlLibrary() { curl_global_cleanup(); }
    CurlLibrary(const CurlLibrary&) = delete;
    CurlLibrary& operator=(const CurlLibrary&) = delete;
  };

  void run() {
    while (startArrived()) {
      runTimers();
      int numRunning = 0;
      curl_multi_perform(multi_.get(), &numRunning);
      finishDone();
      expireOverdue();
      startParked();
      curl_multi_poll(multi_.get(), nullptr, 0, waitTime(), nullptr);
    }
    for (auto& running : running_) {
      if (running.first->easy() != nullptr) {
        curl_multi_remove_handle(multi_.get(), running.first->easy());
      }
      running.first->answer(CurlTransfer::broken(kClosedMessage));
    }
    running_.clear();
  }

  /// Starts what was sent since the last turn; false when the transport is closed.
  bool startArrived() {
    std::vector<std::unique_ptr<CurlTransfer>> arrived;
    bool isClosed = false;
    {
      const std::lock_guard lock(mutex_);
      arrived.swap(arrived_);
      isClosed = isClosed_;
    }
    for (auto& transfer : arrived) {
      if (isClosed) {
        transfer->answer(CurlTransfer::broken(kClosedMessage));
        continue;
      }
      CurlTransfer& started = *transfer;
      deadlines_.emplace(started.deadline(), &started);
      running_.emplace(&started, std::move(transfer));
      start(started, started.isPriorKnowledge() ? ConnectionUse::Known : ConnectionUse::Any);
    }
    return !isClosed;
  }

  void start(CurlTransfer& transfer, ConnectionUse use) {
    std::string failure;
    try {
      transfer.start(takeEasy(), allowed_, use);
      const CURLMcode code = curl_multi_add_handle(multi_.get(), transfer.easy());
      if (code == CURLM_OK) {
        return;
      }
      failure = curl_multi_strerror(code);
    } catch (const std::exception& error) {
      failure = error.what();
    }
    end(transfer, CurlTransfer::broken(failure));
  }

  CurlEasy takeEasy() {
    if (kept_.empty()) {
      CurlEasy easy(curl_easy_init());
      if (easy == nullptr) {
        throw std::runtime_error("libcurl has no handle");
      }
      return easy;
    }
    CurlEasy easy = std::move(kept_.back());
    kept_.pop_back();
    return easy;
  }

  void finishDone() {
    int numLeft = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &numLeft)) {
      if (message->msg != CURLMSG_DONE) {
        continue;
      }
      const int result = static_cast<int>(message->data.result);
      char* self = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
      CurlTransfer& transfer = *reinterpret_cast<CurlTransfer*>(self);
      if (transfer.needsConnection()) {
        takeBack(transfer);
        parked_[transfer.origin()].waiting.push_back(&transfer);
      } else {
        end(transfer, transfer.finish(result));
      }
    }
  }

  /// Those who wait for a connection get one made by the first of them, and go on when it stands.
  void startParked() {
    for (auto place = parked_.begin(); place != parked_.end();) {
      Origin& origin = place->second;
      if (origin.connecting != nullptr && origin.connecting->isConnected()) {
        origin.connecting = nullptr;
        for (CurlTransfer* const transfer : std::exchange(origin.waiting, {})) {
          start(*transfer, ConnectionUse::Known);
        }
      } else if (origin.connecting == nullptr && !origin.waiting.empty()) {
        CurlTransfer& first = *origin.waiting.front();
        origin.waiting.pop_front();
        origin.connecting = &first;
        start(first, ConnectionUse::New);
      }
      const bool isIdle = origin.connecting == nullptr && origin.waiting.empty();
      place = isIdle ? parked_.erase(place) : std::next(place);
    }
  }

  void expireOverdue() {
    const Time now = std::chrono::steady_clock::now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      CurlTransfer& transfer = *deadlines_.begin()->second;
      end(transfer, transfer.expire());
    }
  }

  /// Takes a transfer's handle out of libcurl's hands.
  void takeBack(CurlTransfer& transfer) {
    if (transfer.easy() == nullptr) {
      return;
    }
    curl_multi_remove_handle(multi_.get(), transfer.easy());
    CurlEasy handle = transfer.takeEasy();
    if (kept_.size() < kKeptHandles) {
      curl_easy_reset(handle.get());
      kept_.push_back(std::move(handle));
    }
  }

  /// Takes a transfer off the loop and answers it.
  void end(CurlTransfer& transfer, HttpResponse response) {
    takeBack(transfer);
    const auto range = deadlines_.equal_range(transfer.deadline());
    const auto place = std::find_if(range.first, range.second,
                                    [&](const auto& entry) { return entry.second == &transfer; });
    AUSPEX_ASSERT(place != range.second);
    deadlines_.erase(place);
    if (const auto parked = parked_.find(transfer.origin()); parked != parked_.end()) {
      Origin& origin = parked->second;
      std::erase(origin.waiting, &transfer);
      if (origin.connecting == &transfer) {
        origin.connecting = nullptr;
      }
    }
    const auto found = running_.extract(&transfer);
    AUSPEX_ASSERT(!found.empty());
    found.mapped()->answer(std::move(response));
  }

  void runTimers() {
    std::vector<std::function<void()>> due;
    {
      const std::lock_guard lock(mutex_);
      const Time now = std::chrono::steady_clock::now();
      while (!timers_.empty() && timers_.begin()->first <= now) {
        due.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
      }
    }
    for (const auto& action : due) {
      action();
    }
  }

  /// Milliseconds until a timer or a deadline; libcurl knows its own.
  int waitTime() {
    const Time now = std::chrono::steady_clock::now();
    Time until = now + kLongestWait;
    if (!deadlines_.empty()) {
      until = std::min(until, deadlines_.begin()->first);
    }
    {
      const std::lock_guard lock(mutex_);
      if (!timers_.empty()) {
        until = std::min(until, timers_.begin()->first);
      }
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    return static_cast<int>(std::max<int64_t>(wait.count(), 0));
  }

  const CurlLibrary library_;
  const AddressRules allowed_;

  std::mutex mutex_;  ///< guards arrived_, timers_, isClosed_
  std::vector<std::unique_ptr<CurlTransfer>> arrived_;
  std::multimap<Time, std::function<void()>> timers_;
  bool isClosed_ = false;

  // Of the transport's thread alone. The handle of libcurl goes last: its connections are closed
  // after their requests.
  std::unique_ptr<void, CurlMultiDeleter> multi_;
  std::vector<CurlEasy> kept_;
  std::multimap<Time, CurlTransfer*> deadlines_;
  std::unordered_map<CurlTransfer*, std::unique_ptr<CurlTransfer>> running_;
  std::map<std::string, Origin> parked_;

  std::mutex joinMutex_;  ///< guards thread_
  std::thread thread_;
};

CurlTransport::CurlTransport(AddressRules allowed)
    : loop_(std::make_unique<Loop>(allowed)),
      http2Loop_(std::make_unique<Loop>(std::move(allowed))) {
}

CurlTransport::~CurlTransport() = default;

void CurlTransport::send(HttpRequest request, std::function<void(HttpResponse)> done) {
  auto transfer = std::make_unique<CurlTransfer>(std::move(request), std::move(done));
  Loop& loop = transfer->isPriorKnowledge() ? *http2Loop_ : *loop_;
  loop.send(std::move(transfer));
}

std::chrono::steady_clock::time_point CurlTransport::now() const {
  return std::chrono::steady_clock::now();
}

void CurlTransport::callAt(std::chrono::steady_clock::time_point time,
                           std::function<void()> action) {
  loop_->callAt(time, std::move(action));
}

void CurlTransport::close() {
  loop_->close();
  http2Loop_->close();
}

}  // namespace auspex::engine
