// SPDX-License-Identifier: Apache-2.0
// Frames over the Unix socket between a running `run` and a shell: docs/commandLine.md,
// "Attaching".
#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>
#include <streambuf>
#include <string>
#include <string_view>

namespace auspex::engine {

/// A frame is this one byte, four bytes of length (little-endian), and so many bytes.
enum class FrameKind : char {
  Execute = 'Q',       ///< to the run: format, '1' to stop at an error, statements
  ListTopics = 'L',    ///< to the run
  PrintTopic = 'P',    ///< to the run: limit or nothing, '\n', '1' to follow, '\n', topic
  ProduceLines = 'I',  ///< to the run: topic, '\n', key separator, '\n', lines
  Cancel = 'C',        ///< to the run: end what runs
  Output = 'O',        ///< from the run: for standard output
  Message = 'E',       ///< from the run: for standard error
  Done = 'D',          ///< from the run: the request's exit code as text
};

struct Frame {
  FrameKind kind = FrameKind::Done;
  std::string payload;
};

/// Longest frame either side accepts.
inline constexpr size_t kMaxFrameBytes = size_t{16} << 20;

/// One end of a connection. send() may be called from any thread, receive() from one.
class FrameSocket {
 public:
  explicit FrameSocket(int descriptor);
  ~FrameSocket();
  FrameSocket(const FrameSocket&) = delete;
  FrameSocket& operator=(const FrameSocket&) = delete;

  /// Connects to the socket of a data directory; null when nobody listens there.
  static std::unique_ptr<FrameSocket> connectTo(const std::filesystem::path& dataDirectory);

  /// Writes a frame. Waits while the other end reads slowly, and gives the connection up after ten
  /// seconds in which it read nothing.
  void send(FrameKind kind, std::string_view payload);
  /// The next whole frame if it comes within the time; see isBroken() when there is none.
  std::optional<Frame> receive(int timeoutMillis);
  /// The other end is gone, or does not keep to the protocol.
  bool isBroken() const { return broken_.load(); }

 private:
  std::optional<Frame> takeFrame();

  int descriptor_;
  std::atomic<bool> broken_{false};
  std::mutex sending_;
  std::string received_;  // what is not yet a whole frame
};

/// Text written to it goes out as frames of one kind, at a flush and when much has gathered. One
/// thread at a time.
class FrameBuffer final : public std::streambuf {
 public:
  FrameBuffer(FrameSocket& socket, FrameKind kind) : socket_(socket), kind_(kind) {}

 protected:
  int_type overflow(int_type character) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

 private:
  FrameSocket& socket_;
  FrameKind kind_;
  std::string pending_;
};

/// Listens in a data directory that this process holds; only its user may connect. Returns the
/// descriptor, which does not block. Throws std::runtime_error.
int listenIn(const std::filesystem::path& dataDirectory);
/// Removes the socket's name again.
void removeSocket(const std::filesystem::path& dataDirectory);

}  // namespace auspex::engine
