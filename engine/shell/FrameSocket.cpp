// SPDX-License-Identifier: Apache-2.0
#include "engine/shell/FrameSocket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace auspex::engine {
namespace {

constexpr const char* kSocketName = "shell.sock";
constexpr size_t kHeaderBytes = 5;
constexpr size_t kChunkBytes = size_t{64} << 10;
constexpr int kPatienceMillis = 10'000;

/// The address of a socket has room for 107 bytes only, and paths may be longer: goes through a
/// descriptor of the directory.
class SocketAddress {
 public:
  explicit SocketAddress(const std::filesystem::path& directory)
      : directory_(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    address_.sun_family = AF_UNIX;
    const std::string path = fmt::format("/proc/self/fd/{}/{}", directory_, kSocketName);
    std::memcpy(address_.sun_path, path.c_str(), path.size() + 1);
  }
  ~SocketAddress() {
    if (directory_ >= 0) {
      close(directory_);
    }
  }
  SocketAddress(const SocketAddress&) = delete;
  SocketAddress& operator=(const SocketAddress&) = delete;

  bool exists() const { return directory_ >= 0; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  static socklen_t size() { return sizeof(sockaddr_un); }

 private:
  int directory_;
  sockaddr_un address_{};
};

int openSocket() {
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

bool waitFor(int descriptor, int16_t events, int millis) {
  pollfd waited{descriptor, events, 0};
  return ::poll(&waited, 1, millis) > 0;
}

}  // namespace

FrameSocket::FrameSocket(int descriptor) : descriptor_(descriptor) {
}

FrameSocket::~FrameSocket() {
  close(descriptor_);
}

std::unique_ptr<FrameSocket> FrameSocket::connectTo(const std::filesystem::path& dataDirectory) {
  const SocketAddress address(dataDirectory);
  const int descriptor = address.exists() ? openSocket() : -1;
  if (descriptor < 0) {
    return nullptr;
  }
  if (connect(descriptor, address.get(), SocketAddress::size()) != 0) {
    close(descriptor);
    return nullptr;
  }
  return std::make_unique<FrameSocket>(descriptor);
}

void FrameSocket::send(FrameKind kind, std::string_view payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  std::string bytes(1, static_cast<char>(kind));
  for (int shift = 0; shift < 32; shift += 8) {
    bytes += static_cast<char>((size >> shift) & 0xFF);
  }
  bytes += payload;
  const std::lock_guard lock(sending_);
  std::string_view rest = bytes;
  while (!rest.empty() && !broken_.load()) {
    const ssize_t count = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count > 0) {
      rest.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      broken_ = !waitFor(descriptor_, POLLOUT, kPatienceMillis) && errno != EINTR;
    } else if (errno != EINTR) {
      broken_ = true;
    }
  }
}

std::optional<Frame> FrameSocket::takeFrame() {
  if (received_.size() < kHeaderBytes) {
    return std::nullopt;
  }
  size_t size = 0;
  for (size_t i = 0; i < 4; ++i) {
    size |= static_cast<size_t>(static_cast<uint8_t>(received_[i + 1])) << (8 * i);
  }
  if (size > kMaxFrameBytes) {
    broken_ = true;
    return std::nullopt;
  }
  if (received_.size() < kHeaderBytes + size) {
    return std::nullopt;
  }
  Frame frame{static_cast<FrameKind>(received_[0]), received_.substr(kHeaderBytes, size)};
  received_.erase(0, kHeaderBytes + size);
  return frame;
}

std::optional<Frame> FrameSocket::receive(int timeoutMillis) {
  while (true) {
    if (std::optional<Frame> frame = takeFrame()) {
      return frame;
    }
    if (broken_.load() || !waitFor(descriptor_, POLLIN, timeoutMillis)) {
      return std::nullopt;
    }
    std::array<char, kChunkBytes> chunk{};
    const ssize_t count = recv(descriptor_, chunk.data(), chunk.size(), 0);
    if (count > 0) {
      received_.append(chunk.data(), static_cast<size_t>(count));
    } else if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
      broken_ = true;
    } else {
      return std::nullopt;
    }
  }
}

FrameBuffer::int_type FrameBuffer::overflow(int_type character) {
  if (!traits_type::eq_int_type(character, traits_type::eof())) {
    pending_ += traits_type::to_char_type(character);
  }
  return socket_.isBroken() ? traits_type::eof() : traits_type::not_eof(character);
}

std::streamsize FrameBuffer::xsputn(const char* text, std::streamsize size) {
  pending_.append(text, static_cast<size_t>(size));
  if (pending_.size() >= kChunkBytes) {
    sync();
  }
  return socket_.isBroken() ? 0 : size;
}

int FrameBuffer::sync() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    socket_.send(kind_, rest.substr(0, kChunkBytes));
    rest.remove_prefix(std::min(kChunkBytes, rest.size()));
  }
  pending_.clear();
  return socket_.isBroken() ? -1 : 0;
}

int listenIn(const std::filesystem::path& dataDirectory) {
  const SocketAddress address(dataDirectory);
  removeSocket(dataDirectory);  // of a process that was killed: this one holds the directory now
  const int descriptor = openSocket();
  // The mode is taken over by the name that bind() makes, so nobody else can slip in between.
  if (descriptor < 0 || fchmod(descriptor, 0600) != 0 ||
      bind(descriptor, address.get(), SocketAddress::size()) != 0 || listen(descriptor, 16) != 0) {
    const std::string reason = std::strerror(errno);
    if (descriptor >= 0) {
      close(descriptor);
    }
    throw std::runtime_error(
        fmt::format("cannot listen in {}: {}", dataDirectory.string(), reason));
  }
  return descriptor;
}

void removeSocket(const std::filesystem::path& dataDirectory) {
  std::error_code ignored;
  std::filesystem::remove(dataDirectory / kSocketName, ignored);
}

}  // namespace auspex::engine
