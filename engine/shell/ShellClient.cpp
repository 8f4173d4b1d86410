// SPDX-License-Identifier: Apache-2.0
#include "engine/shell/ShellClient.h"

#include <cstdlib>
#include <iostream>

#include "engine/Signals.h"

namespace auspex::engine {
namespace {

constexpr int kRoundMillis = 50;

char letterOf(OutputFormat format) {
  return format == OutputFormat::Json ? 'j' : format == OutputFormat::Csv ? 'c' : 't';
}

}  // namespace

std::unique_ptr<ShellClient> ShellClient::attach(const std::filesystem::path& dataDirectory) {
  std::unique_ptr<FrameSocket> socket = FrameSocket::connectTo(dataDirectory);
  return socket ? std::unique_ptr<ShellClient>(new ShellClient(std::move(socket))) : nullptr;
}

ExitCode ShellClient::execute(std::string_view text, OutputFormat format, bool stopAtError) {
  std::string payload{letterOf(format), stopAtError ? '1' : '0'};
  payload += text;
  return request(FrameKind::Execute, payload);
}

ExitCode ShellClient::request(FrameKind kind, std::string_view payload) {
  clearInterrupt();
  if (payload.size() > kMaxFrameBytes) {
    std::cerr << "auspex: the text is too long to be sent at once\n";
    return ExitCode::WrongUsage;
  }
  socket_->send(kind, payload);
  bool cancelled = false;
  while (true) {
    if (isInterrupted() || (!cancelled && !std::cout)) {
      cancelled = true;
      socket_->send(FrameKind::Cancel, "");
      clearInterrupt();
    }
    const std::optional<Frame> frame = socket_->receive(kRoundMillis);
    if (!frame && socket_->isBroken()) {
      return ExitCode::Unavailable;
    }
    if (!frame) {
      continue;
    }
    if (frame->kind == FrameKind::Done) {
      return static_cast<ExitCode>(std::atoi(frame->payload.c_str()));
    }
    std::ostream& output = frame->kind == FrameKind::Output ? std::cout : std::cerr;
    output << frame->payload << std::flush;
  }
}

}  // namespace auspex::engine
