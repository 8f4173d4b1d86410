// SPDX-License-Identifier: Apache-2.0
// The shell's end of the socket of a running `run`.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/ExitCode.h"
#include "engine/ResultCollector.h"
#include "engine/shell/FrameSocket.h"

namespace auspex::engine {

/// One connection to the run that holds a data directory. One thread.
class ShellClient {
 public:
  /// Null when no run listens there.
  static std::unique_ptr<ShellClient> attach(const std::filesystem::path& dataDirectory);

  ExitCode execute(std::string_view text, OutputFormat format, bool stopAtError);
  /// Sends a request; writes what comes to standard output and standard error until it is done.
  /// Ctrl-C asks the run to end it.
  ExitCode request(FrameKind kind, std::string_view payload);
  /// The run has ended; it was said.
  bool isLost() const { return socket_->isBroken(); }

 private:
  explicit ShellClient(std::unique_ptr<FrameSocket> socket) : socket_(std::move(socket)) {}

  std::unique_ptr<FrameSocket> socket_;
};

}  // namespace auspex::engine
