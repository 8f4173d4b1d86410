// SPDX-License-Identifier: Apache-2.0
#include "engine/http/HttpServer.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>

#include "engine/http/Descriptor.h"
#include "engine/http/ServerConnection.h"

namespace auspex::engine {

namespace {

constexpr int kBacklog = 512;
constexpr int kMaxEvents = 256;
/// Timeouts are looked at that often.
constexpr std::chrono::milliseconds kSweepPause{250};
/// When no further connection can be had (descriptors), those there are go on and none is taken up
/// for so long.
constexpr std::chrono::milliseconds kAcceptPause{100};

std::runtime_error systemError(const std::string& what) {
  return std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

struct AddressDeleter {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

uint16_t portOf(int listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

/// A listening socket, beside others on the same port if it is shared. Throws std::runtime_error.
int listenAt(const std::string& host, uint16_t port, bool isShared) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, AddressDeleter> addresses(found);
  const std::string shown = fmt::format("cannot listen at {}:{}", host, port);
  if (failure != 0) {
    throw std::runtime_error(fmt::format("{}: {}", shown, gai_strerror(failure)));
  }
  const int listener =
      socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (listener < 0) {
    throw systemError(shown);
  }
  const int enabled = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &enabled, sizeof(enabled));
  if (isShared) {
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &enabled, sizeof(enabled));
  }
  if (::bind(listener, found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(listener, kBacklog) != 0) {
    const auto error = systemError(shown);
    ::close(listener);
    throw error;
  }
  return listener;
}

}  // namespace

/// One thread with its sockets.
class HttpServer::Loop final : public ServerThread {
 public:
  Loop(const ServerOptions& options, BufferBudget& budget, int listener,
       const ServiceFactory& makeService)
      : limits_(options.limits),
        maxConnections_(std::max<size_t>(1, options.limits.maxConnections / options.numThreads)),
        budget_(budget),
        listener_(listener),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        service_(makeService(*this)) {
    if (epoll_.number() < 0 || wake_.number() < 0) {
      throw systemError("no sockets can be waited for");
    }
    watch(listener_.number(), EPOLLIN);
    watch(wake_.number(), EPOLLIN);
  }

  ~Loop() override { join(); }

  void start() {
    thread_ = std::thread([this] { run(); });
  }

  void askToStop() {
    isAskedToStop_ = true;
    wake();
  }

  void join() {
    if (thread_.joinable()) {
      askToStop();
      thread_.join();
    }
  }

  void post(std::function<void()> action) override {
    {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(action));
    }
    wake();
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  void wake() const {
    const uint64_t one = 1;
    static_cast<void>(!::write(wake_.number(), &one, sizeof(one)));
  }

  void watch(int descriptor, uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &event);
  }

  void run() {
    std::array<epoll_event, kMaxEvents> events{};
    Time nextSweep = Clock::now() + kSweepPause;
    while (!isStopping_ || (!connections_.empty() && now_ < stopBy_)) {
      const int count = epoll_wait(epoll_.number(), events.data(), kMaxEvents,
                                   static_cast<int>(kSweepPause.count()));
      now_ = Clock::now();
      for (int i = 0; i < count; ++i) {
        take(events.at(static_cast<size_t>(i)));
      }
      runPosted();
      finishRound();
      if (isAskedToStop_ && !isStopping_) {
        beginStop();
      }
      if (now_ >= nextSweep) {
        sweep();
        nextSweep = now_ + kSweepPause;
      }
    }
    connections_.clear();
  }

  /// What a session fails at (memory that cannot be had, say) ends its connection.
  template <typename Work>
  void guard(ServerConnection& connection, Work work) {
    try {
      work();
    } catch (const std::exception&) {
      connection.markBroken();
    }
  }

  void take(const epoll_event& event) {
    if (event.data.fd == listener_.number()) {
      acceptAll();
    } else if (event.data.fd == wake_.number()) {
      uint64_t count = 0;
      static_cast<void>(!::read(wake_.number(), &count, sizeof(count)));
    } else if (const auto place = connections_.find(event.data.fd); place != connections_.end()) {
      touch(*place->second);
      if ((event.events & (EPOLLHUP | EPOLLERR)) != 0) {
        place->second->markBroken();
      } else if ((event.events & EPOLLIN) != 0) {
        guard(*place->second, [&] { place->second->read(); });
      }
    }
  }

  void acceptAll() {
    while (true) {
      const int descriptor =
          accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          std::this_thread::sleep_for(kAcceptPause);
        }
        return;
      }
      if (connections_.size() >= maxConnections_) {
        ::close(descriptor);
        continue;
      }
      const int enabled = 1;
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &enabled, sizeof(enabled));
      const auto touched = [this, descriptor] { touch(*connections_.at(descriptor)); };
      auto connection = std::make_unique<ServerConnection>(
          descriptor, SessionContext{limits_, budget_, *service_, touched}, now_);
      connection->watchedEvents = EPOLLIN;
      connections_.emplace(descriptor, std::move(connection));
      watch(descriptor, EPOLLIN);
    }
  }

  void touch(ServerConnection& connection) {
    if (!std::exchange(connection.isTouched, true)) {
      touched_.push_back(connection.descriptor());
    }
  }

  void runPosted() {
    std::vector<std::function<void()>> posted;
    {
      const std::lock_guard lock(mutex_);
      posted.swap(posted_);
    }
    for (const auto& action : posted) {
      action();
    }
  }

  /// Has the service do what was handed over, and sends what there is. What waited behind a request
  /// that is answered now comes to the service meanwhile, so it may take several turns.
  void finishRound() {
    do {
      service_->finishRound();
      std::vector<int> touched;
      touched.swap(touched_);
      for (const int descriptor : touched) {
        ServerConnection& connection = *connections_.at(descriptor);
        connection.isTouched = false;
        settle(connection);
      }
    } while (!touched_.empty());
  }

  void settle(ServerConnection& connection) {
    bool isOpen = true;
    guard(connection, [&] { isOpen = connection.write(now_); });
    if (!isOpen || connection.isBroken()) {
      drop(connection.descriptor());
      return;
    }
    const uint32_t wanted = connection.wantedEvents();
    if (wanted != connection.watchedEvents) {
      epoll_event event{};
      event.events = wanted;
      event.data.fd = connection.descriptor();
      epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, connection.descriptor(), &event);
      connection.watchedEvents = wanted;
    }
  }

  void drop(int descriptor) {
    std::erase(touched_, descriptor);
    connections_.erase(descriptor);
  }

  void sweep() {
    std::vector<int> late;
    for (const auto& entry : connections_) {
      const ServerConnection::Lateness lateness = entry.second->latenessAt(now_);
      if (lateness == ServerConnection::Lateness::Late) {
        late.push_back(entry.first);
      } else if (lateness == ServerConnection::Lateness::Idle) {
        entry.second->stop();
        touch(*entry.second);
      }
    }
    for (const int descriptor : late) {
      drop(descriptor);
    }
    finishRound();
  }

  void beginStop() {
    isStopping_ = true;
    stopBy_ = now_ + limits_.stopTimeout;
    // What the kernel has taken up already is answered too.
    acceptAll();
    epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, listener_.number(), nullptr);
    listener_.reset();
    for (const auto& entry : connections_) {
      guard(*entry.second, [&] {
        entry.second->read();
        entry.second->stop();
      });
      touch(*entry.second);
    }
    finishRound();
  }

  const ServerLimits limits_;
  const size_t maxConnections_;
  BufferBudget& budget_;
  Descriptor listener_;
  Descriptor epoll_;
  Descriptor wake_;
  std::unique_ptr<HttpService> service_;
  std::unordered_map<int, std::unique_ptr<ServerConnection>> connections_;
  std::vector<int> touched_;  ///< connections of which something may be to send
  Time now_ = Clock::now();
  Time stopBy_{};
  bool isStopping_ = false;
  std::atomic<bool> isAskedToStop_{false};
  std::mutex mutex_;  ///< guards posted_
  std::vector<std::function<void()>> posted_;
  std::thread thread_;
};

HttpServer::HttpServer(ServerOptions options, const ServiceFactory& makeService)
    : options_(std::move(options)), budget_(options_.limits.maxBufferedBytes) {
  // Our threads share the port with each other, but not with another server of the same user.
  Descriptor probe(listenAt(options_.host, options_.port, false));
  const uint16_t port = portOf(probe.number());
  probe.reset();
  for (size_t i = 0; i < std::max<size_t>(1, options_.numThreads); ++i) {
    const int listener = listenAt(options_.host, port, true);
    loops_.push_back(std::make_unique<Loop>(options_, budget_, listener, makeService));
  }
  port_ = port;
  for (const auto& loop : loops_) {
    loop->start();
  }
}

HttpServer::~HttpServer() {
  stop();
}

void HttpServer::stop() {
  for (const auto& loop : loops_) {
    loop->askToStop();
  }
  for (const auto& loop : loops_) {
    loop->join();
  }
}

ServerOptions parseListenAddress(const std::string& text) {
  ServerOptions options;
  const size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
  const std::string_view digits =
      colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), options.port);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    host.clear();
  }
  if (host.empty() || digits.empty() || error != std::errc() ||
      end != digits.data() + digits.size()) {
    throw std::invalid_argument(
        fmt::format("'{}' is no address to listen at; write HOST:PORT", text));
  }
  options.host = host;
  return options;
}

}  // namespace auspex::engine
