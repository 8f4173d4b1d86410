// SPDX-License-Identifier: Apache-2.0
#include "engine/Signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "engine/ExitCode.h"

namespace auspex::engine {
namespace {

std::atomic<int> interrupts{0};
std::atomic<bool> terminated{false};

void onInterrupt(int signal) {
  terminated = terminated.load() || signal == SIGTERM;
  if (interrupts.fetch_add(1) > 0) {
    // As safe as kill -9: everything that was committed is there, the rest is replayed.
    _exit(static_cast<int>(ExitCode::Interrupted));
  }
}

}  // namespace

void installSignalHandlers() {
  struct sigaction action {};
  action.sa_handler = onInterrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

bool isInterrupted() {
  return terminated.load() || interrupts.load() > 0;
}

bool isTerminated() {
  return terminated.load();
}

void clearInterrupt() {
  interrupts = 0;
}

}  // namespace auspex::engine
