// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/KillPoints.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace auspex::engine {
namespace {

/// What AUSPEX_KILL_POINT asks for; read once.
struct Wanted {
  std::string name;
  std::atomic<long> remaining{0};

  Wanted() {
    const char* const text = std::getenv("AUSPEX_KILL_POINT");
    if (text == nullptr) {
      return;
    }
    name = text;
    const size_t colon = name.rfind(':');
    remaining = colon == std::string::npos ? 1 : std::strtol(name.c_str() + colon + 1, nullptr, 10);
    name.resize(colon == std::string::npos ? name.size() : colon);
  }
};

}  // namespace

void passKillPoint(std::string_view name) {
  static Wanted wanted;
  if (wanted.name.empty() || wanted.name != name) {
    return;
  }
  if (wanted.remaining.fetch_sub(1) == 1) {
    kill(getpid(), SIGKILL);
  }
}

std::vector<std::string_view> killPointNames() {
  return {"commit.begin",     "commit.changelogWritten", "commit.offsetsSent",
          "commit.committed", "commit.stateApplied",     "commit.end",
          "sinkFile.written", "sinkFile.synced"};
}

}  // namespace auspex::engine
